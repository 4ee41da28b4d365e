-- The log of revocations is a stream: one field, the kind, with "at target" as its value.
-- After a write a script is not stopped for want of memory, so what ends goes first and its entry follows.
local function append(log, retention, kind, target, at)
  redis.call('XADD', log, 'MINID', '~', string.format('%.0f', now() - retention), '*',
    kind, string.format('%.0f ', at) .. target)
  redis.call('PEXPIRE', log, retention)
end
