-- Stores what one process has measured and a pause, and returns what all have measured.
-- It computes nothing of that: package congestion does.
--
-- KEYS  1 the state, 2 the members: hashes; 3 the slots
-- ARGV  1 the caller's id, 2 "leave" when it leaves, 3 what it has measured,
--       4 how many answers it has had since its last beat,
--       5 for how long a 429 pauses all; 0: there was none; -1: the half-open probe was served
--
-- Returns strings: the time, the end of the pause (0: none), the last 429 (0: none), the
-- answers of all so far, the controller's State, and for each process its id, since when
-- its measurement stands, and that.
--
-- All times are in microseconds, by the clock of this server.
local state, members, id = KEYS[1], KEYS[2], ARGV[1]
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function int(x) return string.format('%.0f', x) end
local function num(x) return tonumber(x or 0) or 0 end

if ARGV[2] == 'leave' then
  redis.call('HDEL', members, id)
  return {}
end

redis.call('HSET', members, id, int(now) .. ' ' .. ARGV[3])
redis.call('PEXPIRE', members, 10000)
redis.call('PEXPIRE', KEYS[3], 60000)

-- A 429 pauses all. After that one request goes first.
local s = redis.call('HMGET', state, 'pause', 'paused', 'trial', 'answers', 'law')
local pause, paused, trial, answers = num(s[1]), num(s[2]), num(s[3]), num(s[4]) + num(ARGV[4])
local wish = num(ARGV[5])
if now < paused then pause, paused, trial = 0, 0, 0 end -- by another clock
if wish > 0 then
  pause, paused, trial = math.max(pause, now + wish), now, 0
elseif pause > 0 and pause <= now and (wish < 0 or trial > 0 and trial <= now) then
  pause, trial = 0, 0 -- the one was served: a 429 would have come at once
end
redis.call('HSET', state, 'pause', int(pause), 'paused', int(paused), 'trial', int(trial), 'answers', int(answers))
redis.call('PEXPIRE', state, math.ceil(math.max(0, pause - now) / 1000) + 60000)

local result = {int(now), int(pause), int(paused), int(answers), s[5] or ''}
local all = redis.call('HGETALL', members)
for i = 1, #all, 2 do
  local seen, measured = string.match(all[i + 1], '^(%d+) (.*)$')
  if not seen or math.abs(now - num(seen)) > 7000000 then -- it has died, or by another clock
    redis.call('HDEL', members, all[i])
  else
    result[#result + 1] = all[i]
    result[#result + 1] = seen
    result[#result + 1] = measured
  end
end
return result
