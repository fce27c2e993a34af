// A caller who waits is not kept in silence by a database that never answers.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import type { ConversationId, QueueId } from "../lib/id.ts";
import { queueFactsMs } from "../lib/limits.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import { queueFacts } from "./queue-facts.ts";

test("a database that never answers gives nothing, in time", async () => {
  const time = new VirtualTime(0);
  const never = () => new Promise<never>(() => undefined);
  const app = {
    env: virtualEnv(time, new Seeded(1)),
    stores: { waiting: { ofQueue: never }, routing: { handled: never, agents: never } },
  } as unknown as App;
  let facts: unknown = null;
  const asked = queueFacts(app, "c" as ConversationId, "q" as QueueId).then((answer) => {
    facts = answer;
  });
  time.next(queueFactsMs - 1);
  await Promise.resolve();
  expect(facts).toBeNull();
  time.next(queueFactsMs);
  await asked;
  expect(facts).toEqual({ position: null, estimatedWaitMs: null });
});
