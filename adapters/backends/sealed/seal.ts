/**
 * Records as ids: encrypted and authenticated with AES-256-GCM.
 *
 * An id is the letter of its format, three characters that name the key, and as base64url: a random
 * nonce of 96 bits, then sealed the revision (1 byte), the times of opening and of expiry (6 bytes
 * each, milliseconds), the principal (its length plus one, 0 for none; then JSON without the quotes) and the packed params. Of a
 * principal that is long there is a digest, and 255 for the length.
 *
 * @module
 */

import { fromBase64url, toBase64url } from "../../../core/engine/base64url.ts";
import type { TooLarge } from "../../../core/engine/ports.ts";
import { SESSION_ID_MAX } from "../../../core/protocol/header_values.ts";
import { LEGACY_REVISIONS } from "../../../core/protocol/revisions.ts";
import type { SessionRecord } from "../../../core/session/record.ts";
import { hex } from "../hex.ts";
import { ownerOf, ownerText } from "../owner.ts";
import { packed, unpacked } from "./params.ts";

/** What an id says. */
export interface Opened {
  /** Its owner is no principal's name where `ownerDigest` is there. */
  readonly record: SessionRecord;
  /** All that is known of the owner: what {@linkcode digestOf} makes of its name. */
  readonly ownerDigest: string | undefined;
  /** When it expires, in milliseconds of the clock. */
  readonly expires: number;
}

const FORMAT = "A";
const NONCE = 12;
/** Revision, two times, length of the principal. */
const HEAD = 14;
/** Bytes of a principal from which on its digest is sealed: issuer and subject often leave too little for the params. */
const LONG = 25;
const DIGEST = 16;
const IS_DIGEST = 255;
/** Bytes beside the head: what is left of the characters, less what the cipher adds. */
const ROOM = Math.floor((SESSION_ID_MAX - 4) * 3 / 4) - NONCE - 16 - HEAD;

/** Revisions by their place. Ids that are out there were made with this list: only ever append to it. */
const REVISIONS: readonly string[] = ["2025-03-26", "2025-06-18", "2025-11-25"];

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true });
const BOUND_TO = ENCODER.encode("mcp-session id A");

interface Key {
  /** Three characters that tell which one it is. */
  readonly name: string;
  readonly key: CryptoKey;
}

/** Seals with the first key, opens with any. */
export class Seal {
  readonly #keys: Promise<readonly Key[]>;

  constructor(keys: readonly Uint8Array[]) {
    this.#keys = Promise.all(keys.map(imported));
    // Whoever seals or opens gets the failure.
    this.#keys.catch(() => {/* see above */});
  }

  /** The id that a record becomes; what would fit into 256 characters, where the least of its params does not. */
  async seal(record: SessionRecord, expires: number): Promise<string | TooLarge> {
    const [{ name, key }] = await this.#keys as readonly [Key];
    const full = record.owner === undefined ? undefined : ENCODER.encode(ownerText(record.owner));
    const isLong = full !== undefined && full.length >= LONG;
    const owner = isLong ? await digest(full) : full;
    const room = ROOM - (owner?.length ?? 0);
    let length = 0;
    for (const text of packed(record.initialize)) {
      const params = ENCODER.encode(text);
      length = params.length;
      if (length > room) continue;
      const size = HEAD + ROOM - room + length;
      const plain = new Uint8Array(size);
      const view = new DataView(plain.buffer);
      // None is -1, which becomes 255.
      view.setUint8(0, REVISIONS.indexOf(record.version ?? ""));
      setTime(view, 1, record.created);
      setTime(view, 7, expires);
      view.setUint8(13, owner === undefined ? 0 : isLong ? IS_DIGEST : owner.length + 1);
      if (owner !== undefined) plain.set(owner, HEAD);
      plain.set(params, HEAD + (owner?.length ?? 0));
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
      const sealed = await crypto.subtle.encrypt(algorithm(nonce), key, plain);
      const bytes = new Uint8Array(NONCE + sealed.byteLength);
      bytes.set(nonce);
      bytes.set(new Uint8Array(sealed), NONCE);
      return FORMAT + name + toBase64url(bytes);
    }
    const limit =
      `${room} bytes for clientInfo.name, clientInfo.version and capabilities, packed into ` +
      `the session's id; these are ${length}`;
    return { limit };
  }

  /** What an id says; undefined where no key of ours has sealed it. */
  async open(id: string): Promise<Opened | undefined> {
    const bytes = id.startsWith(FORMAT) ? bytesOf(id.slice(4)) : undefined;
    if (bytes === undefined) return undefined;
    for (const { name, key } of await this.#keys) {
      if (name !== id.slice(1, 4)) continue;
      try {
        const nonce = bytes.subarray(0, NONCE);
        const plain = await crypto.subtle.decrypt(algorithm(nonce), key, bytes.subarray(NONCE));
        return opened(id, new Uint8Array(plain));
      } catch {
        // Not of this key. Another may have the same name.
      }
    }
    return undefined;
  }
}

/** The first half of a text's SHA-256, in hexadecimal digits. */
export async function digestOf(text: string): Promise<string> {
  return hex(await digest(ENCODER.encode(text)));
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes), 0, DIGEST);
}

function opened(id: string, plain: Uint8Array): Opened {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const revision = REVISIONS[view.getUint8(0)];
  const version = LEGACY_REVISIONS.find((one) => one === revision);
  const length = view.getUint8(13);
  const isDigest = length === IS_DIGEST;
  const params = HEAD + (isDigest ? DIGEST : Math.max(0, length - 1));
  const owner = plain.subarray(HEAD, params);
  const ownerDigest = isDigest ? hex(owner) : undefined;
  const created = getTime(view, 1);
  return {
    expires: getTime(view, 7),
    ownerDigest,
    record: {
      id,
      version,
      owner: isDigest
        ? `sha256:${ownerDigest}`
        : length === 0
        ? undefined
        : ownerOf(DECODER.decode(owner)),
      initialize: unpacked(DECODER.decode(plain.subarray(params)), version),
      created,
      seen: created,
      // Nothing can be noted of it any more: that the client has its id has to be enough.
      ready: true,
      // It does not grow idle, for nobody notes when it was used.
      held: true,
    },
  };
}

async function imported(bytes: Uint8Array): Promise<Key> {
  const raw = new Uint8Array(bytes);
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([...BOUND_TO, ...raw]));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  return { name: toBase64url(new Uint8Array(digest)).slice(0, 3), key };
}

function algorithm(iv: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: new Uint8Array(iv), additionalData: BOUND_TO };
}

function setTime(view: DataView, at: number, ms: number): void {
  const whole = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1);
  view.setUint16(at, Math.floor(whole / 2 ** 32));
  view.setUint32(at + 2, whole % 2 ** 32);
}

function getTime(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

// The last character has bits that say nothing: one id has one spelling.
function bytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  const found = fromBase64url(text);
  if (found === undefined) return undefined;
  const bytes = new Uint8Array(found);
  return toBase64url(bytes) === text ? bytes : undefined;
}
