-- KEYS[1] count   ARGV how many more, how long to keep it in ms
redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
