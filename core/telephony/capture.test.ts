// Who may capture, what the log says of it, and that it ends by itself.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { type Actor, nodeActor } from "../authorization/actor.ts";
import { type Permission, permissionsOf } from "../authorization/permissions.ts";
import type { CapturePort } from "../call/call-control.ts";
import { LiveSound } from "../call/live-sound.ts";
import type { DivisionId, OrganizationId, UserId } from "../lib/id.ts";
import { captureKeptMs } from "../lib/limits.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import { type CaptureInput, Captures, captureInput } from "./capture.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const nodeId = "0192f0c1-0000-7000-8000-000000000003";
const input: CaptureInput = {
  ...{ reason: "one-way audio at the carrier", minutes: 30, keepMinutes: 10, withVoice: false },
  ...{ trunkId: null, stationId: null, conversationId: null },
};

function centre() {
  const time = new VirtualTime(Date.UTC(2026, 6, 1));
  const env = virtualEnv(time, new Seeded(7));
  const database = new MemoryDatabase();
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId, stores: database.stores, unit: database, log: database, sound: new LiveSound() },
    passwords: { hash: async (password) => password, verify: async () => false },
    secrets: { seal: (text) => text, open: (sealed) => sealed },
  };
  const did: string[] = [];
  const port: CapturePort = {
    start: ({ withVoice }, keepMs) => void did.push(`start ${withVoice} ${keepMs}`),
    stop: () => void did.push("stop"),
    discard: () => void did.push("discard"),
    status: () => ({ packets: 7, bytes: 700, lost: 0 }),
    async *file() {
      yield new Uint8Array(24);
    },
  };
  const person = (permissions: ReadonlySet<Permission>): Actor => ({
    ...nodeActor(app, "alice"),
    ...{ id: "alice", kind: "user", userId: "alice" as UserId, permissions },
  });
  const admin = permissionsOf(["admin"]);
  const events = async () => (await app.log.find({}, null, 20)).map(({ type, actorId }) => `${type} ${actorId}`).reverse();
  const pass = async (ms: number): Promise<void> => {
    const until = time.now + ms;
    while (time.next(until));
    await new Promise((done) => setImmediate(done));
  };
  return { app, pass, did, events, captures: new Captures(app, port), person, admin: person(admin), adminRights: admin };
}

test("who, when and why are in the log before the first packet is taken; one at a time; its end by hand is told too", async () => {
  const { captures, admin, did, events } = centre();
  await captures.start(admin, input);
  expect(did).toEqual(["start false 600000"]);
  await expect(captures.start(admin, input)).rejects.toThrow("already");
  await captures.download(admin);
  await captures.stop(admin);
  await expect(captures.stop(admin)).rejects.toThrow("There is no capture");
  expect(await events()).toEqual([
    "telephony.capture.started alice",
    "telephony.capture.downloaded alice",
    "telephony.capture.ended alice",
  ]);
  expect([captures.running, captures.last?.reason]).toEqual([null, input.reason]);
});

test("it ends by itself, and what it took an hour later", async () => {
  const { captures, admin, pass, did, events } = centre();
  await captures.start(admin, input);
  await pass(30 * 60_000 - 1);
  expect(captures.running).not.toBe(null);
  await pass(2);
  expect([captures.running, did.at(-1)]).toEqual([null, "stop"]);
  expect((await events()).at(-1)).toBe(`telephony.capture.ended ${nodeId}`);
  await pass(captureKeptMs + 1);
  expect([captures.last, did.at(-1)]).toEqual([null, "discard"]);
  await expect(captures.download(admin)).rejects.toThrow("There is no capture");
});

test("a supervisor may not; and with voice only who may hear recordings, also to take it", async () => {
  const { captures, person, did, adminRights, admin } = centre();
  await expect(captures.start(person(permissionsOf(["supervisor"])), input)).rejects.toThrow("telephony:pcap:add");
  const deaf = person(new Set([...adminRights].filter((permission) => permission !== "recording:recording:view")));
  await expect(captures.start(deaf, { ...input, withVoice: true })).rejects.toThrow("recording:recording:view");
  expect(did).toEqual([]);
  await captures.start(admin, { ...input, withVoice: true });
  await expect(captures.download(deaf)).rejects.toThrow("recording:recording:view");
});

test("a capture that the log does not take is none", async () => {
  const { captures, admin, app, did } = centre();
  const { run } = app.unit;
  app.unit.run = async () => {
    throw new Error("the database is away");
  };
  await expect(captures.start(admin, input)).rejects.toThrow("away");
  expect([captures.last, did]).toEqual([null, []]);
  app.unit.run = run;
});

test("a reason is needed, and no more than four hours", () => {
  const fields = (values: object) => captureInput.safeParse({ ...input, ...values }).error?.issues.map(({ path }) => path[0]);
  expect([fields({}), fields({ reason: "  " }), fields({ minutes: 241 }), fields({ trunkId: "x" })]).toEqual([
    undefined,
    ["reason"],
    ["minutes"],
    ["trunkId"],
  ]);
});
