-- Replaces the controller's State, if it is still the one from which the new one was
-- computed.
--
-- KEYS  1 the state
-- ARGV  1 the old State, 2 the new one, 3 the least time between two slots, in
--       microseconds; 0: the limit alone decides
-- Returns {1} if it did, else {0}.
local s = redis.call('HMGET', KEYS[1], 'law', 'pause')
if not s[2] or (s[1] or '') ~= ARGV[1] then return {0} end -- without a beat nothing expires
redis.call('HSET', KEYS[1], 'law', ARGV[2], 'gap', ARGV[3])
return {1}
