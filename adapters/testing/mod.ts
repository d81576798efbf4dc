/**
 * For tests: the checks that a backend has to pass ({@linkcode backendKit}), and a client that needs no
 * port ({@linkcode testClient}).
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
