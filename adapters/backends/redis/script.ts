/**
 * What has to happen at once, as one Lua script: Redis runs it between two commands of anybody else.
 * `KEYS[1]` is the prefix of every key, `ARGV[1]` names the operation.
 *
 * Keys after the prefix: `s:ID` a session, `h:ID` the nodes that hold it, `n:NODE` what a node holds,
 * `o:OWNER` what a principal owns (where there is a quota), `all` every session by its opening, `idle0` and
 * `idle1` those that nothing holds by last use (never ready, and ready), `nodes` leases, `seq` a counter,
 * `t:ID` a session's streams, `b:ID` the size of their logs, `l:ID:STREAM` a log's facts, `e:ID:STREAM` its
 * events.
 *
 * @module
 */

/** The script. */
export const SCRIPT = `
local P, op = KEYS[1], ARGV[1]
local call = redis.call
local function num(i) return tonumber(ARGV[i]) end
local HOUR, DAY = 3600000, 86400000

-- A key lives at least so long.
local function atLeast(key, ttl)
  if call('PTTL', key) < ttl then call('PEXPIRE', key, string.format('%.0f', ttl)) end
end

local function idle(id, ready)
  call('ZADD', P .. 'idle' .. ready, call('INCR', P .. 'seq'), id)
end

local function remove(id)
  local owner = call('HGET', P .. 's:' .. id, 'o')
  call('ZREM', P .. 'all', id)
  call('ZREM', P .. 'idle0', id)
  call('ZREM', P .. 'idle1', id)
  for _, node in ipairs(call('SMEMBERS', P .. 'h:' .. id)) do call('SREM', P .. 'n:' .. node, id) end
  call('DEL', P .. 'h:' .. id, P .. 's:' .. id)
  if not owner then return 0 end
  call('SREM', P .. 'o:' .. owner, id)
  return 1
end

-- The keys of these have expired already; they only stand in lists still.
local function purge(now, age)
  local last = string.format('%.0f', now - age - HOUR)
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'all', '-inf', last, 'LIMIT', 0, 1000)) do remove(id) end
end

local function letGo(node)
  for _, id in ipairs(call('SMEMBERS', P .. 'n:' .. node)) do
    local held = P .. 'h:' .. id
    call('SREM', held, node)
    local ready = call('HGET', P .. 's:' .. id, 'r')
    if ready and call('SCARD', held) == 0 then idle(id, ready) end
  end
  call('DEL', P .. 'n:' .. node)
  call('ZREM', P .. 'nodes', node)
end

local function quotaVictim(owner, quota)
  local own, count, best, bestReady, bestUse = P .. 'o:' .. owner, 0
  for _, id in ipairs(call('SMEMBERS', own)) do
    local ready = call('HGET', P .. 's:' .. id, 'r')
    if not ready then
      call('SREM', own, id)
    else
      count = count + 1
      local use = tonumber(call('ZSCORE', P .. 'idle' .. ready, id) or nil)
      if use and (not best or ready < bestReady or (ready == bestReady and use < bestUse)) then
        best, bestReady, bestUse = id, ready, use
      end
    end
  end
  return count >= quota, best
end

if op == 'create' then
  local id, version, owner, initialize = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local created, seen, ready = ARGV[6], ARGV[7], ARGV[8]
  local capacity, quota, age = num(9), num(10), num(11)
  local out = {}
  purge(tonumber(created), age)
  if quota >= 0 then
    local full, victim = quotaVictim(owner, quota)
    if full then
      if not victim then return { 'quota' } end
      out[1] = victim
    end
  end
  if call('ZCARD', P .. 'all') - #out >= capacity then
    local victim
    for _, list in ipairs({ 'idle0', 'idle1' }) do
      for _, one in ipairs(call('ZRANGE', P .. list, 0, 1)) do
        if not victim and one ~= out[1] then victim = one end
      end
    end
    if not victim then return { 'capacity' } end
    out[#out + 1] = victim
  end
  for _, one in ipairs(out) do remove(one) end
  local key, ttl = P .. 's:' .. id, age + HOUR
  call('HSET', key, 'v', version, 'o', owner, 'i', initialize, 'c', created, 'n', seen, 'r', ready)
  call('PEXPIRE', key, string.format('%.0f', ttl))
  call('ZADD', P .. 'all', created, id)
  idle(id, ready)
  if quota >= 0 then
    call('SADD', P .. 'o:' .. owner, id)
    atLeast(P .. 'o:' .. owner, ttl)
  end
  for _, list in ipairs({ 'all', 'idle0', 'idle1', 'seq' }) do atLeast(P .. list, ttl + HOUR) end
  table.insert(out, 1, 'created')
  return out

elseif op == 'get' then
  local found = call('HMGET', P .. 's:' .. ARGV[2], 'v', 'o', 'i', 'c', 'n', 'r')
  if not found[2] then return false end
  found[7] = call('SCARD', P .. 'h:' .. ARGV[2])
  return found

elseif op == 'touch' then
  local id, at, ready, held, node = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
  local key, holders = P .. 's:' .. id, P .. 'h:' .. id
  if call('EXISTS', key) == 0 then return 0 end
  if held == '1' then
    local ttl = call('PTTL', key)
    call('SADD', holders, node)
    call('SADD', P .. 'n:' .. node, id)
    atLeast(holders, ttl)
    atLeast(P .. 'n:' .. node, ttl)
  elseif held == '0' then
    call('SREM', holders, node)
    call('SREM', P .. 'n:' .. node, id)
  end
  call('HSET', key, 'n', at)
  if ready == '1' then call('HSET', key, 'r', '1') end
  call('ZREM', P .. 'idle0', id)
  call('ZREM', P .. 'idle1', id)
  if call('SCARD', holders) == 0 then idle(id, call('HGET', key, 'r')) end
  return 1

elseif op == 'delete' then
  return remove(ARGV[2])

elseif op == 'count' then
  return call('ZCARD', P .. 'all')

elseif op == 'list' then
  return call('ZRANGE', P .. 'all', num(2), num(3))

elseif op == 'sweep' then
  local now, idleMs, age = num(2), num(3), num(4)
  local out = {}
  for _, list in ipairs({ 'idle0', 'idle1' }) do
    for _ = 1, 500 do
      local id = call('ZRANGE', P .. list, 0, 0)[1]
      if not id then break end
      local facts = call('HMGET', P .. 's:' .. id, 'c', 'n')
      local reason
      if facts[1] then
        if now - tonumber(facts[1]) >= age then reason = 'age'
        elseif now - tonumber(facts[2]) >= idleMs then reason = 'idle'
        else break end
      end
      remove(id)
      if reason then
        out[#out + 1] = id
        out[#out + 1] = reason
      end
    end
  end
  local old = string.format('%.0f', now - age)
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'all', '-inf', old, 'LIMIT', 0, 500)) do
    if call('SCARD', P .. 'h:' .. id) == 0 and remove(id) == 1 then
      out[#out + 1] = id
      out[#out + 1] = 'age'
    end
  end
  purge(now, age)
  return out

elseif op == 'renew' then
  local node, now, lease = ARGV[2], num(3), num(4)
  local last = string.format('%.0f', now)
  for _, one in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', '-inf', last)) do letGo(one) end
  local known = call('ZSCORE', P .. 'nodes', node)
  call('ZADD', P .. 'nodes', string.format('%.0f', now + lease), node)
  atLeast(P .. 'nodes', DAY)
  return known and 1 or 0

elseif op == 'alive' then
  local till = call('ZSCORE', P .. 'nodes', ARGV[2])
  return till and tonumber(till) > num(3) and 1 or 0

elseif op == 'leave' then
  letGo(ARGV[2])
  return 1
end

-- Logs.
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
  for _, name in ipairs(call('ZRANGE', streams, 0, -1)) do
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
return redis.error_reply('ERR unknown operation ' .. op)
`;
