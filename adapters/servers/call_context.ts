/**
 * Which call is being worked on. Servers send requests to the client from within a handler without
 * saying to which call they belong; `AsyncLocalStorage` knows, where the runtime has it.
 *
 * @module
 */

/** The part of `AsyncLocalStorage` that is used. */
export interface CallContext<T> {
  /** Runs a function, and all that it begins, as part of a call. */
  run(call: T, fn: () => void): void;
  /** The call that this is part of. */
  getStore(): T | undefined;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new <T>() => CallContext<T>;
}

/** A context of one's own. Where the runtime has no such thing, every call is unknown. */
export function callContext<T>(): CallContext<T> {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): AsyncHooks | undefined };
  };
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  return hooks === undefined
    ? { run: (_, fn) => fn(), getStore: () => undefined }
    : new hooks.AsyncLocalStorage<T>();
}
