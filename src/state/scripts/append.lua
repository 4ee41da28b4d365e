-- KEYS[1] log   ARGV log ms, kind, target, milliseconds since the epoch or '' for now
-- The time that was logged. On a Cluster alone, where what ends is on another node.
local at = tonumber(ARGV[4]) or now()
append(KEYS[1], ARGV[1], ARGV[2], ARGV[3], at)
return string.format('%.0f', at)
