rockspec_format = "3.0"
package = "dingtalk"
version = "dev-1"

source = {
  url = "git+https://github.com/lua-dingtalk/lua-dingtalk.git",
}

description = {
  summary = "Adds people to DingTalk calendar events",
  detailed = [[
    The same call from a plain script, nginx/OpenResty, an event loop or a game:
    it says exactly what happened, keeps its deadline and never blocks its host.
    Needs libcurl 7.88 or later and CMake 3.25 or later.

    Where lua-cjson comes from the system and not from LuaRocks:
    luarocks make --deps-mode=none
  ]],
  homepage = "https://github.com/lua-dingtalk/lua-dingtalk",
  issues_url = "https://github.com/lua-dingtalk/lua-dingtalk/issues",
  license = "MIT",
  labels = { "dingtalk", "calendar", "http", "nginx" },
}

dependencies = {
  "lua >= 5.1",
  "lua-cjson",
  "argparse", -- for the command
}

build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "RelWithDebInfo",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    DT_LUA_INCLUDE_DIR = "$(LUA_INCDIR)",
    DT_INSTALL_LUADIR = "$(LUADIR)",
    DT_INSTALL_CDIR = "$(LIBDIR)",
    DT_INSTALL_BINDIR = "$(BINDIR)",
    DT_TESTS = "OFF",
  },
}
