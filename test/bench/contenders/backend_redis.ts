import type * as Redis from "../../../adapters/backends/redis.ts";
import type { Backend } from "../../../core/engine/ports.ts";

export async function open(library: string, location: string): Promise<Backend> {
  const { redis }: typeof Redis = await import(`${library}/adapters/backends/redis.js`);
  const { createClient } = await import("redis");
  const client = createClient({ url: location });
  await client.connect();
  return redis(client);
}
