--- "did you mean …?" for a misspelt name.

local suggestion = {}

-- The number of edits between two short names, or more than 2.
local function distance(a, b)
  if math.abs(#a - #b) > 2 then return 3 end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + (same and 0 or 1))
    end
  end
  return row[#b]
end

--- "did you mean …?" for a misspelt name, or nil.
---@param name any
---@param known table the names as keys
---@return string?
function suggestion.did_you_mean(name, known)
  if type(name) ~= "string" or #name > 40 then return nil end
  local plain = name:lower():gsub("[_%-]", "")
  local best, best_distance = nil, 3
  for candidate in pairs(known) do
    local edits = distance(plain, (candidate:lower():gsub("_", "")))
    if edits < best_distance or (edits == best_distance and best and candidate < best) then
      best, best_distance = candidate, edits
    end
  end
  return best and ("did you mean %q?"):format(best)
end

return suggestion
