/**
 * Fresh ids, and what the names of streams say.
 *
 * @module
 */

const POOL = new Uint8Array(3 * 1024);
let used = POOL.length;

/**
 * A random token of `bytes` bytes, a multiple of 3, as base64url. Entropy is drawn in bulk: a draw a
 * token is most of what a session costs.
 */
export function randomToken(bytes: number): string {
  if (used + bytes > POOL.length) {
    crypto.getRandomValues(POOL);
    used = 0;
  }
  let binary = "";
  for (const end = used + bytes; used < end; used++) {
    binary += String.fromCharCode(POOL[used]!);
    // What was given out must not lie about in memory.
    POOL[used] = 0;
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_");
}

/** A session id: 144 random bits, 24 visible characters (the revisions ask for "cryptographically secure"). */
export function mintSessionId(): string {
  return randomToken(18);
}

const NODE_CHARACTERS = 12;

/** A name for this handler among those that share a backend: 72 random bits, letters and digits only. */
export function mintNodeId(): string {
  return randomToken(9).replace(/[-_]/g, "0");
}

/** The node that writes a stream, by the stream's name; undefined for a session's standalone stream. */
export function writerOf(stream: string): string | undefined {
  return isStandalone(stream) ? undefined : stream.slice(0, NODE_CHARACTERS);
}

/** True for the name of a session's standalone stream, false for that of a stream that answers a call. */
export function isStandalone(stream: string): boolean {
  return stream.length <= NODE_CHARACTERS;
}

/** The name of a session's standalone stream: the same on every node, another for every session. */
export function standaloneStream(session: string): string {
  // cyrb53: two 32-bit multiply-xor rounds. No secret depends on it; logs are kept by session anyway.
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < session.length; i++) {
    const code = session.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  // Eleven characters at most.
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}
