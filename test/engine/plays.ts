/** Properties that hold whatever is done, in whatever order, on one node and on two, at every pace of the backend. */
import fc from "fast-check";
import { type Scope, testInWorlds, type World, WORLDS } from "./worlds.ts";

/** One thing that is done. */
export interface Operation<Kind extends string> {
  readonly kind: Kind;
  /** Of what there is of the kind. */
  readonly which: number;
  readonly node: number;
}

/**
 * Tests a property by playing operations of these kinds.
 *
 * @param name What holds, by the name of where: on one node, or on two.
 * @param play Plays them on as many nodes, and checks what has to hold.
 */
export function testPlays<Kind extends string>(
  name: (on: string) => string,
  kinds: readonly Kind[],
  play: (
    operations: readonly Operation<Kind>[],
    world: World,
    count: number,
    scope: Scope,
  ) => Promise<void>,
): void {
  const operation = fc.record({
    kind: fc.constantFrom(...kinds),
    which: fc.nat(99),
    node: fc.nat(1),
  });
  for (const [count, on] of [[1, "one node"], [2, "two nodes"]] as const) {
    testInWorlds(name(on), async (scope, world) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { minLength: 20, maxLength: 60, size: "max" }),
          async (operations) => {
            await play(
              operations,
              WORLDS.map((make) => make()).find(({ name }) => name === world.name)!,
              count,
              scope,
            );
          },
        ),
        { numRuns: 100, endOnFailure: true },
      );
    });
  }
}

/** One of a list, if it has any. */
export function one<T>(list: readonly T[], which: number): T | undefined {
  return list[which % list.length];
}
