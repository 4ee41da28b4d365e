-- Epoch, id of the last entry, number of entries.
local epoch = epochOf()
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return { epoch, last and last[1] or '0', redis.call('XLEN', KEYS[2]) }
