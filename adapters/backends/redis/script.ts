/**
 * What has to happen at once, as one Lua script: Redis runs it between two commands of anybody else.
 * `KEYS[1]` is the prefix of every key, `ARGV[1]` names the operation.
 *
 * Keys after the prefix: `s:ID` a session, `h:ID` the nodes that hold it, `n:NODE` what a node holds,
 * `o:OWNER` what a principal owns (where there is a quota), `all` every session by its opening, `idle0` and
 * `idle1` those that nothing holds by last use (never ready, and ready), `nodes` leases, `seq` a counter,
 * `t:ID` a session's streams, `c:ID` what their logs cost, `l:ID:STREAM` a log's facts, `e:ID:STREAM` its
 * events, `a:HANDLE` the text of a handle.
 *
 * @module
 */

import { LOGS } from "./script_logs.ts";
import { SESSIONS } from "./script_sessions.ts";

const COMMON = `
local P, op = KEYS[1], ARGV[1]
local call = redis.call
local function num(i) return tonumber(ARGV[i]) end
local HOUR, DAY = 3600000, 86400000

-- A key lives at least so long.
local function atLeast(key, ttl)
  if call('PTTL', key) < ttl then call('PEXPIRE', key, string.format('%.0f', ttl)) end
end
`;

const HANDLES = `
if op == 'replace' then
  local key = P .. 'a:' .. ARGV[2]
  local found = call('GET', key)
  if not found or tonumber(string.match(found, '^%d+')) <= num(5) then return 0 end
  call('SET', key, ARGV[3], 'PX', ARGV[4])
  return 1
end
`;

/** The script. */
export const SCRIPT: string = `${COMMON}${HANDLES}${SESSIONS}${LOGS}
return redis.error_reply('ERR unknown operation ' .. op)
`;
