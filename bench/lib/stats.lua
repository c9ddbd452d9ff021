--- Medians and spreads: machines are noisy, a mean says little.

local stats = {}

--- The middle value, and the quarters around it.
---@param samples number[]
---@return number median
---@return number low a quarter of the samples lies below
---@return number high a quarter lies above
function stats.median(samples)
  local sorted = table.move(samples, 1, #samples, 1, {})
  table.sort(sorted)
  local function at(share)
    local place = 1 + share * (#sorted - 1)
    local below = math.floor(place)
    local above = math.min(below + 1, #sorted)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
  end
  return at(0.5), at(0.25), at(0.75)
end

--- Two contestants measured in the same rounds: the median of the ratios, so that what slowed a
--- round down counts for both.
---@return number median
---@return number low
---@return number high
function stats.ratio(samples, base)
  local ratios = {}
  for round, value in ipairs(samples) do ratios[round] = value / base[round] end
  return stats.median(ratios)
end

return stats
