-- Milliseconds since the epoch by this server's clock, the only clock that decides about lifetimes.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
