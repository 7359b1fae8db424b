/**
 * What has to happen at one moment. Leases are places in a sorted set by the time of Redis: no node's clock matters.
 * `members` (id by the end of its lease), `instances`, `infos`, `states` (by id) always change together.
 */
import { createHash } from 'node:crypto';

export interface Script {
  lua: string;
  sha: string;
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/** Takes away whose lease has ended. */
const SWEEP = `
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
  redis.call('HDEL', KEYS[4], id)
end`;

/**
 * KEYS members instances infos states proof settling;
 * ARGV id instance leaseMs info state freshProof acceptedProof rejoin settleMs.
 * -> `joined`, `taken` and ms until the lease ends, or `prove` and the proof that is to be checked.
 */
export const JOIN = script(`${NOW}${SWEEP}
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder and holder ~= ARGV[2] then
  return {'taken', tostring(redis.call('ZSCORE', KEYS[1], ARGV[1]) - now)}
end
local others = redis.call('ZCARD', KEYS[1])
if holder then others = others - 1 end
local proof = redis.call('GET', KEYS[5])
if others > 0 and proof and proof ~= ARGV[7] then return {'prove', proof} end
if others == 0 or not proof then redis.call('SET', KEYS[5], ARGV[6]) end
if others == 0 and ARGV[8] == '1' then redis.call('SET', KEYS[6], '1', 'PX', ARGV[9]) end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[5])
return {'joined'}`);

/** KEYS members instances infos states; ARGV id instance leaseMs state. -> `ok` and (id instance state)*, or `lost` and the holder. */
export const BEAT = script(`${NOW}
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder ~= ARGV[2] then return {'lost', holder or ''} end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[4])${SWEEP}
local reply = {'ok'}
local ids = redis.call('ZRANGE', KEYS[1], 0, 4095)
local instances = redis.call('HMGET', KEYS[2], unpack(ids))
local states = redis.call('HMGET', KEYS[4], unpack(ids))
for i, id in ipairs(ids) do
  reply[#reply + 1] = id
  reply[#reply + 1] = instances[i] or ''
  reply[#reply + 1] = states[i] or ''
end
return reply`);

/** KEYS members instances infos states; ARGV id instance. -> 1 if that instance was a member and is none now. */
export const EVICT = script(`
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1`);

/** A home is `id instance sealed`, and is one while that instance is a member. */
const HOLDER = `
local held = redis.call('GET', KEYS[1])
local node, instance
if held then node, instance = string.match(held, '^(%S+) (%S+) ') end
local lives = node and redis.call('HGET', KEYS[2], node) == instance
  and tonumber(redis.call('ZSCORE', KEYS[3], node) or '0') > now`;

/**
 * KEYS home instances members settling; ARGV id instance value ttlMs reclaim.
 * -> `ours`, `held` and the value, `settling` and ms, or `lost`.
 */
export const CLAIM = script(`${NOW}${HOLDER}
local mine = node == ARGV[1] and instance == ARGV[2]
if lives and not mine then return {'held', held} end
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return {'lost'} end
if not mine and ARGV[5] ~= '1' then
  local left = redis.call('PTTL', KEYS[4])
  if left > 0 then return {'settling', tostring(left)} end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return {'ours'}`);

/** KEYS home instances members. -> the value, if its node lives. */
export const HOME = script(`${NOW}${HOLDER}
if lives then return held end
return false`);

/** KEYS home; ARGV id instance. -> 1 if it was theirs. */
export const RELEASE = script(`
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local node, instance = string.match(held, '^(%S+) (%S+) ')
if node ~= ARGV[1] or instance ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`);

/** KEYS home; ARGV node instance value ttlMs. -> 1: another's from now on, 0: it was not this node's. */
export const PASS = script(`
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local node, instance = string.match(held, '^(%S+) (%S+) ')
if node ~= ARGV[1] or instance ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`);

/** KEYS hash; ARGV field value. -> deletes the field if it still has that value. */
export const FORGET = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`);
