/** From nothing to the first answer. */
import { BARE, OURS, PEERS } from "../contenders/list.ts";
import { startServer } from "../host/server.ts";
import { openSession, send, speaking } from "../load/client.ts";
import { CALL, INITIALIZE } from "../load/requests.ts";
import { median, optionsOf, type Row, type Workload } from "./workload.ts";

export const cold: Workload = {
  name: "cold",
  title: "Cold start: a process that imports, listens, opens a session and answers a call",
  more: false,
  async run(context) {
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      const all = [BARE, OURS, ...(context.peers ? PEERS : [])];
      const times = all.map((): number[] => []);
      for (let round = 0; round < (context.effort.quick ? 3 : 7); round++) {
        for (const [i, one] of all.entries()) {
          const options = optionsOf(context, runtime, {
            shape: one.shapes[0]!,
          });
          const started = performance.now();
          const server = await startServer(one.module, options);
          const { id, version } = await openSession(server.port, INITIALIZE);
          const { text } = await send(
            server.port,
            speaking(CALL, version),
            id,
            "You said",
          );
          times[i]!.push(performance.now() - started);
          await server.stop();
          if (!text.includes("You said")) {
            throw new Error(`${one.name} answers ${text}`);
          }
        }
      }
      for (const [i, { name }] of all.entries()) {
        const value = median(times[i]!);
        rows.push({
          workload: "cold",
          runtime,
          contender: name,
          value,
          unit: "ms",
          details: { "ms over bare": value - median(times[0]!) },
        });
        context.log(
          `  ${runtime.padEnd(5)} ${name.padEnd(28)} ${value.toFixed(0)} ms`,
        );
      }
    }
    return rows;
  },
};
