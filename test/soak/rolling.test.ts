/** The long form, for `npm run soak`: what `test/examples/rolling.test.ts` shows in short. */
import { rollingTests } from "./rolling_tests.ts";

rollingTests({ clients: 8, rounds: 10 }, console.log);
