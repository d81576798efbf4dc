/**
 * The pure parts: what MCP says about sessions over HTTP, as data and functions without a clock, randomness or I/O. Use
 * them to build another engine, a proxy or a test; to serve MCP, take `mcp-session` itself.
 *
 * A request passes them in this order: `readHead`, `HEAD_RULES` and `HEADER_RULES` by `firstRefusal`, `parseBody`,
 * `eraOf`, `BODY_RULES` or `MODERN_RULES`, `stateOf` and `decide`, `ADMISSION_RULES`; what refuses becomes an answer by
 * `rejectionReply`.
 *
 * @module
 */

export * from "./protocol/revisions.ts";
export * from "./protocol/error_codes.ts";
export * from "./protocol/json_rpc.ts";
export * from "./protocol/media.ts";
export * from "./protocol/authority.ts";
export * from "./protocol/header_values.ts";
export * from "./protocol/base64.ts";
export * from "./protocol/modern.ts";
export * from "./protocol/param_headers.ts";
export * from "./inbound/head.ts";
export * from "./inbound/policy.ts";
export * from "./inbound/rule.ts";
export * from "./inbound/head_rules.ts";
export * from "./inbound/body_rules.ts";
export * from "./inbound/opening_rules.ts";
export * from "./inbound/modern_rules.ts";
export * from "./inbound/quota_rules.ts";
export * from "./session/record.ts";
export * from "./session/machine.ts";
export * from "./outbound/rejections.ts";
export * from "./outbound/reply.ts";
export * from "./outbound/sse.ts";
export * from "./outbound/cors.ts";
