import type { Bus } from "../../core/engine/mod.ts";

/** A bus of plain functions, and what has it say that words may have been missed, as after a lost connection. */
export function missing(own: Bus): { readonly bus: Bus; readonly miss: () => void } {
  let missed = (): void => {};
  const bus: Bus = {
    ...own,
    missed(listener) {
      missed = listener;
      return () => {};
    },
  };
  return { bus, miss: () => missed() };
}
