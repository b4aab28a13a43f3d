-- Stores what one process has measured and a pause, and returns what all have measured.
-- It computes nothing of that: package congestion does.
--
-- KEYS  1 the state, 2 the members: hashes; 3 the slots
-- ARGV  1 the caller's id, 2 "leave" when it leaves, 3 what it has measured,
--       4 how many answers it has had since its last beat,
--       5 for how long a 429 pauses all; 0: there was none; -1: the half-open probe was served,
--       6 the limit's window
--
-- Returns strings: the time, the end of the pause (0: none), the last 429 (0: none), the
-- answers of all so far, 1 if a pause made no sense and is discarded, the controller's
-- State, and for each process its id, since when its measurement stands, and that.
--
-- A member is "time measurement". The time stays there in all versions, so that a process
-- counts whose measurement cannot be read.
--
-- All times are in microseconds, by the clock of this server.
local state, members, id = KEYS[1], KEYS[2], ARGV[1]
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function int(x) return string.format('%.0f', x) end
local function num(x) -- 0 unless it is a number that makes sense
  x = tonumber(x or 0)
  return x and x >= 0 and x < 9e15 and x or 0
end

if ARGV[2] == 'leave' then
  redis.call('HDEL', members, id)
  return {}
end

redis.call('HSET', members, id, int(now) .. ' ' .. ARGV[3])
redis.call('PEXPIRE', members, 10000)
redis.call('PEXPIRE', KEYS[3], math.ceil(ARGV[6] / 1000) + 60000)

-- A 429 pauses all. After that one request goes first.
local s = redis.call('HMGET', state, 'pause', 'paused', 'trial', 'answers', 'law')
local pause, paused, probe, answers = num(s[1]), num(s[2]), num(s[3]), num(s[4]) + num(ARGV[4])
local wish, hour, wrong = math.min(tonumber(ARGV[5]), 3600000000), 3600000000, '0'
if now < paused then pause, paused, probe = 0, 0, 0 end -- by another clock
if pause > now + hour then pause, probe, wrong = 0, 0, '1' end
if wish > 0 then
  pause, paused, probe = math.max(pause, now + wish), now, 0
elseif pause > 0 and pause <= now and (wish < 0 or probe > 0 and probe <= now) then
  pause, probe = 0, 0 -- the one was served: a 429 would have come at once
end
redis.call('HSET', state, 'pause', int(pause), 'paused', int(paused), 'trial', int(probe), 'answers', int(answers))
redis.call('PEXPIRE', state, math.ceil(math.max(0, pause - now) / 1000) + 60000)
local law = s[5] or ''
if #law > 4096 then
  redis.call('HDEL', state, 'law')
  law = ''
end

local result = {int(now), int(pause), int(paused), int(answers), wrong, law}
local all = redis.call('HGETALL', members)
for i = 1, #all, 2 do
  local seen, measured = string.match(all[i + 1], '^(%d+) ?(.*)$')
  if not seen or math.abs(now - num(seen)) > 7000000 -- it has died, or by another clock
    or #all[i] > 64 or #measured > 256 or #result > 3000 then -- 1000 processes
    redis.call('HDEL', members, all[i])
  else
    result[#result + 1] = all[i]
    result[#result + 1] = int(num(seen))
    result[#result + 1] = measured
  end
end
return result
