-- A family is one string, because a hash with a value beyond 64 bytes costs three times as much:
--   generation createdAt lastUsedAt idleExpiresAt expiresAt nonce client sub\n
--   facts
-- The last three times are milliseconds since createdAt, which is shorter; before it, where the clock was set back.
-- Nonce, client and sub are percent-encoded, so a space ends each and their keys need no decoding.
local function read(key)
  local value = redis.call('GET', key)
  if not value then return nil end
  local number = '(-?%d+) '
  local generation, createdAt, lastUsedAt, idleExpiresAt, expiresAt, nonce, client, sub, facts =
    value:match('^' .. number:rep(5) .. '([^ ]*) ([^ ]*) ([^\n]*)\n(.*)$')
  return {
    value = value,
    generation = tonumber(generation),
    createdAt = tonumber(createdAt),
    lastUsedAt = createdAt + lastUsedAt,
    idleExpiresAt = createdAt + idleExpiresAt,
    expiresAt = createdAt + expiresAt,
    nonce = nonce,
    client = client,
    sub = sub,
    facts = facts,
  }
end

local function write(key, family)
  family.value = string.format('%.0f %.0f %.0f %.0f %.0f %s %s %s\n', family.generation,
    family.createdAt, family.lastUsedAt - family.createdAt,
    family.idleExpiresAt - family.createdAt, family.expiresAt - family.createdAt,
    family.nonce, family.client, family.sub) .. family.facts
  return redis.call('SET', key, family.value, 'PXAT', string.format('%.0f', family.idleExpiresAt))
end

-- `marks` is what the names of cut-offs begin with. On a Cluster it is empty: there they may live on
-- another node, a script may not name keys of its own, and the caller looks at them itself.
local function isCutOff(family, marks)
  if marks == '' then return false end
  for _, target in ipairs({ 'everything', 'client:' .. family.client, 'user:' .. family.sub }) do
    local at = redis.call('GET', marks .. target)
    if at and tonumber(at) >= family.createdAt then return true end
  end
  return false
end
