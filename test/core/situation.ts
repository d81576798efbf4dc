import {
  ADMISSION_RULES,
  type Admitted,
  type Arrival,
  CALL_RULES,
  type Calling,
  eraOf,
  firstRefusal,
  HEAD_RULES,
  HEADER_RULES,
  type HeaderReader,
  isInitialize,
  LEGACY_BODY_RULES,
  LEGACY_REVISIONS,
  LISTEN_RULES,
  type Listening,
  MESSAGE_RULES,
  MIRROR_RULES,
  type Mirrored,
  MODERN_RULES,
  type Opening,
  OPENING_RULES,
  type ParamHeader,
  parseAuthority,
  parseBody,
  type Policy,
  type PolicyLimits,
  type Posted,
  readHead,
  type Rejection,
  type Rule,
} from "../../core/mod.ts";

/** A request and what is known when it comes, as far as it differs from one that nothing refuses. */
export interface Request {
  readonly method?: string;
  /** Fields by lower-case name, in place of the usual ones; null takes one away. A repeated one is joined. */
  readonly fields?: { readonly [name: string]: string | null };
  /** JSON, or a string that is sent as it is. */
  readonly body?: unknown;
  readonly draining?: true | undefined;
  /** The revision that the session speaks. */
  readonly version?: string;
  readonly inFlight?: readonly (string | number)[];
  /** What its principal has going on without a session: calls, and subscriptions. */
  readonly own?: { readonly calls?: number; readonly subscriptions?: number };
  /** Subscriptions that are open. */
  readonly open?: number;
  /** The mirrored parameters of the tool that is called. */
  readonly mirrored?: readonly ParamHeader[];
  readonly policy?: Partial<Policy>;
  readonly limits?: Partial<PolicyLimits>;
}

/** Everything that any rule may look at: each takes its part, those on headers `head` alone. */
export type Facts = Arrival & Posted & Admitted & Opening & Mirrored & Listening & Calling;

/** A rule of any list. */
// deno-lint-ignore no-explicit-any -- what a rule looks at is the business of `ask`
export type AnyRule = Rule<any>;

const POLICY: Policy = {
  eras: "both",
  sessions: "required",
  termination: true,
  staleInitialize: "reject",
  response: "auto",
  allowedHosts: [parseAuthority("localhost")!],
  allowedOrigins: [{ scheme: undefined, ...parseAuthority("localhost")! }],
  cors: false,
  revisions: LEGACY_REVISIONS,
  limits: {
    bodyBytes: 1_000,
    initializeBytes: 100,
    batch: 3,
    inFlight: 2,
    inFlightPerPrincipal: 3,
    streams: 2,
    subscriptions: 4,
    subscriptionsPerPrincipal: 2,
  },
};

const FIELDS = {
  "host": "localhost:3000",
  "content-type": "application/json",
  "accept": "application/json, text/event-stream",
};

/** What the rules are given for a request. */
export function factsOf(request: Request): Facts {
  const { method = "POST", fields, body = { jsonrpc: "2.0", id: 1, method: "tools/list" } } =
    request;
  const all = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...FIELDS, ...fields })) {
    if (value !== null) all.set(name, value);
  }
  const headers: HeaderReader = { get: (name) => all.get(name) ?? null };
  const head = readHead(
    { method, url: "http://localhost:3000/mcp", headers },
    policyOf(request).eras,
  );
  const parsed = parseBody(typeof body === "string" ? body : JSON.stringify(body));
  const { params = {} } = parsed.kind === "request" ? parsed.message : {};
  return {
    head,
    headers,
    body: parsed,
    initialize: JSON.stringify(params),
    asked: params,
    open: request.open ?? 0,
    own: request.own?.subscriptions ?? 0,
    calls: (request.own?.calls ?? 0) + 1,
    draining: request.draining ?? false,
    version: request.version ?? "2025-11-25",
    inFlight: new Set(request.inFlight),
    params: request.mirrored ?? [],
  };
}

/** The options under which a request comes. */
export function policyOf({ policy, limits }: Request): Policy {
  return { ...POLICY, ...policy, limits: { ...POLICY.limits, ...limits } };
}

/** The rules that a request meets, in order. */
export function ladderOf(request: Request): readonly AnyRule[] {
  const { head, body } = factsOf(request);
  const start = [...HEAD_RULES, ...HEADER_RULES];
  if (head.method !== "POST") return start;
  if (eraOf(head, body, policyOf(request).eras) === "modern") {
    const listens = body.kind === "request" && body.message.method === "subscriptions/listen";
    const quota = listens ? LISTEN_RULES : CALL_RULES;
    return [...start, ...MESSAGE_RULES, ...MODERN_RULES, ...MIRROR_RULES, ...quota];
  }
  const stateless = policyOf(request).sessions === "off" ? CALL_RULES : [];
  const found = isInitialize(body) ? OPENING_RULES : [...ADMISSION_RULES, ...stateless];
  return [...start, ...MESSAGE_RULES, ...LEGACY_BODY_RULES, ...found];
}

/** What a rule says of a request. */
export function ask(rule: AnyRule, request: Request): Rejection | undefined {
  const facts = factsOf(request);
  return firstRefusal([rule], HEADER_RULES.includes(rule) ? facts.head : facts, policyOf(request));
}

/** The first rule that refuses a request, and its refusal. */
export function refusal(
  request: Request,
): { readonly rule: AnyRule; readonly rejection: Rejection } | undefined {
  for (const rule of ladderOf(request)) {
    const rejection = ask(rule, request);
    if (rejection !== undefined) return { rule, rejection };
  }
  return undefined;
}
