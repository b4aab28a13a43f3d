-- Tells what one process has seen and returns what all of them have; steers how
-- many requests of all together are in flight, and so their rate.
--
-- KEYS  1 the state, 2 the members: hashes; 3 the slots
-- ARGV  1 the caller's id, 2 "leave" when it does
--       3 n, of 4 a window
--       5 the delay that the server adds, as it has measured it;
--       6 the weight of that: 1 / variance, in 1/s²; 0 if it knows nothing
--       7 the mean of what requests take without that delay
--       8 how many of its requests are in flight
--       9 how many answers it got since its last beat, 10 how many calls wait
--       11 for how long a 429 pauses all; 0: there was none; -1: the trial was served
--
-- Returns the time, how many processes there are and how many of them have a
-- smaller id, the end of the pause (0: none), the rate in 1/1000 a second, the
-- delay as the others have measured it and its weight, the begin and the end of
-- the last drain.
--
-- All times are in microseconds, by the clock of this server.
local state, members = KEYS[1], KEYS[2]
local id, n, window = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function int(x) return string.format('%.0f', x) end

-- How many of ours wait in the server's queue: fewer, and gaps between strangers'
-- requests are not used; more, and they wait longer for nothing.
local LOW, HIGH = 1.25, 3.25

if ARGV[2] == 'leave' then
  redis.call('HDEL', members, id)
  return {}
end

-- What the members know.
redis.call('HSET', members, id, table.concat({int(now), ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[10]}, ' '))
redis.call('PEXPIRE', members, 10000)
redis.call('PEXPIRE', KEYS[3], 60000)
local count, rank, flying, waiting = 0, 0, 0, 0
local sum, weight, others, othersWeight, services = 0, 0, 0, 0, 0
local all = redis.call('HGETALL', members)
for i = 1, #all, 2 do
  local seen, q, w, service, sent, calls = string.match(all[i + 1], '(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
  local age = now - tonumber(seen)
  if math.abs(age) > 7000000 then
    redis.call('HDEL', members, all[i])
  else
    count = count + 1
    if all[i] < id then rank = rank + 1 end
    if age < 1000000 then
      q, w = tonumber(q) / 1000000, tonumber(w)
      sum, weight, services = sum + q * w, weight + w, services + w * tonumber(service) / 1000000
      flying, waiting = flying + tonumber(sent), waiting + tonumber(calls)
      if all[i] ~= id then others, othersWeight = others + q * w, othersWeight + w end
    end
  end
end
local q, service, doubt = 0, 0, 0
if weight > 0 then q, service, doubt = math.max(0, sum / weight), services / weight, 1 / math.sqrt(weight) end

local names = {'pause', 'paused', 'trial', 'rate', 'served', 'done', 'counted', 'window', 'opening', 'short', 'peak', 'stepped', 'cut',
  'from', 'until', 'grid'}
local s = {}
for i, value in ipairs(redis.call('HMGET', state, unpack(names))) do s[names[i]] = tonumber(value or 0) end
local limit = n * 1000000 / window
if s.window == 0 then -- who starts beside others is to find out first
  s.window, s.opening, s.rate, s.served, s.counted, s.stepped = 8, 1, limit * 0.7, limit / 2, now, now
end
s.done = s.done + tonumber(ARGV[9])
local since = (now - s.counted) / 1000000
if since >= 0.2 or since < 0 then -- how many are answered in a second
  since = math.max(0.2, math.min(since, 5))
  s.served = s.served + (s.done / since - s.served) * math.min(1, since / 3)
  s.done, s.counted = 0, now
end
local alone = s.served > 0.9 * limit -- nobody else can be there in earnest
local bound = s.rate < 0.999 * limit and waiting > 0
if bound then s.short = 1 end
s.peak = math.max(s.peak, flying)

-- A 429 holds all back. After that one goes ahead.
local wish = tonumber(ARGV[11])
if now < s.paused then s.pause, s.paused, s.trial = 0, 0, 0 end -- by another clock
if wish > 0 then
  s.pause, s.paused, s.trial = math.max(s.pause, now + wish), now, 0
  if now - s.cut > 2000000 then
    s.window, s.opening, s.cut = math.max(1, math.min(s.window, flying) * 0.6), 0, now
  end
elseif s.pause > 0 and s.pause <= now and (wish < 0 or s.trial > 0 and s.trial <= now) then
  s.pause, s.trial = 0, 0 -- the one was served: a 429 would have come at once
end

-- The window of all together, as that of one: by Little's law so many of ours wait
-- in the server's queue.
local own = math.min(limit, flying / math.max(0.02, service + q)) * q
local ownDoubt = math.min(limit, flying / math.max(0.02, service + q)) * doubt
if now >= s['until'] + 500000 and s.pause == 0 then
  if s.opening == 1 then
    if weight > 0 and own - ownDoubt > LOW then
      s.opening = 0
    elseif bound then
      s.window = s.window + tonumber(ARGV[9])
    end
  end
  if now - s.stepped >= 1000000 or now < s.stepped then
    s.stepped = now
    local low, high = LOW + ownDoubt / 2, HIGH + ownDoubt
    if own > high and not alone then
      s.window = s.window - math.max(1, (own - high) / 2)
    elseif own < low and s.short == 1 and s.opening == 0 then
      s.window = s.window + math.max(1, (low - own) / (1 + service))
    end
    if s.short == 0 then s.window = math.min(s.window, math.max(8, s.peak + 10)) end
    s.peak = s.peak - (s.peak - flying) / 10
    local busy = limit * service
    s.window = math.max(1, math.min(s.window, busy + 4 * math.sqrt(busy) + 20))
    s.short = 0
  end
end

-- BBR's ProbeRTT for all together: what do operations take without our queue?
local grid = math.floor(now / 17000000)
if grid ~= s.grid then
  if s.grid > 0 and q >= 0.1 and waiting > 0 and not alone and s.pause == 0 then
    s.from, s['until'], s.opening = now, now + 1000000 * math.max(1, math.min(7, 0.5 + 2 * q)), 0
  end
  s.grid = grid
end

-- The rate that brings as many into flight: what is answered makes room.
local room = s.window
if s['until'] > now then room = 1 end
s.rate = math.max(limit / 10, math.min(limit, s.served + (room - flying) / 1))
local gap = 0
if s.rate < 0.999 * limit then gap = 1000000 / s.rate end

local fields = {'gap', int(gap)}
for _, name in ipairs(names) do
  fields[#fields + 1] = name
  fields[#fields + 1] = string.format('%.6f', s[name])
end
redis.call('HSET', state, unpack(fields))
redis.call('PEXPIRE', state, math.ceil(math.max(0, s.pause - now) / 1000) + 60000)

local othersDelay = 0
if othersWeight > 0 then othersDelay = others / othersWeight end
return {now, count, rank, s.pause, math.floor(s.rate * 1000), math.floor(othersDelay * 1000000), math.floor(othersWeight),
  s.from, s['until']}
