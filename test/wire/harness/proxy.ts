/** A relay between a client and a server whose connections a test cuts as a network would. */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Scope } from "./runtime.ts";

/** A relay that listens. */
export interface Proxy {
  readonly port: number;
  /** Breaks every open connection, on both sides. New ones are taken. */
  cut(): void;
}

/** Relays every connection to a port of this machine until the test ends. */
export async function relay(scope: Scope, port: number): Promise<Proxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ port, host: "127.0.0.1" });
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      open.add(from);
      from.on("data", (chunk) => to.write(chunk));
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const cut = (): void => {
    for (const socket of [...open]) socket.destroy();
  };
  scope.after(async () => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    cut();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, cut };
}
