// What is written of registrations: the newest of each, some at a time, and again after a database that was away.
import { expect, test } from "bun:test";
import type { StationId } from "../core/lib/id.ts";
import type { BindingKey, KeptBinding } from "../core/telephony/binding.ts";
import { KeptBindings } from "./kept-bindings.ts";
import { fakeEnv } from "./support/fake-env.ts";

const stationId = "phone" as StationId;
const binding = (contact: string, seq: number): Omit<KeptBinding, "nodeId"> => ({
  ...{ stationId, contact, address: "127.0.0.3", port: 5060, expiresAt: 1, callId: "c", seq },
});

function host() {
  const env = fakeEnv();
  const written: string[] = [];
  const database = { isAway: false };
  const kept = new KeptBindings(env, {
    kept: async () => [],
    write: async (changed: readonly Omit<KeptBinding, "nodeId">[], gone: readonly BindingKey[]) => {
      if (database.isAway) throw new Error("away");
      written.push([...changed.map(({ contact, seq }) => `${contact}=${seq}`), ...gone.map(({ contact }) => `-${contact}`)].join(" "));
    },
  });
  return { env, kept, written, database };
}

test("many changes are one write, and of each the newest", async () => {
  const { env, kept, written } = host();
  kept.keep(binding("a", 1));
  kept.keep(binding("a", 2));
  kept.keep(binding("b", 1));
  kept.forget({ stationId, contact: "b" });
  env.advance(500);
  await kept.flush();
  expect(written).toEqual(["a=2 -b"]);
});

test("while the database is away nothing is lost, and what is newer stays newer", async () => {
  const { env, kept, written, database } = host();
  database.isAway = true;
  kept.keep(binding("a", 1));
  kept.keep(binding("b", 1));
  await kept.flush();
  expect(written).toEqual([]);
  database.isAway = false;
  kept.forget({ stationId, contact: "a" });
  env.advance(5_000);
  await kept.flush();
  expect(written).toEqual(["b=1 -a"]);
  expect(env.timersLeft()).toBe(0);
});
