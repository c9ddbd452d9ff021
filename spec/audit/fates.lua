-- What becomes of requests, connections and links: drawn from the seed, by weight.
--
-- A request's fate:
--   at       when it is decided: "head" (its headers are there), "part" (half of its body), "read" (all of it)
--   work     seconds after which the work is done, or nil when it is not: also when the client has gone
--   answer   { status, body, pause = seconds before it is sent }, or nil
--   ending   without an answer: "stream" (HTTP/2: this request only; HTTP/1: the connection), "close", "reset",
--            "refuse" and "goaway" (HTTP/2: the request was not looked at), "hang" (nothing at all)
--   retire   after the answer the connection ends in good order: GOAWAY, Connection: close
local fates = {}

local function refusal(code) return ('{"code":"%s","requestid":"audit","message":"no"}'):format(code) end

local OK = { 200, "" }
local INVALID = { 400, refusal "invalidParameter" }
local PROCESSING = { 400, refusal "idempotencyProcessing" }
local BUSY = { 503, "" }
local HTML = { 200, "<html>not what you asked for</html>" }

local function answer(form, pause) return { form[1], form[2], pause = pause } end

-- weight, fate. No 429: a bulk run slows down at each (spec/chaos has them).
local requests = {
  { 60, { at = "read", work = 0, answer = OK } },
  { 6, { at = "read", work = 0.05, answer = answer(OK, 0.3) } },
  { 3, { at = "read", work = 0, answer = OK, retire = true } },
  { 4, { at = "read", work = 0, ending = "stream" } },
  { 4, { at = "read", ending = "stream" } },
  { 2, { at = "read", work = 0.2, ending = "stream" } },
  { 1, { at = "read", work = 0, ending = "hang" } },
  { 4, { at = "read", answer = INVALID } },
  { 2, { at = "read", answer = INVALID, retire = true } },
  { 2, { at = "read", answer = { 408, "" }, retire = true } },
  { 2, { at = "read", answer = BUSY } },
  { 2, { at = "read", work = 0, answer = BUSY } },
  { 2, { at = "read", work = 0.1, answer = { 500, refusal "systemError" } } },
  { 1, { at = "read", work = 0.1, answer = { 400, refusal "systemError" } } },
  { 2, { at = "read", work = 0, answer = HTML } },
  { 1, { at = "read", answer = HTML } },
  { 3, { at = "read", work = 0.3, answer = PROCESSING } },
  { 2, { at = "head", answer = INVALID } },
  { 1, { at = "part", answer = INVALID, retire = true } },
  { 2, { at = "head", answer = BUSY } },
  { 1, { at = "part", answer = answer(BUSY, 0.1) } },
  { 3, { at = "head", ending = "stream" } },
  { 2, { at = "part", ending = "stream" } },
  { 6, { at = "head", ending = "refuse" } },
  { 2, { at = "part", ending = "refuse" } },
  { 1, { at = "head", ending = "goaway" } },
  { 0.05, { at = "read", work = 0, ending = "close" } },
  { 0.05, { at = "read", work = 0, ending = "reset" } },
  { 0.05, { at = "read", ending = "reset" } },
  { 0.05, { at = "part", ending = "reset" } },
}

-- window: bytes of a stream's flow-control window; grant: seconds before what was read is granted again;
-- streams: at the same time; accept: what happens instead of a conversation.
local connections = {
  { 60, {} },
  { 8, { window = 1000 } },
  { 8, { window = 16384, grant = 0.02 } },
  { 8, { grant = 0.05 } },
  { 6, { streams = 10 } },
  { 2, { streams = 1 } },
  { 4, { accept = "reset" } },
  { 2, { accept = "close" } },
  { 1, { accept = "hang" } },
}

-- up, down: bytes that pass before the link breaks; rate: bytes a second; ending as above.
local links = {
  { 10, { rate = 1000000 } },
  { 10, { rate = 200000 } },
  { 4, { up = 900, ending = "reset" } },
  { 8, { up = 12000, ending = "reset", rate = 400000 } },
  { 8, { up = 40000, ending = "close", rate = 400000 } },
  { 12, { up = 90000, ending = "reset", rate = 200000 } },
  { 6, { up = 30000, ending = "hang", rate = 400000 } },
  { 8, { down = 4000, ending = "reset", rate = 400000 } },
  { 6, { down = 3000, ending = "hang", rate = 400000 } },
}

local CALM = { at = "read", work = 0, answer = OK }

local function total(rows)
  local sum = 0
  for _, row in ipairs(rows) do sum = sum + row[1] end
  return sum
end

local function draw(rows, random)
  local at = random:unit() * total(rows)
  for _, row in ipairs(rows) do
    at = at - row[1]
    if at < 0 then return row[2] end
  end
  return rows[1][2]
end

--- The fate of a request, a connection or a link; the calm one where there is no `random`.
function fates.request(random) return random and draw(requests, random) or CALM end

function fates.connection(random) return random and draw(connections, random) or {} end

--- Where a link breaks is drawn, too: at any byte up to that of its row.
function fates.link(random)
  if not random then return {} end
  local row = draw(links, random)
  local link = { rate = row.rate, ending = row.ending }
  for _, direction in ipairs { "up", "down" } do
    link[direction] = row[direction] and random:between(1, row[direction])
  end
  return link
end

return fates
