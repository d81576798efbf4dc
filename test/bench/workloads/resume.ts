/** A client that comes back for the whole log of a call. */
import { OURS, PEERS } from "../contenders/list.ts";
import { startServer } from "../host/server.ts";
import { openSession, send } from "../load/client.ts";
import { INITIALIZE, LISTEN, type Request, steps } from "../load/requests.ts";
import { median, optionsOf, type Row, type Workload } from "./workload.ts";

export const resume: Workload = {
  name: "resume",
  title: "Resume of a finished call from its first event",
  more: false,
  async run(context) {
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      const all = [OURS, ...(context.peers ? PEERS : [])].filter((
        { resumes },
      ) => resumes);
      for (const one of all) {
        for (const events of [100, 1_000, 10_000]) {
          const server = await startServer(
            one.module,
            optionsOf(context, runtime, { shape: "sse" }),
          );
          try {
            const { id: session } = await openSession(server.port, INITIALIZE);
            const { text } = await send(
              server.port,
              steps(events),
              session,
              "You said",
            );
            // The event before the first progress: the priming one where there is one, else the first.
            const first = /^id: (.+)$/m.exec(text)?.[1];
            if (first === undefined) {
              throw new Error(
                `no event id of ${one.name} in ${text.slice(0, 200)}`,
              );
            }
            const again: Request = {
              ...LISTEN,
              headers: { ...LISTEN.headers, "Last-Event-ID": first },
            };
            const times: number[] = [];
            let short: string | undefined;
            for (let i = 0; i < (events > 1_000 ? 10 : 40); i++) {
              const started = performance.now();
              const answer = await send(
                server.port,
                again,
                session,
                "You said",
              );
              times.push(performance.now() - started);
              const got = answer.text.split("notifications/progress").length -
                1;
              if (got < events - 1) {
                short = `${one.name} replayed ${got} of ${events}`;
                break;
              }
            }
            if (short !== undefined) {
              // The store of the SDK's example puts events of one millisecond into any order.
              if (one === OURS) throw new Error(short);
              context.log(
                `  ${runtime.padEnd(5)} ${short}: no time of it counts`,
              );
              continue;
            }
            const value = median(times);
            rows.push({
              workload: "resume",
              runtime,
              contender: `${one.name}, ${events} events`,
              value,
              unit: "ms",
              details: { "µs an event": value * 1000 / events },
            });
            context.log(
              `  ${runtime.padEnd(5)} ${rows.at(-1)!.contender.padEnd(44)} ${value.toFixed(2)} ms`,
            );
          } finally {
            await server.stop();
          }
        }
      }
    }
    return rows;
  },
};
