import type * as Sqlite from "../../../adapters/backends/sqlite.ts";
import type { Backend } from "../../../core/engine/ports.ts";

export async function open(
  library: string,
  location: string,
): Promise<Backend> {
  const { sqlite }: typeof Sqlite = await import(
    `${library}/adapters/backends/sqlite.js`
  );
  return sqlite(location);
}
