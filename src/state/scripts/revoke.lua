-- KEYS[1] revoked   ARGV remaining life ms, log, log ms, jti
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
if ARGV[2] ~= '' then append(ARGV[2], ARGV[3], 'token', ARGV[4], now()) end
