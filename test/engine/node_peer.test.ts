import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { onClose } from "../../adapters/runtimes/node_peer.ts";

test("a connection on which requests are pipelined for ever keeps nothing of answers that are over", () => {
  const socket = new EventEmitter();
  const over: string[] = [];
  const answers = ["first", "second"].map((name) => {
    // It has no connection while it waits for the answers before it.
    const response = Object.assign(new EventEmitter(), { socket: null });
    onClose({ socket } as never, response as never, () => over.push(name));
    return response;
  });
  answers[0]!.emit("close");
  socket.emit("close");
  assert.deepEqual(over, ["first", "second"]);
});
