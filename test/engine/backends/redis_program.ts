/** Whether there is a Redis to test against. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** The `redis-server` of the PATH, where there is one. */
export const redisProgram: string | undefined = (process.env.PATH ?? "").split(delimiter)
  .map((folder) => join(folder, "redis-server"))
  .find((path) => existsSync(path));

/** For `{ skip }`: false where there is one, else why not. */
export const noRedis: string | false = redisProgram === undefined
  ? "no redis-server in PATH (apt-get install redis-server)"
  : false;
