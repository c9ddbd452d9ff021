-- The staff of the organisation, and the calls that look people up.
local answers = require "sandbox.answers"
local json = require "sandbox.json"
local settings = require("sandbox.settings").values
local tokens = require "sandbox.tokens"

local contacts = {}

local EXAMPLES = {
  { userid = "manager", unionid = "U5KPwll3QjgiG", mobile = "13800000001", name = "Manager" },
  { userid = "zhangsan", unionid = "iiiP35sJadba8aBSgjrwPRKgiEiF", mobile = "13800000002", name = "张三" },
  { userid = "lisi", unionid = "iiLisi0k2vQyV8aBSgjrwPRKgiEiE", mobile = "13800000003", name = "李四" },
  { userid = "wangwu", unionid = "iiWangwu7m3xT8aBSgjrwPRKgiEiE", mobile = "13800000004", name = "王五" },
}

local by_userid, by_mobile, by_unionid

---@param user table userid, unionid, mobile (or nil), name (or nil)
function contacts.put(user)
  by_userid[user.userid] = user
  if user.mobile then by_mobile[user.mobile] = user end
  by_unionid[user.unionid] = user
end

function contacts.reset()
  by_userid, by_mobile, by_unionid = {}, {}, {}
  for _, user in ipairs(EXAMPLES) do contacts.put(user) end
end

function contacts.display_name(unionid)
  local user = by_unionid[unionid]
  return user and (user.name or user.userid) or unionid
end

-- staff1 to staffN exist without being stored, for journeys with thousands of people.
local function numbered(number)
  number = tonumber(number)
  if not number or number < 1 or number > settings.staff_count then return nil end
  return { userid = "staff" .. number, unionid = ("iiStaff%dSgjrwPRKgiEiE"):format(number),
    mobile = ("139%08d"):format(number), name = "Staff " .. number }
end

local function find_userid(userid)
  return by_userid[userid] or numbered(userid:match("^staff([1-9]%d*)$"))
end

---Whether a text is the id of a member of staff and no unionId.
---@return boolean
function contacts.is_staff_id(text)
  return by_unionid[text] == nil and find_userid(text) ~= nil
end

local function find_mobile(mobile)
  return by_mobile[mobile] or numbered(mobile:match("^139(%d%d%d%d%d%d%d%d)$"))
end

-- The older API always answers 200; errcode says what went wrong.
local function old_answer(ctx, errcode, errmsg, more)
  local body = more or {}
  body.errcode = settings.errcode_as_string and tostring(errcode) or errcode
  body.errmsg = errmsg
  body.request_id = ctx.request_id:gsub("-", ""):lower():sub(1, 12)
  return answers.json(body)
end

local function old_refused(ctx)
  if tokens.find(ctx.query.access_token) then return nil end
  return old_answer(ctx, 88, "ding talk error[subcode=40014,submsg=不合法的access_token]",
    { sub_code = "40014", sub_msg = "不合法的access_token" })
end

-- A parameter of a call with a good token; or nil and the answer that refuses it.
local function old_parameter(ctx, name)
  local refused = old_refused(ctx)
  if refused then return nil, refused end
  local body = json.decode(ctx.body)
  local value = type(body) == "table" and body[name]
  if type(value) == "string" and value ~= "" then return value end
  return nil, old_answer(ctx, 40035, "不合法的参数: " .. name)
end

local function unknown_user(ctx)
  return old_answer(ctx, settings.unknown_user_errcode, "找不到该用户")
end

function contacts.user_get(ctx)
  local userid, refused = old_parameter(ctx, "userid")
  if not userid then return refused end
  local user = find_userid(userid)
  if not user then return unknown_user(ctx) end
  return old_answer(ctx, 0, "ok", { result = {
    userid = user.userid, unionid = user.unionid, mobile = user.mobile, name = user.name or user.userid, active = true,
  } })
end

function contacts.user_getbymobile(ctx)
  local mobile, refused = old_parameter(ctx, "mobile")
  if not mobile then return refused end
  local user = find_mobile(mobile)
  if not user then return unknown_user(ctx) end
  return old_answer(ctx, 0, "ok", { result = { userid = user.userid } })
end

---Only a user token says who "me" is.
function contacts.me(ctx)
  local unionid = ctx.session.union_id
  if not unionid then
    return answers.error(ctx, "Forbidden.AccessDenied.AccessTokenPermissionDenied", nil,
      '"accessdenieddetail":{"requiredScopes":["Contact.User.Read"]}')
  end
  local user = by_unionid[unionid]
  return answers.json { nick = contacts.display_name(unionid), unionId = unionid, openId = "open" .. unionid,
    mobile = user and user.mobile }
end

contacts.reset()

return contacts
