/**
 * What the nodes that share a backend tell each other.
 *
 * @module
 */

import { INVALID_REQUEST } from "../../protocol/error_codes.ts";
import type { RequestId, RpcResponse } from "../../protocol/json_rpc.ts";
import type { EndReason } from "../../session/record.ts";
import { attempt } from "../attempt.ts";
import type { Said } from "../calls/client_requests.ts";
import { jsonOf } from "../json.ts";
import type { Change } from "../modern/subscriptions.ts";
import type { Settings } from "../options/options.ts";
import type { Receiver } from "../ports.ts";
import type { Listener } from "../sessions/lifecycle.ts";
import { heardLater, type Telling } from "./telling.ts";

/** What is told about sessions. */
export type ControlWord =
  | { readonly ended: string; readonly reason: EndReason; readonly from: string }
  /** It may have ended: whoever works for it, the sender too, asks the store. */
  | { readonly doubted: string; readonly reason: EndReason; readonly from: string }
  | { readonly ready: string; readonly from: string }
  /** The sender has missed words: everyone, the sender too, tells again what can be looked up nowhere. */
  | { readonly missed: true; readonly from: string }
  | {
    readonly cancelled: string;
    readonly id: RequestId;
    readonly reason: string | undefined;
    readonly from: string;
  };

/** The longest pause before an answer is given up, in milliseconds. */
const PATIENCE_MS = 5_000;

const CONTROL = "control";

/** The topic of what changed. */
export const CHANGES = "changes";

const answers = (node: string): string => `answers/${node}`;

/** What a node listens to, by topic. */
export function topicsOf(
  node: string,
  listener: Listener,
  told: (word: ControlWord) => void,
): readonly (readonly [string, Receiver])[] {
  return [
    [CONTROL, { receive: (text) => told(JSON.parse(text) as ControlWord) }],
    [answers(node), {
      receive(text) {
        const { from, said } = JSON.parse(text) as { from: string; said: Said };
        listener.answered(from, said);
      },
    }],
    [CHANGES, { receive: (text) => listener.changed(JSON.parse(text) as Change) }],
  ];
}

/** Tells every node something about a session. */
export function tell(telling: Telling, word: ControlWord): void {
  telling.tell(CONTROL, JSON.stringify(word), !("cancelled" in word));
}

/** The longest answer, in characters, that is kept for a node that may have missed it. */
const KEPT_MAX = 16 << 10;

/**
 * Passes a client's answer, or word of its progress, to the node that waits for it. Resolves once that is out of this
 * node's hands, or nobody heard it, which is looked after. Rejects with what the bus threw.
 */
export async function passAnswer(
  settings: Settings,
  telling: Telling,
  node: string,
  from: string,
  said: Said,
  gone: () => Promise<boolean>,
): Promise<void> {
  const topic = answers(node);
  const message = answerText(from, said);
  const pass = async (): Promise<boolean> => {
    if (await settings.backend.bus.publish(topic, message) === 0) return false;
    // Its connection may break before it has that. Of progress there will be more.
    if (!("method" in said) && message.length <= KEPT_MAX) telling.keep(topic, message);
    return true;
  };
  if (!await pass()) attempt(settings, () => deliver(settings, pass, gone));
}

// How deep an answer nests is its client's doing: who waits for one that cannot be written out gets an error.
function answerText(from: string, said: Said): string {
  const { jsonrpc, id } = said as RpcResponse;
  const error = { code: INVALID_REQUEST, message: "The client's answer nests too deep" };
  return jsonOf({ from, said }) ?? JSON.stringify({ from, said: { jsonrpc, id, error } });
}

// A node that lives may be about to listen again after a lost connection.
async function deliver(
  { backend, clock }: Settings,
  pass: () => Promise<boolean>,
  gone: () => Promise<boolean>,
): Promise<void> {
  if (!heardLater(backend)) return;
  for (let pause = 50; pause <= PATIENCE_MS; pause *= 2) {
    if (await gone()) return;
    await new Promise<void>((resolve) => clock.after(pause, resolve));
    if (await pass()) return;
  }
}
