-- Gives back a slot that was reserved and will not be used.
--
-- KEYS  1 the slots, 2 the state
-- ARGV  1 the slot's time, 2 how late it might have been used
local slot = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('LINDEX', KEYS[1], 0) == slot then
  redis.call('LPOP', KEYS[1])
elseif redis.call('HMGET', KEYS[2], 'pause')[1] then -- without a beat nothing expires
  redis.call('HSET', KEYS[2], 'hole', slot)
end
return {}
