-- The epoch with its time.
local _, epoch = epochOf()
return epoch
