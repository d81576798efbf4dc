/**
 * Holds a process open while tests run. Node 22 ends one as soon as nothing holds its loop, even while a test waits
 * for a timer that must not hold it; later versions of its runner wait for the test.
 */
import { after } from "node:test";

const hold = setInterval(() => {}, 60_000);
after(() => clearInterval(hold));
