/**
 * The part of the script that is about logs.
 *
 * @module
 */

import { LOG_COST } from "../../../core/engine/ports.ts";

/** Lua; `P`, `op`, `call`, `num` and `atLeast` come before it. */
export const LOGS: string = `
local session, stream = ARGV[2], ARGV[3]
local streams, costs = P .. 't:' .. session, P .. 'c:' .. session
local STREAM, EVENT = ${LOG_COST.stream}, ${LOG_COST.event}
local function facts(name) return P .. 'l:' .. session .. ':' .. name end
local function events(name) return P .. 'e:' .. session .. ':' .. name end

-- What a log costs stands under its name, and what all of them do under none: a log may have expired.
local function spend(name, cost)
  call('HINCRBY', costs, name, cost)
  return call('HINCRBY', costs, '', cost)
end

local function spent() return tonumber(call('HGET', costs, '') or '0') end

-- A Redis that is full refuses what might add until something is written, so deleting comes first.
local function drop(name)
  call('DEL', facts(name), events(name))
  call('ZREM', streams, name)
  local cost = call('HGET', costs, name)
  if cost then
    call('HINCRBY', costs, '', -tonumber(cost))
    call('HDEL', costs, name)
  end
end

-- Forgets the first event of a log; the new first position.
local function cut(name, first)
  local id = string.format('%.0f-0', first)
  local event = call('XRANGE', events(name), id, id)[1]
  if event then
    local bytes, once = tonumber(event[2][6]), event[2][8]
    call('XDEL', events(name), id)
    call('HINCRBY', facts(name), 'b', -bytes)
    if once then
      -- The last 16 that are gone are known still.
      local place = 'g' .. first % 16
      local older = call('HGET', facts(name), place)
      if older then call('HDEL', facts(name), '=' .. older) end
      call('HSET', facts(name), place, once)
    end
    if call('HEXISTS', costs, name) == 1 then spend(name, -bytes - EVENT) end
  end
  return call('HINCRBY', facts(name), 'f', 1)
end

-- What nobody ends lives as long as its session may; that of a session kept elsewhere, two days.
local function keep(name, ended, age)
  local left = call('PTTL', P .. 's:' .. session)
  local open = math.max(age, left > 0 and left or 2 * DAY)
  local ttl = string.format('%.0f', ended and age or open)
  call('PEXPIRE', facts(name), ttl)
  call('PEXPIRE', events(name), ttl)
  atLeast(streams, open)
  atLeast(costs, open)
  -- Sessions keep the counter. Where there are none, the places of logs are to go on all the same.
  if left <= 0 then atLeast(P .. 'seq', open) end
end

-- Ended streams first, oldest first; then events of the others, stream by stream. The newest event stays.
local function makeRoom(limit)
  local left = 0
  repeat
    local names = call('ZRANGE', streams, left, left + 15)
    for _, name in ipairs(names) do
      if spent() <= limit then return end
      local known = call('HMGET', facts(name), 'l', 'e')
      if name ~= stream and (known[2] or not known[1]) then drop(name) else left = left + 1 end
    end
  until #names == 0
  for _, name in ipairs(call('ZRANGE', streams, 0, -1)) do
    local known = call('HMGET', facts(name), 'f', 'l')
    local first, last = tonumber(known[1]), tonumber(known[2])
    if name == stream then last = last - 1 end
    while first <= last do
      if spent() <= limit then return end
      first = cut(name, first)
    end
  end
end

-- Forgets streams that have expired, where a further one begins. They expire in about the order in which they were opened.
local function forgetExpired()
  for _, name in ipairs(call('ZRANGE', streams, 0, 63)) do
    local known = call('HMGET', facts(name), 'l', 'e')
    if not known[1] then drop(name) elseif known[2] then break end
  end
end

local function put(position, data, now, bytes, once)
  local id = string.format('%.0f-0', position)
  if once == '' then return call('XADD', events(stream), id, 'd', data, 't', now, 's', bytes) end
  -- Others may write much before an attempt is repeated, so a name is known for as long as its event.
  call('XADD', events(stream), id, 'd', data, 't', now, 's', bytes, 'n', once)
  call('HSET', facts(stream), '=' .. once, position)
end

-- Counts the stream among those of its session.
local function enter(cost, ended, age, limit)
  call('ZADD', streams, call('INCR', P .. 'seq'), stream)
  local inSession = spend(stream, cost)
  keep(stream, ended, age)
  if inSession > limit then makeRoom(limit) end
end

if op == 'open' then
  local age, owed, maxSession = num(4), ARGV[5], num(6)
  if call('EXISTS', facts(stream)) == 1 then return 0 end
  forgetExpired()
  call('HSET', facts(stream), 'f', 1, 'l', 0, 'd', 0, 'b', 0, 'a', age)
  if owed ~= '' then call('HSET', facts(stream), 'w', owed) end
  enter(STREAM + #owed, false, age, maxSession)
  return 1

elseif op == 'whole' then
  local data, bytes, now, maxSession, age = ARGV[4], num(5), ARGV[6], num(7), num(8)
  if call('EXISTS', facts(stream)) == 1 then return 0 end
  forgetExpired()
  call('HSET', facts(stream), 'f', 1, 'l', 1, 'd', 0, 'b', bytes, 'e', now)
  put(1, data, now, bytes, '')
  enter(STREAM + EVENT + bytes, true, age, maxSession)
  return 1

elseif op == 'append' then
  local data, bytes, last, now = ARGV[4], num(5), ARGV[6], ARGV[7]
  local maxEvents, maxBytes, maxSession, age, once = num(8), num(9), num(10), num(11), ARGV[12]
  local known = call('HMGET', facts(stream), 'l', 'f', 'b', 'e', '=' .. once)
  if not known[1] then return 0 end
  if known[5] then return tonumber(known[5]) end
  if known[4] then return 0 end
  local position, first = tonumber(known[1]) + 1, tonumber(known[2])
  local total = tonumber(known[3]) + bytes
  put(position, data, now, bytes, once)
  call('HSET', facts(stream), 'l', position, 'b', total)
  if last == '1' then call('HSET', facts(stream), 'e', now) end
  local inSession = spend(stream, bytes + EVENT)
  while first < position and (total > maxBytes or position - first + 1 > maxEvents) do
    first = cut(stream, first)
    total = tonumber(call('HGET', facts(stream), 'b'))
  end
  if inSession > maxSession then makeRoom(maxSession) end
  keep(stream, last == '1', age)
  return position

elseif op == 'end' then
  local known = call('HMGET', facts(stream), 'l', 'e', 'a')
  if not known[1] or known[2] then return 0 end
  call('HSET', facts(stream), 'e', ARGV[4])
  keep(stream, true, tonumber(known[3]))
  return 1

elseif op == 'read' then
  local after, maxBytes, now, age = num(4), num(5), num(6), num(7)
  local known = call('HMGET', facts(stream), 'f', 'l', 'e')
  if not known[1] then return false end
  local first, last = tonumber(known[1]), tonumber(known[2])
  while first <= last do
    local id = string.format('%.0f-0', first)
    local event = call('XRANGE', events(stream), id, id)[1]
    if event and now - tonumber(event[2][4]) < age then break end
    first = cut(stream, first)
  end
  if after < first - 1 or after > last then return false end
  local out, bytes = { 0, 0 }, 0
  while after < last and (#out == 2 or bytes < maxBytes) do
    local batch = call('XRANGE', events(stream), string.format('%.0f-0', after + 1), '+', 'COUNT', 100)
    if #batch == 0 then return false end
    for _, event in ipairs(batch) do
      if #out > 2 and bytes >= maxBytes then break end
      out[#out + 1] = event[2][2]
      bytes = bytes + tonumber(event[2][6])
      after = after + 1
    end
  end
  if after < last then out[2] = 1 elseif known[3] then out[1] = 1 end
  return out

elseif op == 'bounds' then
  return call('HMGET', facts(stream), 'f', 'l', 'd', 'e', 'w')

elseif op == 'delivered' then
  local through, forget = num(4), ARGV[5]
  local known = call('HMGET', facts(stream), 'f', 'l', 'd')
  if not known[1] then return 0 end
  if through > tonumber(known[3]) then call('HSET', facts(stream), 'd', ARGV[4]) end
  if forget == '1' then
    local first, last = tonumber(known[1]), tonumber(known[2])
    while first <= through and first <= last do first = cut(stream, first) end
  end
  return 1

elseif op == 'drop' then
  if stream ~= '' then
    drop(stream)
  else
    for _, name in ipairs(call('ZRANGE', streams, 0, -1)) do drop(name) end
    call('DEL', streams, costs)
  end
  return 1
end
`;
