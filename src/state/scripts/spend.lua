-- KEYS [origins of an account] budgets
-- ARGV number of origins, their names, and of each budget: limit, window, first and longest delay (ms), tries in all
-- The budgets of the origins come first: that of one which is known stands for all others.
-- Position of the known origin or 0, and, of a budget that was exhausted, position and wait in ms.
local origins = tonumber(ARGV[1])
local before = origins > 0 and 1 or 0
local known, asked = 0, {}

if origins > 0 then
  local present = {}
  local from = string.format('(%.0f', now())
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], from, '+inf', 'BYSCORE')) do
    present[name] = true
  end
  for i = origins, 1, -1 do
    if present[ARGV[1 + i]] then known = i end
  end
end

local function budget(i)
  local at = 1 + origins + 5 * (i - 1)
  return {
    position = i,
    key = KEYS[before + i],
    limit = tonumber(ARGV[at + 1]),
    window = tonumber(ARGV[at + 2]),
    first = tonumber(ARGV[at + 3]),
    longest = tonumber(ARGV[at + 4]),
    most = tonumber(ARGV[at + 5]),
  }
end

if known > 0 then
  asked[1] = budget(known)
else
  for i = origins + 1, #KEYS - before do asked[#asked + 1] = budget(i) end
end

for _, each in ipairs(asked) do
  local spent = tonumber(redis.call('GET', each.key) or '0')
  if spent >= each.limit then
    local left = redis.call('PTTL', each.key)
    if left < 0 then left = each.window end
    -- In its last millisecond a budget is still spent: counted upon it, a try would be forgotten with it.
    left = math.max(1, left)
    local wait = left
    if spent < each.most then
      local delay = math.min(each.longest, each.first * 2 ^ (spent - each.limit))
      wait = delay - (each.window - left)
    end
    if wait > 0 then return { known, each.position, math.ceil(wait) } end
  end
end

for _, each in ipairs(asked) do
  local spent = redis.call('INCR', each.key)
  if spent == 1 or each.most > each.limit then redis.call('PEXPIRE', each.key, each.window) end
end
return { known }
