-- KEYS[1] family   ARGV marks
local family = read(KEYS[1])
if not family or isCutOff(family, ARGV[1]) then return false end
return family.value
