include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(DT_WARNINGS
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2
  -Wundef -Wvla)

if(DT_SANITIZE)
  set(DT_SANITIZE_FLAGS "-fsanitize=${DT_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()

# Calls into Lua go through the address itself instead of a stub in the procedure linkage table: to
# encode an attendee takes ten of them.
check_c_compiler_flag(-fno-plt DT_HAS_NO_PLT)
if(DT_HAS_NO_PLT)
  set(DT_CALLS -fno-plt)
endif()

set(DT_POLLER "" CACHE STRING
  "How to wait: empty for what the system has, poll, or kqueue (on Linux an imitation, for tests)")
set_property(CACHE DT_POLLER PROPERTY STRINGS "" poll kqueue)
if(NOT DT_POLLER MATCHES "^(poll|kqueue)?$")
  message(FATAL_ERROR "DT_POLLER is \"${DT_POLLER}\"; it must be empty, poll or kqueue")
endif()
string(TOUPPER "${DT_POLLER}" dt_poller_upper)

if(DT_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "DT_FUZZ needs clang: libFuzzer is part of it (preset \"fuzz\").")
  endif()
  set(DT_FUZZ_FLAGS -fsanitize=fuzzer-no-link)
endif()

# FORTIFY needs an optimizer and hides from a sanitizer what that would report.
if(NOT DT_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(DT_HARDENING -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

function(dt_compile_options target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON)
  # With extensions off the systems show ISO C only; the core needs POSIX and calls of Linux and the BSDs.
  target_compile_definitions(${target} PRIVATE
    _GNU_SOURCE _NETBSD_SOURCE _FILE_OFFSET_BITS=64
    $<$<BOOL:${DT_POLLER}>:DT_POLLER_USE_${dt_poller_upper}>)
  if(DT_POLLER STREQUAL "kqueue" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/spec/c/kqueue")
  endif()
  target_compile_options(${target} PRIVATE
    ${DT_WARNINGS} ${DT_CALLS} ${DT_HARDENING} ${DT_SANITIZE_FLAGS} ${DT_FUZZ_FLAGS}
    $<$<BOOL:${DT_WERROR}>:-Werror>)
  if(DT_SANITIZE)
    target_link_options(${target} PUBLIC "-fsanitize=${DT_SANITIZE}")
  endif()
endfunction()

function(dt_link_as_lua_module target)
  # nodelete: Lua 5.1 unloads modules when a state is closed, but libcurl's global state and the
  # waker's thread may outlive the state. relro and now: addresses of functions are read-only once
  # the module is loaded.
  foreach(flag IN ITEMS -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now)
    string(MAKE_C_IDENTIFIER "DT_HAS${flag}" known)
    check_linker_flag(C "${flag}" ${known})
    if(${known})
      target_link_options(${target} PRIVATE "${flag}")
    endif()
  endforeach()
  if(APPLE)
    target_link_options(${target} PRIVATE -Wl,-undefined,dynamic_lookup)
  endif()
endfunction()
