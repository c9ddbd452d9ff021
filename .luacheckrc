-- The same files run on Lua 5.1 to 5.4 and on LuaJIT.
std = "min"
max_line_length = 120
self = false
max_string_line_length = false
include_files = {
  "lua/**/*.lua", "spec/**/*.lua", "bench/**/*.lua", "examples/**/*.lua", "tools/**/*.lua",
  "bin/*", "*.rockspec", ".luacheckrc", ".busted",
}
exclude_files = { "build", "**/node_modules" }

-- What only some Luas have is looked for before it is used.
read_globals = {
  "jit", "setfenv", "getfenv", "loadstring", "unpack", "utf8", "bit32",
  coroutine = { fields = { "close", "isyieldable" } },
  math = { fields = { "tointeger", "type", "ult" } },
  table = { fields = { "unpack", "pack", "move", "new", "clear" } },
}

files["*.rockspec"].std = "rockspec"
files[".luacheckrc"].std = "luacheckrc"
files["spec/**/*_spec.lua"].std = "+busted"
files["spec/support"].std = "+busted"
files["lua/dingtalk/loops/nginx.lua"].read_globals = { "ngx" }
-- The fault server is a program of its own, always run by Lua 5.4.
files["spec/faults"].std = "lua54"
files["spec/audit/http2.lua"].std = "lua54" -- a part of it
files["spec/sandbox"].std = "+ngx_lua"
files["examples/nginx"].std = "+ngx_lua"
files["bench/nginx"].std = "+ngx_lua"

-- Tables of data: a row reads best on one line, however long.
files["lua/dingtalk/codes.lua"].max_line_length = false
-- Declarations for LuaLS: nothing of them runs.
files["lua/dingtalk/types.lua"] = { max_line_length = false, ignore = { "211", "212", "241" } }
files["lua/dingtalk/types"] = { max_line_length = false, ignore = { "211", "212", "241" } }
-- The command line is a program of its own, always run by Lua 5.4.
files["lua/dingtalk/cli"].std = "lua54"
files["bin"].std = "lua54"
files["spec/faults/rows"].max_line_length = false
files["spec/vectors"].max_line_length = false
files["spec/**/*_vectors.lua"].max_line_length = false
