include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(DT_WARNINGS
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2
  -Wundef -Wvla)

if(DT_SANITIZE)
  set(DT_SANITIZE_FLAGS "-fsanitize=${DT_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()

# A call into Lua goes straight to its address, not by a stub that jumps there: encoding an attendee
# takes ten of them. What the stubs are for, binding at the first call, -z now has no use for.
check_c_compiler_flag(-fno-plt DT_HAS_NO_PLT)
if(DT_HAS_NO_PLT)
  set(DT_CALLS -fno-plt)
endif()

set(DT_POLLER "" CACHE STRING
  "\"poll\": the portable poller, even where the system has a better one")
set_property(CACHE DT_POLLER PROPERTY STRINGS "" poll)

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
    $<$<STREQUAL:${DT_POLLER},poll>:DT_POLLER_USE_POLL>)
  target_compile_options(${target} PRIVATE
    ${DT_WARNINGS} ${DT_CALLS} ${DT_HARDENING} ${DT_SANITIZE_FLAGS} ${DT_FUZZ_FLAGS}
    $<$<BOOL:${DT_WERROR}>:-Werror>)
  if(DT_SANITIZE)
    target_link_options(${target} PUBLIC "-fsanitize=${DT_SANITIZE}")
  endif()
endfunction()

function(dt_link_as_lua_module target)
  # Lua 5.1 unloads modules when a state closes, but libcurl's global state and
  # our helper thread outlive the state: the code must stay mapped.
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
