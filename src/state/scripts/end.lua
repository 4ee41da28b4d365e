-- KEYS[1] family   ARGV log, log ms, family id
-- How many were ended. On a Cluster the log is empty: there the caller has written it already.
if not delete(KEYS[1]) then return 0 end
if ARGV[1] ~= '' then append(ARGV[1], ARGV[2], 'family', ARGV[3], now()) end
return 1
