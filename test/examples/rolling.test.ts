import { rollingTests } from "../soak/rolling_tests.ts";

rollingTests({ clients: 4, rounds: 1 });
