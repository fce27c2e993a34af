// The switchboard at a stop, in a simulated world: nobody is left talking to a node that has gone.
import { expect, test } from "bun:test";
import type { CallCommand } from "../call/call-control.ts";
import { type LegId, newId } from "../lib/id.ts";
import { Faults } from "../simulation/faults.ts";
import { World } from "../simulation/world.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets virtual time pass until the promise is done. */
async function passing<T>(world: World, work: Promise<T>): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  work.then(end, end);
  while (!done) {
    await settle();
    if (!done) world.time.next(world.time.now + 1_000);
  }
  return work;
}

test("a stop is over when the hang-ups have left, not when they were decided: they wait for the disk", async () => {
  const world = new World({ seed: 7, hours: 1, callersPerHour: 1, agents: 1, nodes: 1, faults: new Faults(null), settle });
  await passing(world, world.build());
  const [node] = world.nodes;
  const { legs, exchange, env } = node!;
  const commands: CallCommand[] = [];
  const send = legs.send.bind(legs);
  legs.send = (command) => {
    commands.push(command);
    send(command);
  };
  const legId = newId<LegId>(env);
  legs.ring(newId(env), legId, world.random);
  for (let i = 0; i < 1_000 && !commands.some(({ kind }) => kind === "play"); i++) {
    await settle();
    world.time.next(world.time.now + 100);
  }
  expect(commands.map(({ kind }) => kind)).toContain("play");
  await passing(world, exchange.endAll("node-stopped"));
  expect(commands).toContainEqual({ kind: "hang-up", legId, reason: "normal" });
});
