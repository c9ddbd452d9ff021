# LuaRocks sets these to its own directories. The defaults are the usual ones below the prefix.
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

# The command is written for Lua 5.4 and names its interpreter. Other flavours get a copy that names
# theirs, as far as its code runs there; where it does not, none is installed.
set(DT_HAS_COMMAND OFF)
if(DT_LUA MATCHES "^5\\.[45]$")
  set(DT_HAS_COMMAND ON)
  file(READ bin/dingtalk-calendar dt_command)
  string(REPLACE "5.4" "${DT_LUA}" dt_command "${dt_command}")
  file(CONFIGURE OUTPUT bin/dingtalk-calendar CONTENT "${dt_command}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS bin/dingtalk-calendar)
  install(PROGRAMS "${CMAKE_CURRENT_BINARY_DIR}/bin/dingtalk-calendar"
    DESTINATION "${DT_INSTALL_BINDIR}" COMPONENT tool)
endif()

if(DT_INSTALL_STATIC)
  set_target_properties(dingtalk_core_static PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS dingtalk_core_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT static)
  install(FILES csrc/dingtalk_core.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT static)
  # Below the prefix that is given when it is installed.
  file(RELATIVE_PATH dt_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  configure_file(cmake/dingtalk_core.pc.in dingtalk_core.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/dingtalk_core.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT static)
endif()

# What shells and man(1) know of the command.
if(DT_HAS_COMMAND)
  install(DIRECTORY share/ DESTINATION "${CMAKE_INSTALL_DATADIR}" COMPONENT tool)
  # Debian's zsh looks elsewhere below /usr.
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    install(FILES share/zsh/site-functions/_dingtalk-calendar
      DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT tool)
  endif()
endif()
