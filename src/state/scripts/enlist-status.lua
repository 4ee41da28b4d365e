-- KEYS[1] serials of a family or a user, scored by the time of issue
-- ARGV how long to keep them in ms, serial, client, since when the login lives or '' for now
local at = now()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', at - tonumber(ARGV[1])))
local since = ARGV[4] == '' and string.format('%.0f', at) or ARGV[4]
redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. since)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
