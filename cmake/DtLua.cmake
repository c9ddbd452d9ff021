# Which Lua the bindings are compiled for. The module only needs its headers: the host
# that loads it provides Lua's functions.

set(DT_LUA "5.4" CACHE STRING "Lua flavour: 5.5, 5.4, 5.3, 5.2, 5.1 or luajit")
set_property(CACHE DT_LUA PROPERTY STRINGS 5.5 5.4 5.3 5.2 5.1 luajit)
set(DT_LUA_INCLUDE_DIR "" CACHE PATH
  "Directory of lua.h; found with pkg-config for DT_LUA when empty")

if(NOT DT_LUA MATCHES "^(5\\.[1-5]|luajit)$")
  message(FATAL_ERROR "DT_LUA is \"${DT_LUA}\"; it must be 5.5, 5.4, 5.3, 5.2, 5.1 or luajit")
endif()

find_package(PkgConfig REQUIRED)

if(DT_LUA STREQUAL "luajit")
  set(DT_LUA_ABI "5.1")
  set(dt_lua_names luajit)
else()
  set(DT_LUA_ABI "${DT_LUA}")
  string(REPLACE "." "" dt_lua_short "${DT_LUA}")
  # Debian and others say lua5.4, Arch lua54, FreeBSD lua-5.4.
  set(dt_lua_names "lua${DT_LUA}" "lua-${DT_LUA}" "lua${dt_lua_short}")
endif()

add_library(dt_lua_headers INTERFACE)
add_library(DtLua::headers ALIAS dt_lua_headers)

if(DT_LUA_INCLUDE_DIR)
  target_include_directories(dt_lua_headers SYSTEM INTERFACE "${DT_LUA_INCLUDE_DIR}")
else()
  pkg_search_module(DT_LUA_PC IMPORTED_TARGET ${dt_lua_names})
  if(NOT DT_LUA_PC_FOUND)
    list(GET dt_lua_names 0 dt_lua_name)
    message(FATAL_ERROR
      "The headers of Lua flavour ${DT_LUA} were not found (pkg-config ${dt_lua_name}). "
      "Install its development package, or set DT_LUA_INCLUDE_DIR.")
  endif()
  target_include_directories(dt_lua_headers SYSTEM INTERFACE ${DT_LUA_PC_INCLUDE_DIRS})
endif()
