/** The raw generator: a Node process that writes prepared bytes and looks only for the ends of answers. */
import { connect, type Socket } from "node:net";
import process from "node:process";
import { answerLength } from "./answers.ts";
import { type Load, type Outcome, PATH, PREPARED } from "./spec.ts";

process.once("message", (load: Load) => {
  generate(load).then((outcome) => process.send!(outcome, () => process.exit(0)));
});

async function generate(load: Load): Promise<Outcome> {
  const requests = prepare(load);
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  const started = performance.now();
  const end = started + load.seconds * 1000;
  const work = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      let sent = 0;
      let pending: Buffer = Buffer.alloc(0);
      const send = (): void => {
        sent = performance.now();
        if (sent >= end) return void socket.destroy();
        socket.write(requests[next++ % requests.length]!);
      };
      socket.on("data", (chunk: Buffer) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const length = answerLength(pending);
        if (length === undefined) return;
        if (pending[9] !== 0x32) failures++;
        latencies.push(performance.now() - sent);
        pending = pending.subarray(length);
        send();
      });
      socket.on("error", () => failures++);
      socket.on("close", () => {
        if (performance.now() < end) failures++;
        resolve();
      });
      send();
    });
  await Promise.all(
    Array.from(
      { length: load.connections },
      () =>
        new Promise<Socket>((resolve) => {
          const socket: Socket = connect(
            load.port,
            "127.0.0.1",
            () => resolve(socket),
          );
          socket.setNoDelay(true);
        }).then(work),
    ),
  );
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    seconds: (performance.now() - started) / 1000,
    failures,
    median: latencies[latencies.length >> 1] ?? NaN,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
  };
}

function prepare({ port, method, headers, body, sessions }: Load): Buffer[] {
  return Array.from({ length: PREPARED }, (_, i) => {
    const fill = (text: string): string =>
      text.replaceAll("{id}", String(i + 1))
        .replaceAll("{session}", sessions[i % sessions.length] ?? "none");
    const text = fill(body);
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${fill(value)}\r\n`);
    const length = text === "" ? "" : `content-length: ${Buffer.byteLength(text)}\r\n`;
    return Buffer.from(
      `${method} ${PATH} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${
        fields.join("")
      }${length}\r\n${text}`,
    );
  });
}
