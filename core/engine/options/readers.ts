/**
 * How options are read, whatever they are the options of: a table has a reader for each. A wrong one throws where
 * it is given and never shows later.
 *
 * @module
 */

import { isObject, type JsonObject } from "../../protocol/json_rpc.ts";
import type { Clock } from "../clock.ts";
import { OptionError, shown } from "../errors.ts";
import type { Backend } from "../ports.ts";

/**
 * Reads one option. Where nothing was given, that is undefined.
 *
 * @param name What to call it in an error.
 */
export type Reader<Given, T> = (name: string, given?: Given) => T;

/** A reader for each option. */
// deno-lint-ignore no-explicit-any -- each takes what its option may be
export type Readers = { readonly [name: string]: Reader<any, unknown> };

/** A table that has a reader for each option of an interface. */
export type ReadersOf<Options> = {
  readonly [name in keyof Options]-?: Reader<Exclude<Options[name], undefined>, unknown>;
};

/** What a table reads. */
export type Read<Table extends Readers> = {
  readonly [name in keyof Table]: ReturnType<Table[name]>;
};

/**
 * Reads the options that a table has, and no others.
 *
 * @param of What holds them, where that is an option itself.
 * @throws {OptionError} Names the option, quotes the value and says what would be accepted.
 */
export function readOnly<Table extends Readers>(
  table: Table,
  given: object,
  of?: string,
): Read<Table> {
  accept(of ?? "options", given, isObject(given), "is not an object of options");
  const names = Object.keys(table);
  const stranger = Object.keys(given).find((name) => !names.includes(name));
  if (stranger === undefined) return readEach(table, given, of);
  throw new OptionError(
    within(of, stranger),
    `no such ${of === "limits" ? "limit" : "option"}; there are ${names.join(", ")}`,
  );
}

/** Reads the options that a table has, whatever stands beside them; otherwise as {@linkcode readOnly}. */
export function readEach<Table extends Readers>(
  table: Table,
  given: object,
  of?: string,
): Read<Table> {
  const options = given as JsonObject;
  return Object.fromEntries(
    Object.entries(table).map(([name, read]) => [name, read(within(of, name), options[name])]),
  ) as Read<Table>;
}

/** One of several words; the first is the default. */
export function oneOf<T extends string>(...values: readonly [T, ...T[]]): Reader<T, T> {
  return (name, given = values[0]) =>
    accept(name, given, values.includes(given), `is none of ${values.join(", ")}`);
}

/** True or false. */
export function flag(standard: boolean): Reader<boolean, boolean> {
  return (name, given = standard) =>
    accept(name, given, typeof given === "boolean", "is not true or false");
}

/** A number, infinity included. */
export function atLeast(least: number, standard: number): Reader<number, number> {
  return (name, given = standard) => {
    const fits = typeof given === "number" && given >= least;
    return accept(name, given, fits, `is not a number of at least ${least}`);
  };
}

/** A number that is not infinite. */
export function finite(least: number, standard: number): Reader<number, number> {
  return (name, given = standard) => {
    const fits = Number.isFinite(given) && given >= least;
    return accept(name, given, fits, `is not a finite number of at least ${least}`);
  };
}

/** A text, where one is given. */
export function text(name: string, given?: string): string | undefined {
  const fits = given === undefined || typeof given === "string";
  return accept(name, given, fits, "is not a string");
}

/** A function, where one is given. */
export function fn<T>(name: string, given?: T): T | undefined {
  return given === undefined ? undefined : needed(name, given);
}

/** A function that has to be given. */
export function needed<T>(name: string, given?: T): T {
  return accept(name, given as T, typeof given === "function", "is not a function");
}

/** An object, where one is given. */
export function object<T extends object>(name: string, given?: T): T | undefined {
  return accept(name, given, given === undefined || isObject(given), "is not an object");
}

/** A handler of Web requests, where one is given. */
export function fetching<T extends { readonly fetch: unknown }>(
  name: string,
  given?: T,
): T | undefined {
  const fits = given === undefined || typeof given?.fetch === "function";
  return accept(name, given, fits, "is no handler: it needs fetch");
}

/** Keys, where some are given; none where not. A list of none is not as if there were none: who gave it meant some. */
export function keys(name: string, given?: readonly Uint8Array[]): readonly Uint8Array[] {
  if (given === undefined) return [];
  // What was given may be a secret.
  if (
    !Array.isArray(given) || !given.every((one) => one instanceof Uint8Array && one.length === 32)
  ) throw new OptionError(name, "expected a list of keys, each a Uint8Array of 32 bytes");
  if (given.length === 0) throw noKeys(name);
  return given;
}

/** Keys are missing. */
export function noKeys(name: string): OptionError {
  return new OptionError(name, "expected at least one key, a Uint8Array of 32 bytes");
}

/** A backend, where one is given. */
export function backend(name: string, given?: Backend): Backend | undefined {
  if (given === undefined) return undefined;
  const fits = [given?.sessions, given?.logs, given?.bus].every(isObject);
  return accept(name, given, fits, "is no backend: it needs sessions, logs and bus");
}

/** A clock. */
export function clock(standard: Clock): Reader<Clock, Clock> {
  return (name, given = standard) => {
    const fits = typeof given?.now === "function" && typeof given.after === "function";
    return accept(name, given, fits, "is no clock: it needs now and after");
  };
}

/** A value that fits; what does not is named and shown. */
export function accept<T>(name: string, given: T, fits: boolean, otherwise: string): T {
  if (fits) return given;
  throw new OptionError(name, `${shown(given)} ${otherwise}`);
}

function within(of: string | undefined, name: string): string {
  return of === undefined ? name : `${of}.${name}`;
}
