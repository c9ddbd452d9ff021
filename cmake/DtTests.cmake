# C tests (label "c"), fuzz targets, and the busted specs of this flavour (label "lua").

file(GLOB dt_test_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/c/test_*.c")
file(GLOB dt_fuzz_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/c/fuzz_*.c")

# A program named *_ldt_* runs a Lua state; any other must link without Lua,
# which is how the core is kept free of it.
function(dt_add_c_program name file)
  add_executable(${name} "${file}")
  dt_compile_options(${name})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/spec/c")
  target_compile_definitions(${name} PRIVATE "DT_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  if(name STREQUAL "test_poller_kqueue" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/spec/c/kqueue")
  endif()
  # assert() is how the C tests check.
  target_compile_options(${name} PRIVATE -UNDEBUG)
  if(name MATCHES "_ldt_")
    if(NOT TARGET PkgConfig::DT_LUA_PC)
      message(FATAL_ERROR "${name} needs a Lua library found by pkg-config")
    endif()
    target_link_libraries(${name} PRIVATE dingtalk_core_static PkgConfig::DT_LUA_PC ${CMAKE_DL_LIBS})
    target_link_options(${name} PRIVATE -rdynamic)
  else()
    target_link_libraries(${name} PRIVATE dt)
  endif()
endfunction()

if(DT_FUZZ)
  foreach(file IN LISTS dt_fuzz_files)
    get_filename_component(name "${file}" NAME_WE)
    dt_add_c_program(${name} "${file}")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/fuzz")
  endforeach()
  return()
endif()

foreach(file IN LISTS dt_test_files)
  get_filename_component(name "${file}" NAME_WE)
  dt_add_c_program(${name} "${file}")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS c TIMEOUT 120)
endforeach()

# Preloaded, it makes libcurl look like other versions: see spec/hostile/libcurl_spec.lua.
add_library(lying_curl MODULE "${PROJECT_SOURCE_DIR}/spec/c/lying_curl.c")
dt_compile_options(lying_curl)
set_target_properties(lying_curl PROPERTIES PREFIX "" C_VISIBILITY_PRESET default)
target_link_libraries(lying_curl PRIVATE PkgConfig::CURL ${CMAKE_DL_LIBS})

# Forks, threads and signals for spec/hostile/process_spec.lua.
if(TARGET PkgConfig::DT_LUA_PC)
  dt_add_c_program(process_ldt_host "${PROJECT_SOURCE_DIR}/spec/c/process_ldt_host.c")
endif()

# Label "torture": drives a second Lua state whose allocations fail; see spec/c/alloc_torture.lua.
if(DT_LUA STREQUAL "5.4" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  dt_add_c_program(alloc_ldt_torture "${PROJECT_SOURCE_DIR}/spec/c/alloc_ldt_torture.c")
  foreach(name IN ITEMS malloc calloc realloc strdup free)
    target_link_options(alloc_ldt_torture PRIVATE "-Wl,--wrap=${name}")
  endforeach()
  add_test(NAME alloc_torture COMMAND alloc_ldt_torture spec/c/alloc_torture.lua
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(alloc_torture PROPERTIES LABELS torture TIMEOUT 900)
endif()

# A sanitizer's runtime has to be in the program, not only in the module: such
# builds bring an interpreter of their own.
if(DT_SANITIZE)
  add_executable(dt_host cmake/host.c)
  dt_compile_options(dt_host)
  target_link_libraries(dt_host PRIVATE PkgConfig::DT_LUA_PC)
  set_target_properties(dt_host PROPERTIES
    OUTPUT_NAME lua
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")
  set(DT_LUA_INTERPRETER "${CMAKE_CURRENT_BINARY_DIR}/bin/lua")
elseif(DT_LUA STREQUAL "luajit")
  find_program(DT_LUA_INTERPRETER NAMES luajit)
else()
  find_program(DT_LUA_INTERPRETER NAMES ${dt_lua_names})
endif()
find_program(DT_BUSTED busted)

if(DT_LUA_INTERPRETER AND DT_BUSTED)
  # Not as the property ENVIRONMENT: it is a list, and Lua's paths are full of semicolons.
  add_test(NAME specs
    COMMAND "${CMAKE_COMMAND}" -E env
      "LUA_PATH=${PROJECT_SOURCE_DIR}/lua/?.lua;;"
      "LUA_CPATH=${CMAKE_CURRENT_BINARY_DIR}/lib/?.so;;"
      "${DT_BUSTED}" "--lua=${DT_LUA_INTERPRETER}" --output=tools/tap.lua
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(specs PROPERTIES LABELS lua TIMEOUT 1800)
else()
  # A test that says why it did not run; without it ctest would pass in silence.
  add_test(NAME specs COMMAND "${CMAKE_COMMAND}" -E echo
    "SKIPPED: busted and an interpreter for Lua ${DT_LUA} are needed")
  set_tests_properties(specs PROPERTIES LABELS lua SKIP_REGULAR_EXPRESSION "^SKIPPED:")
endif()
