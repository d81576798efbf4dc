/**
 * For tests: a client that needs no port ({@linkcode testClient}), and the checks that a backend of one's own has to
 * pass ({@linkcode backendKit}).
 *
 * @module
 */

export { backendKit, type Check, type KitOptions } from "./kit.ts";
export { KitError } from "./expect.ts";
export {
  type Fetches,
  RpcFailure,
  type TestCall,
  type TestClient,
  testClient,
  type TestClientOptions,
  type TestEvent,
  type TestStream,
} from "./client.ts";
