-- Reserves the next slot of the tenant for one process. One call, one round trip.
--
-- KEYS  1 the slots, newest first, each "time late": it is used at that time, or
--         up to so much later; n to 3n of them. This format stays, since processes of
--         different versions share the list: what follows the two numbers is ignored.
--       2 the state, a hash
-- ARGV  1 n, of 2 a window, 3 how late the caller may use its slot,
--       4 the last slot that it has had, 5 the last fill that it knows of,
--       6 whether it wants one, since the clock was set or data was lost,
--       7 how far ahead the slots may be that the others hold,
--       8 how far ahead any slot can be: a later one is by another clock,
--       9 how many of n there are for those that share: others use the rest alone,
--       10 how many the caller itself has used alone in its last window,
--       11 how far ahead it wants a slot, if the rate of all binds,
--       12 when it was answered last
-- Returns what (0 a slot, 1 paused, 2 another process makes the half-open probe or the next slot
-- is too far ahead, 3 what was stored made no sense and is discarded), in what time that is, the
-- time, the last fill, and 1 if the caller's slot is the half-open probe.
--
-- All times are in microseconds, by the clock of this server. It is short of
-- calls on purpose: each one costs as much as all the rest.
local slots, state = KEYS[1], KEYS[2]
local n, window, late = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last, known, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local ahead, far = tonumber(ARGV[7]), tonumber(ARGV[8])
local ours, alone, soon, answered = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local s = redis.call('HMGET', state, 'pause', 'trial', 'gap', 'filled', 'hole', 'paused')
local function int(x) return string.format('%.0f', x) end
local function num(x) -- 0 unless it is a number that makes sense
  x = tonumber(x or 0)
  return x and x >= 0 and x < 9e15 and x or 0
end
local function split(slot)
  local at, l = string.match(slot, '^(%d+) (%d+)')
  return num(at), math.min(num(l), 1000000)
end
local pause, probe, gap, filled = num(s[1]), num(s[2]), num(s[3]), num(s[4])
local hole = s[5]
local function reply(what, wait, probes) return {what, int(wait), int(now), int(filled), probes} end

if now - pause > 10000000 and probe == 0 or now < num(s[6]) then
  pause, probe = 0, 0 -- long ago, so that no probe is needed; or by another clock
end
local wrong = pause > now + 3600000000 or probe > now + far
if wrong then
  redis.call('HSET', state, 'pause', '0', 'trial', '0')
elseif pause > now then
  return reply(1, pause - now, 0)
elseif probe > now then
  return reply(2, math.min(probe - now, 50000), 0)
end

local newest, oldest = 0, nil
local first = redis.call('LINDEX', slots, 0)
if first then
  newest = split(first)
  oldest = redis.call('LINDEX', slots, ours - 1)
  local o = oldest and split(oldest) or newest
  wrong = wrong or newest == 0 or o == 0 or math.max(newest, o) > now + far
end

-- Slots were given that are not here: the state was lost, or is that of a replica
-- that came to power too early. Then, or if it is wanted, all is taken for full, as
-- far ahead as somebody may have a slot. If another one has had it done since the caller was
-- answered that must do: what it has got since is here. The fill is noted first: a caller that
-- may not do the rest asks for it only once. The first process that was alone has it done too,
-- as others may still be; for the next ones what they have used counts.
local function push(slot, n)
  local chunk = {}
  for i = 1, math.min(n, 1000) do chunk[i] = slot end -- unpack takes some thousands
  for left = n, 1, -1000 do redis.call('LPUSH', slots, unpack(chunk, 1, math.min(left, 1000))) end
end
local lives = window + 60000000 -- for so long nothing expires
local lost = last > newest and now - last < lives or filled < known and answered > 0 and now - answered < lives
if wrong or alone > 0 and newest + window < now
  or (wanted or lost) and (filled == known or filled == 0 or filled > now or filled < answered) then
  filled = now
  local taken = now + ahead -- until then
  if lost and last <= now + far then taken = math.max(taken, last) end -- slots were given until there
  redis.call('HSET', state, 'filled', int(now))
  redis.call('HDEL', state, 'hole')
  redis.call('PEXPIRE', state, math.ceil(math.max(0, pause - now) / 1000) + 60000)
  local full = string.format('%.0f %.0f', taken, late)
  push(full, n)
  redis.call('LTRIM', slots, 0, n - 1)
  redis.call('PEXPIRE', slots, math.ceil((taken - now + window) / 1000) + 60000)
  newest, oldest, hole = taken, full, nil
elseif alone > 0 then
  newest = math.max(newest, now)
  push(string.format('%.0f %.0f', newest, late), alone)
  oldest = redis.call('LINDEX', slots, ours - 1)
end
if wrong then return reply(3, 0, 0) end

local at = now
if oldest then
  local o, l = split(oldest)
  at = math.max(at, o + l + window)
end
if gap > 0 then
  at = math.max(at, newest + math.min(gap, 10 * window / n))
elseif newest > now then
  at = math.max(at, newest + window / ours) -- several wait: not all of them in one burst
end
at = math.max(math.ceil(at), newest + 1)

if hole then
  local h, l = split(hole)
  local fits = h >= now and h < at and l >= late
  if fits or h < now or h > newest then
    redis.call('HDEL', state, 'hole')
  end
  if fits then
    return reply(0, h - now, 0)
  end
end

-- Where the rate of all binds, a slot that is far ahead would not follow a change of that rate.
if gap > 0 and alone == 0 and at - now > soon then
  return reply(2, at - now - soon, 0)
end

local keep = math.ceil((at - now + window) / 1000) + 60000
local length = redis.call('LPUSH', slots, string.format('%.0f %.0f', at, late))
if length > 3 * n then redis.call('LTRIM', slots, 0, 2 * n - 1) end
if length == 1 then redis.call('PEXPIRE', slots, keep) end -- later each beat does
if pause > 0 then
  redis.call('HSET', state, 'trial', int(at + 700000))
  redis.call('PEXPIRE', state, keep)
  return reply(0, at - now, 1)
end
return reply(0, at - now, 0)
