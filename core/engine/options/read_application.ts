/**
 * Checking an application: once, when a handler is made. It may be an object of any class and have more than this
 * library knows.
 *
 * @module
 */

import { isObject } from "../../protocol/json_rpc.ts";
import type { Application } from "../application.ts";
import { OptionError } from "../errors.ts";
import {
  accept,
  fetching,
  fn,
  needed,
  object,
  oneOf,
  readEach,
  type ReadersOf,
  readOnly,
  text,
} from "./readers.ts";

type Given<Name extends keyof Application> = Exclude<Application[Name], undefined>;

const APPLICATION = {
  request: needed<Given<"request">>,
  serverInfo(name: string, given?: Given<"serverInfo">) {
    if (object(name, given) === undefined) return;
    const part = (what: string, value: unknown) =>
      accept(`${name}.${what}`, value, typeof value === "string", "is not a string");
    part("name", given!.name);
    part("version", given!.version);
  },
  // Official clients fail on anything else, without a word to the server.
  capabilities(name: string, given?: Given<"capabilities">) {
    for (const [what, value] of Object.entries(object(name, given) ?? {})) {
      object(`${name}.${what}`, value);
    }
  },
  instructions: text,
  notification: fn<Given<"notification">>,
  initialize: fn<Given<"initialize">>,
  tools: fn<Given<"tools">>,
  cache: (name: string, given: Given<"cache"> = {}) => readOnly(CACHE, given, name),
  subscribed: fn<Given<"subscribed">>,
  ended: fn<Given<"ended">>,
  holds: fn<Given<"holds">>,
  eras: oneOf("both", "legacy", "modern"),
  modern: fetching<Given<"modern">>,
  changed: fn<Given<"changed">>,
  close: fn<Given<"close">>,
} satisfies ReadersOf<Application>;

// 2026-07-28 server/utilities/caching: `ttlMs` is an integer of at least 0.
const CACHE = {
  ttlMs: (name: string, given = 0) =>
    accept(
      name,
      given,
      Number.isSafeInteger(given) && given >= 0,
      "is not a number of whole milliseconds, 0 or more",
    ),
  scope: oneOf("private", "public"),
} satisfies ReadersOf<Given<"cache">>;

/**
 * Checks an application.
 *
 * @throws {OptionError} Names the part that cannot be.
 */
export function checkApplication(application: Application): void {
  const { serverInfo, initialize } = application ?? {};
  const unnamed = serverInfo === undefined && initialize === undefined;
  accept(
    "application",
    application,
    isObject(application) && !(unnamed && "connect" in application),
    "is no application: it needs request, and serverInfo or initialize; sdkServer(() => server) makes an SDK's server one",
  );
  readEach(APPLICATION, application);
  if (unnamed) {
    throw new OptionError("serverInfo", "is missing; without it the application needs initialize");
  }
}
