/**
 * The part of the script that is about sessions and nodes.
 *
 * @module
 */

/** Lua; `P`, `op`, `call`, `num` and `atLeast` come before it. */
export const SESSIONS = `
-- The list is made anew where every session was held, and with it the time that it lives.
local function idle(id, ready)
  local list = P .. 'idle' .. ready
  call('ZADD', list, call('INCR', P .. 'seq'), id)
  atLeast(list, call('PTTL', P .. 'all'))
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

-- Idle time counts from now: the node may have held it for longer than a session may be idle.
local function letGo(node, now)
  for _, id in ipairs(call('SMEMBERS', P .. 'n:' .. node)) do
    local held = P .. 'h:' .. id
    call('SREM', held, node)
    local ready = call('HGET', P .. 's:' .. id, 'r')
    if ready and call('SCARD', held) == 0 then
      call('HSET', P .. 's:' .. id, 'n', now)
      idle(id, ready)
    end
  end
  call('DEL', P .. 'n:' .. node)
  call('ZREM', P .. 'nodes', node)
end

local function quotaVictim(owner, quota)
  local own, count, best, bestReady, bestUse = P .. 'o:' .. owner, 0
  -- Some may have expired, so there are no more than these: a look at each is for where that is not enough.
  if call('SCARD', own) < quota then return false end
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

-- As Redis orders them: by their bytes. Lua's own comparison depends on the language that the server runs in.
local function isAfter(one, other)
  for i = 1, #one do
    local a, b = string.byte(one, i), string.byte(other, i) or -1
    if a ~= b then return a > b end
  end
  return false
end

if op == 'create' then
  local id, version, owner, initialize = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local created, seen, ready = ARGV[6], ARGV[7], ARGV[8]
  local capacity, quota, age = num(9), num(10), num(11)
  -- Some clients send again what a lost connection left without an answer.
  if call('EXISTS', P .. 's:' .. id) == 1 then return { 'created' } end
  local out = {}
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
  -- A Redis that is full refuses what adds, so that comes first: nothing gives way for nothing.
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
  for _, one in ipairs(out) do remove(one) end
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
  -- A Redis that is full refuses what might add until something is written: what is in use is not to grow idle in it.
  call('ZREM', P .. 'idle0', id)
  call('ZREM', P .. 'idle1', id)
  if held == '1' then
    local ttl = call('PTTL', key)
    call('SADD', holders, node)
    call('SADD', P .. 'n:' .. node, id)
    atLeast(holders, ttl)
    atLeast(P .. 'n:' .. node, ttl)
    -- One that has no lease any more gets one that is over, so that what it holds is let go.
    if node ~= '' and call('ZADD', P .. 'nodes', 'NX', at, node) == 1 then atLeast(P .. 'nodes', DAY) end
  elseif held == '0' then
    call('SREM', holders, node)
    call('SREM', P .. 'n:' .. node, id)
  end
  call('HSET', key, 'n', at)
  if ready == '1' then call('HSET', key, 'r', '1') end
  if call('SCARD', holders) == 0 then idle(id, call('HGET', key, 'r')) end
  return 1

elseif op == 'delete' then
  return remove(ARGV[2])

elseif op == 'count' then
  return call('ZCARD', P .. 'all')

elseif op == 'list' then
  -- From a session on, not from a rank: ranks shift where sessions end meanwhile.
  local all, from = P .. 'all', 0
  if ARGV[2] ~= '' then
    from = call('ZCOUNT', all, '-inf', '(' .. ARGV[2])
    local till = call('ZCOUNT', all, '-inf', ARGV[2])
    while from < till do
      local middle = math.floor((from + till) / 2)
      if isAfter(call('ZRANGE', all, middle, middle)[1], ARGV[3]) then till = middle else from = middle + 1 end
    end
  end
  return call('ZRANGE', all, from, from + num(4) - 1, 'WITHSCORES')

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
  -- Of some the keys have expired already: these only stand in lists still.
  local old = string.format('%.0f', now - age)
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'all', '-inf', old, 'LIMIT', 0, 500)) do
    if call('SCARD', P .. 'h:' .. id) == 0 and remove(id) == 1 then
      out[#out + 1] = id
      out[#out + 1] = 'age'
    end
  end
  return out

elseif op == 'renew' then
  local node, now, lease = ARGV[2], num(3), num(4)
  local last = string.format('%.0f', now)
  for _, one in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', '-inf', last)) do letGo(one, last) end
  -- Taken out first, as with a touch: a node is up whether or not Redis is full.
  local known = call('ZREM', P .. 'nodes', node)
  call('ZADD', P .. 'nodes', string.format('%.0f', now + lease), node)
  atLeast(P .. 'nodes', DAY)
  return known

elseif op == 'alive' then
  local till = call('ZSCORE', P .. 'nodes', ARGV[2])
  return till and tonumber(till) > num(3) and 1 or 0

elseif op == 'leave' then
  letGo(ARGV[2], ARGV[3])
  return 1
end
`;
