-- Reserves the next slot of the tenant for one process. One call, one round trip.
--
-- KEYS  1 the slots, newest first, each "time late": it is used at that time, or
--         up to so much later; 2n to 3n of them
--       2 the state, a hash
-- ARGV  1 n, of 2 a window, 3 how late the caller may use its slot,
--       4 the last slot that it has had, 5 the last fill that it knows of,
--       6 whether it wants one: the clock was set, or it went on without us,
--       7 how far ahead the slots may be that the others hold
-- Returns what (0 a slot, 1 paused, 2 somebody tries whether the pause is over),
-- in what time that is, the time, the last fill, and 1 if the caller is to try.
--
-- All times are in microseconds, by the clock of this server. It is short of
-- calls on purpose: each one costs as much as all the rest.
local slots, state = KEYS[1], KEYS[2]
local n, window, late = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last, known, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local ahead = tonumber(ARGV[7])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local s = redis.call('HMGET', state, 'pause', 'trial', 'gap', 'filled', 'hole', 'paused')
local function num(x) return tonumber(x or 0) or 0 end
local pause, trial, gap, filled = num(s[1]), num(s[2]), num(s[3]), num(s[4])

if now - pause > 10000000 and trial == 0 or now < num(s[6]) then
  pause, trial = 0, 0 -- long ago, so that nobody needs to try; or by another clock
end
if pause > now then
  return {1, pause - now, now, filled, 0}
end
if trial > now then
  return {2, math.min(trial - now, 50000), now, filled, 0}
end

local function split(slot) -- a time has 16 digits until 2286
  return tonumber(string.sub(slot, 1, 16)), tonumber(string.sub(slot, 18))
end
local newest, oldest = 0, nil
local first = redis.call('LINDEX', slots, 0)
if first then
  newest = tonumber(string.sub(first, 1, 16))
  oldest = redis.call('LINDEX', slots, n - 1)
end

-- Slots were given that are not here: the state was lost, or is that of a replica
-- that came to power too early. Then, or if it is wanted, all is taken for full, as
-- far ahead as somebody may have a slot. If another one has had it done that must
-- do: what it has got since is here.
if (wanted or last > newest and now - last < 60000000) and (filled == known or filled == 0) then
  local full = {}
  for i = 1, n do full[i] = string.format('%.0f %.0f', now + ahead, late) end
  redis.call('DEL', slots)
  redis.call('RPUSH', slots, unpack(full))
  redis.call('PEXPIRE', slots, 60000)
  redis.call('HDEL', state, 'hole')
  filled = now
  redis.call('HSET', state, 'filled', string.format('%.0f', now))
  redis.call('PEXPIRE', state, math.ceil(math.max(0, pause - now) / 1000) + 60000)
  newest, oldest = now + ahead, full[1]
end

local at = now
if oldest then
  local o, l = split(oldest)
  at = math.max(at, o + l + window)
end
if gap > 0 then
  at = math.max(at, newest + gap)
elseif newest > now then
  at = math.max(at, newest + window / n) -- several wait: not all of them in one burst
end
at = math.max(math.ceil(at), newest + 1)

local free = s[5]
if free then
  local h, l = split(free)
  if h < now or (h < at and l >= late) then
    redis.call('HDEL', state, 'hole')
  end
  if h >= now and h < at and l >= late then
    return {0, h - now, now, filled, 0}
  end
end

local keep = math.ceil((at - now) / 1000) + 60000
local length = redis.call('LPUSH', slots, string.format('%.0f %.0f', at, late))
if length > 3 * n then redis.call('LTRIM', slots, 0, 2 * n - 1) end
if length == 1 then redis.call('PEXPIRE', slots, keep) end -- later each beat does
if pause > 0 then
  redis.call('HSET', state, 'trial', string.format('%.0f', at + 700000))
  redis.call('PEXPIRE', state, keep)
  return {0, at - now, now, filled, 1}
end
return {0, at - now, now, filled, 0}
