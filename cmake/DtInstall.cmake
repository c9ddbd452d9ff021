# LuaRocks passes its own directories; everyone else gets the usual tree below the prefix.
set(DT_INSTALL_LUADIR "${CMAKE_INSTALL_DATADIR}/lua/${DT_LUA_ABI}" CACHE STRING
  "Where the Lua files go (below it: dingtalk/)")
set(DT_INSTALL_CDIR "${CMAKE_INSTALL_LIBDIR}/lua/${DT_LUA_ABI}" CACHE STRING
  "Where the C module goes (below it: dingtalk/core.so)")
set(DT_INSTALL_BINDIR "${CMAKE_INSTALL_BINDIR}" CACHE STRING
  "Where the command-line tool goes")

install(TARGETS dingtalk_core
  LIBRARY DESTINATION "${DT_INSTALL_CDIR}/dingtalk" COMPONENT module)
install(DIRECTORY lua/dingtalk DESTINATION "${DT_INSTALL_LUADIR}" COMPONENT module
  FILES_MATCHING PATTERN "*.lua")

# The command runs on Lua 5.4, with the module for it.
if(DT_LUA STREQUAL "5.4")
  install(PROGRAMS bin/dingtalk-calendar DESTINATION "${DT_INSTALL_BINDIR}" COMPONENT tool)
endif()

if(DT_INSTALL_STATIC)
  set_target_properties(dingtalk_core_static PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS dingtalk_core_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT static)
  configure_file(cmake/dingtalk_core.pc.in dingtalk_core.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/dingtalk_core.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT static)
endif()
