/**
 * script — the one Lua script that decides all checks of a batch, in the order in which they were asked.
 *
 * KEYS are the keys of all checks one after another. ARGV[1] is a text of numbers: for each check its kind, how many
 * keys and how many numbers it has, then the numbers. The reply is a flat list: for each check its integers, or,
 * where it failed, the text of the error alone. A check that fails does not stop the others. Every kind reads first and
 * then writes, so that a wrong key or a full Redis fails it before it has counted.
 *
 * Time is Redis's own, so that clocks of machines that differ do not matter. A bucket keeps what it is owed and when
 * that was true, not a point in time, which in a double is too coarse to add small gaps to. Needs Redis 5 or later,
 * where a script may write after it has asked for the time.
 */
import { createHash } from 'node:crypto'

/** Lua's end of what batch.ts writes for a Push: the deltas and the expiry of many counters. */
export const PUSH = 6

/** Sub-windows of a sliding window. One more is kept: the oldest counts whole until it has left altogether. */
export const SUB_WINDOWS = 8

export const SCRIPT = `
local numbers, last = {}, 0
for number in string.gmatch(ARGV[1], '%S+') do
  last = last + 1
  numbers[last] = tonumber(number)
end
local reply, size = {}, 0
local clock

-- microseconds, the same for all of a batch
local function now()
  if not clock then
    local time = redis.call('TIME')
    clock = time[1] * 1000000 + time[2]
  end
  return clock
end

local function answer(number)
  size = size + 1
  reply[size] = number
end

-- Somebody else's value under a key of ours must not be taken for a count of 0.
local function count(value)
  if not value then return 0 end
  return tonumber(value) or error('WRONGTYPE the key holds no number', 0)
end

-- The counter is made by its first count, with its life, in one command: none is left that lives for good.
local function raise(key, value, cost, ttl)
  if value then redis.call('INCRBY', key, cost) else redis.call('SET', key, cost, 'PX', ttl) end
end

-- cost, then cap and life of each window: all are raised or none
local function fixed(at, key, keys)
  local cost, refused, used = numbers[at], -1, {}
  for i = 1, keys do
    used[i] = redis.call('GET', KEYS[key + i])
    local counted = count(used[i])
    if refused < 0 and counted + cost > numbers[at + 2 * i - 1] then refused = i - 1 end
  end
  if refused < 0 then
    for i = 1, keys do raise(KEYS[key + i], used[i], cost, numbers[at + 2 * i]) end
  end
  answer(refused)
  for i = 1, keys do answer(count(used[i])) end
end

-- cost, then the life of each counter
local function add(at, key, keys)
  local cost, used = numbers[at], {}
  for i = 1, keys do used[i] = redis.call('GET', KEYS[key + i]) end
  for i = 1, keys do count(used[i]) end
  if cost > 0 then
    for i = 1, keys do raise(KEYS[key + i], used[i], cost, numbers[at + i]) end
  end
  answer(0)
  for i = 1, keys do answer(count(used[i])) end
end

-- delta and expiry (seconds since 1970) of one counter
local function push(at, key)
  local used = count(redis.call('GET', KEYS[key + 1]))
  redis.call('INCRBY', KEYS[key + 1], numbers[at])
  redis.call('EXPIREAT', KEYS[key + 1], numbers[at + 1])
  answer(used + numbers[at])
end

-- window, cap, cost. A hash: number of a sub-window -> its count.
local function sliding(at, key)
  key = KEYS[key + 1]
  local width = math.ceil(numbers[at] / ${SUB_WINDOWS})
  local cap, cost = numbers[at + 1], numbers[at + 2]
  local time = math.floor(now() / 1000)
  local current = math.floor(time / width)
  local first = current - ${SUB_WINDOWS}
  local fields = redis.call('HGETALL', key)
  local counts, sum, ahead, stale = {}, 0, 0, {}
  for i = 1, #fields, 2 do
    local index, number = count(fields[i]), count(fields[i + 1])
    if index < first or index > current then stale[#stale + 1] = fields[i] end
    -- A sub-window of the future: the clock was set back. Its count is taken for this one's.
    if index > current then ahead, index = ahead + number, current end
    if index >= first then
      counts[index - first] = (counts[index - first] or 0) + number
      sum = sum + number
    end
  end
  if sum + cost <= cap then
    if #stale > 0 then redis.call('HDEL', key, unpack(stale)) end
    redis.call('HINCRBY', key, current, cost + ahead)
    redis.call('PEXPIRE', key, width * ${SUB_WINDOWS + 1})
    answer(0)
    return answer(cap - sum - cost)
  end
  local wait, over = width * ${SUB_WINDOWS + 1}, sum + cost - cap
  for i = 0, ${SUB_WINDOWS} do
    over = over - (counts[i] or 0)
    if over <= 0 then
      wait = (first + i + ${SUB_WINDOWS + 1}) * width - time
      break
    end
  end
  answer(wait * 1000)
  answer(math.max(0, cap - sum))
end

-- Milliseconds until the bucket is full again: as kept, less the time since. A clock set back is no time.
local function owed(key, most)
  local value = redis.call('GET', key)
  if not value then return 0 end
  local debt, time = string.match(value, '^(%S+) (%d+)$')
  if not time then error('WRONGTYPE the key holds no bucket', 0) end
  return math.min(math.max(0, debt - math.max(0, now() - time) / 1000), most)
end

local function keep(key, debt)
  redis.call('SET', key, string.format('%.17g %.0f', debt, now()), 'PX', math.ceil(debt) + 1)
end

-- What rounding may take from a bucket, in gaps, must not cost a token.
local GRAIN = 0.00001

-- gap, burst, cost
local function rate(at, key)
  key = KEYS[key + 1]
  local gap, burst, cost = numbers[at], numbers[at + 1], numbers[at + 2]
  local debt = owed(key, gap * burst)
  local wait = debt + cost * gap - burst * gap
  if wait <= GRAIN * gap then
    debt, wait = debt + cost * gap, 0
    keep(key, debt)
  end
  answer(math.ceil(wait * 1000))
  answer(math.max(0, math.floor(burst - debt / gap + GRAIN)))
end

-- gap, the most that may wait
local function queue(at, key)
  key = KEYS[key + 1]
  local gap, most = numbers[at], numbers[at + 1]
  local wait = owed(key, gap * (most + 1))
  if wait > (most + GRAIN) * gap then
    answer(-math.ceil((wait - most * gap) * 1000))
  else
    keep(key, wait + gap)
    answer(math.ceil(wait * 1000))
  end
  answer(0)
end

local kinds = { fixed, sliding, rate, queue, add, push }
local at, key = 1, 0
while at <= last do
  local fine, problem = pcall(kinds[numbers[at]], at + 3, key, numbers[at + 1])
  if not fine then answer(type(problem) == 'table' and problem.err or problem) end
  key = key + numbers[at + 1]
  at = at + 3 + numbers[at + 2]
end
return reply
`

export const SCRIPT_SHA1 = createHash('sha1').update(SCRIPT).digest('hex')
