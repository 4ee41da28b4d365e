-- KEYS[1] family   ARGV marks, presented generation, grace ms, idle ms, nonce, log, log ms, family id
local family = read(KEYS[1])
if not family or isCutOff(family, ARGV[1]) then return { 'gone' } end

local presented, grace, idle, nonce = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local at = now()

if presented == family.generation then
  family.generation = presented + 1
  family.lastUsedAt = at
  family.idleExpiresAt = math.min(at + idle, family.expiresAt)
  family.nonce = nonce
  write(KEYS[1], family)
  return { 'rotated', family.value }
end

-- Generation 0 was never handed out, so the first generation has no parent.
if presented == family.generation - 1 and presented > 0 then
  local again = nonce == family.nonce
  -- The current generation is unused, or it would not be current. A rotation from the future is a
  -- clock that was set back since: nobody knows how long ago it was, and none is no grace.
  if again or math.abs(at - family.lastUsedAt) < grace then
    -- A write that changes nothing, for WAIT to wait for the rotation, whichever connection it came over (delete.lua).
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', family.idleExpiresAt))
    return { again and 'rotated' or 'retried', family.value }
  end
end

-- RFC 9700 section 4.14.2: one of the two who present it stole it. A generation from the future is a
-- store that lost writes, and which holder is the thief cannot be told then either.
-- On a Cluster the caller ends it, for its log is on another node and comes first.
if ARGV[6] ~= '' then
  redis.call('DEL', KEYS[1])
  append(ARGV[6], ARGV[7], 'family', ARGV[8], at)
end
return { 'reused' }
