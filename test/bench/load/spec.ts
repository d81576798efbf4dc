/** What a load generator sends, and what it found. */

/** A load. */
export interface Load {
  readonly port: number;
  readonly method: "POST" | "GET";
  /** `{session}` stands for one of the sessions, in turn. */
  readonly headers: Readonly<Record<string, string>>;
  /** `{id}` stands for a number that no request in flight has. */
  readonly body: string;
  readonly sessions: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** What came of it. */
export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  /** Answers that are not 2xx, connections that failed, answers that did not come. Anything but 0 voids the run. */
  readonly failures: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
}

/** Requests that are prepared: more than can be in flight, so that ids can be used again. */
export const PREPARED = 65_536;

export const PATH = "/mcp";
