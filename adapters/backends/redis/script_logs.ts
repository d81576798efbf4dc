/**
 * The part of the script that is about logs.
 *
 * @module
 */

/** Lua; `P`, `op`, `call`, `num` and `atLeast` come before it. */
export const LOGS = `
local session, stream = ARGV[2], ARGV[3]
local streams, size = P .. 't:' .. session, P .. 'b:' .. session
local function facts(name) return P .. 'l:' .. session .. ':' .. name end
local function events(name) return P .. 'e:' .. session .. ':' .. name end

local function drop(name)
  local bytes = tonumber(call('HGET', facts(name), 'b') or '0')
  if bytes > 0 then call('DECRBY', size, bytes) end
  call('DEL', facts(name), events(name))
  call('ZREM', streams, name)
end

-- Forgets the first event of a log; the new first position.
local function cut(name, first)
  local id = string.format('%.0f-0', first)
  local event = call('XRANGE', events(name), id, id)[1]
  if event then
    local bytes = tonumber(event[2][6])
    call('XDEL', events(name), id)
    call('HINCRBY', facts(name), 'b', -bytes)
    call('DECRBY', size, bytes)
  end
  return call('HINCRBY', facts(name), 'f', 1)
end

-- What nobody ends lives as long as its session may.
local function keep(name, ended, age)
  local ttl = string.format('%.0f', ended and age or math.max(age, 2 * DAY))
  call('PEXPIRE', facts(name), ttl)
  call('PEXPIRE', events(name), ttl)
  atLeast(streams, math.max(age, 2 * DAY))
  if call('EXISTS', size) == 1 then atLeast(size, math.max(age, 2 * DAY)) end
end

local function makeRoom(limit)
  local names = call('ZRANGE', streams, 0, -1)
  for _, name in ipairs(names) do
    if tonumber(call('GET', size) or '0') <= limit then return end
    if name ~= stream then
      local ended = call('HGET', facts(name), 'e')
      if ended or call('EXISTS', facts(name)) == 0 then drop(name) end
    end
  end
  for _, name in ipairs(names) do
    local known = call('HMGET', facts(name), 'f', 'l')
    if known[1] then
      local first, last = tonumber(known[1]), tonumber(known[2])
      if name == stream then last = last - 1 end
      while first <= last do
        if tonumber(call('GET', size) or '0') <= limit then return end
        first = cut(name, first)
      end
    end
  end
  -- Logs that expired with their size uncounted: what is left is all there is.
  local total = 0
  for _, name in ipairs(call('ZRANGE', streams, 0, -1)) do
    total = total + tonumber(call('HGET', facts(name), 'b') or '0')
  end
  call('SET', size, total, 'KEEPTTL')
end

if op == 'open' then
  local now, age, owed = num(4), num(5), ARGV[6]
  if call('EXISTS', facts(stream)) == 1 then return 0 end
  for _, name in ipairs(call('ZRANGE', streams, 0, 63)) do
    local known = call('HMGET', facts(name), 'l', 'e')
    if not known[1] then drop(name)
    elseif known[2] then
      if now - tonumber(known[2]) < age then break end
      drop(name)
    end
  end
  call('HSET', facts(stream), 'f', 1, 'l', 0, 'd', 0, 'b', 0)
  if owed ~= '' then call('HSET', facts(stream), 'w', owed) end
  call('ZADD', streams, call('INCR', P .. 'seq'), stream)
  keep(stream, false, age)
  return 1

elseif op == 'append' then
  local data, bytes, last, now = ARGV[4], num(5), ARGV[6], ARGV[7]
  local maxEvents, maxBytes, maxSession, age, once = num(8), num(9), num(10), num(11), ARGV[12]
  local known = call('HMGET', facts(stream), 'l', 'f', 'b', 'e', 'k')
  if not known[1] then return 0 end
  local names = known[5] or ''
  if once ~= '' then
    local _, at = string.find(names, ';' .. once .. '=', 1, true)
    if at then return tonumber(string.match(names, '^%d+', at + 1)) end
  end
  if known[4] then return 0 end
  local position, first = tonumber(known[1]) + 1, tonumber(known[2])
  local total = tonumber(known[3]) + bytes
  call('XADD', events(stream), string.format('%.0f-0', position), 'd', data, 't', now, 's', bytes)
  call('HSET', facts(stream), 'l', position, 'b', total)
  if once ~= '' then
    local list = { ';' .. once .. '=' .. position }
    for one in string.gmatch(names, ';[^;]+') do
      if #list < 16 then list[#list + 1] = one end
    end
    call('HSET', facts(stream), 'k', table.concat(list))
  end
  if last == '1' then call('HSET', facts(stream), 'e', now) end
  local inSession = call('INCRBY', size, bytes)
  while first < position and (total > maxBytes or position - first + 1 > maxEvents) do
    first = cut(stream, first)
    total = tonumber(call('HGET', facts(stream), 'b'))
  end
  if inSession > maxSession then makeRoom(maxSession) end
  keep(stream, last == '1', age)
  return position

elseif op == 'end' then
  local known = call('HMGET', facts(stream), 'l', 'e')
  if not known[1] or known[2] then return 0 end
  call('HSET', facts(stream), 'e', ARGV[4])
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
    call('DEL', streams, size)
  end
  return 1
end
`;
