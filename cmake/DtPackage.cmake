# tools/deb makes Debian packages with cpack: of flavour 5.4 for plain Lua, of luajit for nginx and
# OpenResty.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME "lua-dingtalk-${DT_LUA}")
set(CPACK_PACKAGE_VENDOR "lua-dingtalk contributors")
set(CPACK_PACKAGE_CONTACT "lua-dingtalk contributors <lua-dingtalk@users.noreply.github.com>")
if(DT_LUA STREQUAL "luajit")
  set(dt_package_for "LuaJIT and nginx")
else()
  set(dt_package_for "Lua ${DT_LUA}")
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION} (${dt_package_for})")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_PACKAGE_NAME}"
  RENAME copyright COMPONENT copyright EXCLUDE_FROM_ALL)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
# Both packages can be installed on one machine, so only one of them may own the command.
if(DT_LUA STREQUAL "5.4")
  set(CPACK_COMPONENTS_ALL module copyright tool)
else()
  set(CPACK_COMPONENTS_ALL module copyright)
endif()

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION interpreters)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_SOURCE_DIR}/cmake/DtPackageCheck.cmake")
# The host provides Lua's symbols, so core.so depends on no Lua library. libcurl's symbols do not
# tell which options we use, hence the version.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "lua-cjson, ca-certificates, libcurl4 (>= ${DT_CURL_MINIMUM})")
if(DT_LUA STREQUAL "luajit")
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libnginx-mod-http-lua, luajit2 | luajit")
  set(CPACK_DEBIAN_PACKAGE_CONFLICTS "lua-dingtalk-5.1") # the same files
elseif(DT_LUA STREQUAL "5.4")
  # For the command. apt installs what is recommended, unless told otherwise.
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "lua5.4, lua-argparse")
else()
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "lua${DT_LUA}")
endif()

include(CPack)
