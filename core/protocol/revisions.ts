/**
 * The revisions of MCP that this library speaks, and what each of them allows on the wire.
 * To support a further revision, add a row.
 *
 * @module
 */

/** A revision with the `initialize` handshake, and so with sessions. */
export type LegacyRevision = "2025-03-26" | "2025-06-18" | "2025-11-25";

/** A revision without sessions, whose every request carries its own metadata. */
export type ModernRevision = "2026-07-28";

/** A revision of MCP that this library speaks. */
export type Revision = LegacyRevision | ModernRevision;

/**
 * The two kinds of revisions: `legacy` ones begin with `initialize`, `modern` ones carry their metadata in every
 * request.
 */
export type Era = "legacy" | "modern";

/** What one revision says about the wire. */
export interface RevisionFacts {
  /** The revision's date, which is its name on the wire. */
  readonly revision: Revision;
  /** The kind of revision. */
  readonly era: Era;
  /** A POST may hold an array of messages. Only 2025-03-26 has that (basic/index, Batching). */
  readonly batches: boolean;
  /** A stream begins with an event that has an id and empty data (2025-11-25: basic/transports). */
  readonly primingEvent: boolean;
}

/** Every revision, oldest first. */
export const REVISIONS: readonly RevisionFacts[] = [
  {
    revision: "2025-03-26",
    era: "legacy",
    batches: true,
    primingEvent: false,
  },
  {
    revision: "2025-06-18",
    era: "legacy",
    batches: false,
    primingEvent: false,
  },
  {
    revision: "2025-11-25",
    era: "legacy",
    batches: false,
    primingEvent: true,
  },
  {
    revision: "2026-07-28",
    era: "modern",
    batches: false,
    primingEvent: false,
  },
];

/** The revision of a request that names none (2025-11-25, basic/transports, Protocol Version Header). */
export const ASSUMED_REVISION: LegacyRevision = "2025-03-26";

// A Map, because the key comes from the peer: `__proto__` is a value like any other here.
const BY_NAME: ReadonlyMap<string, RevisionFacts> = new Map(
  REVISIONS.map((facts) => [facts.revision, facts]),
);

/** The facts of the revision called `name`; undefined where this library does not speak it. */
export function revisionFacts(name: string): RevisionFacts | undefined {
  return BY_NAME.get(name);
}

/** The legacy revisions, newest first, as they are listed to a client that asked for another. */
export const LEGACY_REVISIONS: readonly LegacyRevision[] = [
  "2025-11-25",
  "2025-06-18",
  "2025-03-26",
];

/** The modern revisions, newest first. */
export const MODERN_REVISIONS: readonly ModernRevision[] = ["2026-07-28"];

/**
 * The version that `initialize` settles on: the requested one where it is spoken, else the newest
 * legacy one (2025-11-25, basic/lifecycle, Version Negotiation).
 */
export function negotiate(requested: string): LegacyRevision {
  return LEGACY_REVISIONS.find((one) => one === requested) ?? LEGACY_REVISIONS[0]!;
}
