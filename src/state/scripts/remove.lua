-- KEYS[1] record
delete(KEYS[1])
