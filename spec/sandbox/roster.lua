-- The attendees of one event in the order they were added. Adding, removing and
-- turning a page do not depend on how many there are.
local roster = {}
local methods = {}
local mt = { __index = methods }

function roster.new()
  return setmetatable({ entries = {}, by_id = {}, count = 0, gone = 0, last = 0 }, mt)
end

function methods:find(id) return self.by_id[id] end

function methods:add(id, optional, status)
  self.last = self.last + 1
  local entry = { id = id, optional = optional or false, status = status or "needsAction", number = self.last }
  self.entries[#self.entries + 1] = entry
  self.by_id[id] = entry
  self.count = self.count + 1
end

-- Removed entries stay as gaps until there are more of them than people; numbers
-- never change, so a page token stays good.
local function close_gaps(self)
  local kept = {}
  for _, entry in ipairs(self.entries) do
    if not entry.gone then kept[#kept + 1] = entry end
  end
  self.entries, self.gone = kept, 0
end

---@return boolean removed
function methods:remove(id)
  local entry = self.by_id[id]
  if not entry then return false end
  entry.gone = true
  self.by_id[id] = nil
  self.count = self.count - 1
  self.gone = self.gone + 1
  if self.gone > 1000 and self.gone > self.count then close_gaps(self) end
  return true
end

local function first_after(entries, number)
  local low, high = 1, #entries + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entries[middle].number > number then high = middle else low = middle + 1 end
  end
  return low
end

---@param after integer number of the last entry of the page before, 0 for the first page
---@param size integer
---@return table[] page, integer|nil next what to pass as `after`; nil on the last page
function methods:page(after, size)
  local page = {}
  for i = first_after(self.entries, after), #self.entries do
    local entry = self.entries[i]
    if not entry.gone then
      if #page == size then return page, page[size].number end
      page[#page + 1] = entry
    end
  end
  return page, nil
end

return roster
