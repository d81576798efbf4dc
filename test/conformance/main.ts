/** The official conformance suite against the examples, on every runtime: `npm run conformance`. */
import { conformance } from "./conformance.ts";

const { failed } = await conformance();
process.exitCode = failed === 0 ? 0 : 1;
