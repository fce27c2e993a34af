// Media workers as threads: groups stay together, loads are spread, and every kind of death is told and mended.
import { afterEach, describe, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import type { MediaEvent } from "./plane.ts";
import { until } from "./support/listening.ts";
import { WorkerPlane } from "./worker-plane.ts";

const env = realEnv("error");
const quiet = { ...env, log: { ...env.log, error: () => undefined } };
const entry = new URL("../../tests/support/mortal-worker.ts", import.meta.url).href;
const planes: WorkerPlane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});

async function start(workers: number): Promise<{ plane: WorkerPlane; events: MediaEvent[] }> {
  const plane = await WorkerPlane.start({
    env: quiet,
    entry,
    starts: Array.from({ length: workers }, (_, worker) => ({
      worker,
      rtpPorts: [43_000 + worker * 100, 43_099 + worker * 100] as const,
      muxAddress: "127.0.0.1",
      muxPort: 43_900 + worker,
      muxTcpPort: 43_900 + worker,
      logLevel: "error",
      prompts: {},
    })),
  });
  planes.push(plane);
  const events: MediaEvent[] = [];
  plane.onEvent((event) => events.push(event));
  return { plane, events };
}

const open = (streamId: string, groupId: string) =>
  ({ kind: "open", streamId, groupId, transport: "rtp", localAddress: "127.0.0.1" }) as const;
const target = { path: "/nowhere/at/all", key: new Uint8Array(32), wrappedKey: new Uint8Array(0), header: new Uint8Array(1) };
const portOf = (events: readonly MediaEvent[], streamId: string) =>
  until(() => {
    const opened = events.find((event) => event.kind === "opened" && event.streamId === streamId);
    return opened?.kind === "opened" ? opened.local.rtpPort : null;
  });

test("a group's streams share a worker, and groups are spread over workers", async () => {
  const { plane, events } = await start(2);
  for (const [streamId, groupId] of [
    ["a1", "a"],
    ["b1", "b"],
    ["a2", "a"],
    ["b2", "b"],
  ] as const)
    plane.send(open(streamId, groupId));
  const workerOf = async (streamId: string) => Math.floor(((await portOf(events, streamId)) - 43_000) / 100);
  const [a1, a2, b1, b2] = [await workerOf("a1"), await workerOf("a2"), await workerOf("b1"), await workerOf("b2")];
  expect([a1, b1]).toEqual([a2, b2]);
  expect(a1).not.toBe(b1);
  expect(plane.load().map(({ muxPort }) => muxPort)).toEqual([43_900, 43_901]);
});

test("a closed stream is forgotten after its last statistics", async () => {
  const { plane, events } = await start(1);
  plane.send(open("a", "g"));
  await portOf(events, "a");
  plane.send({ kind: "close", streamId: "a" });
  await until(() => events.find((event) => event.kind === "stats" && event.final));
  await until(() => plane.load()[0]!.streams === 0);
});

test("a recording that cannot be opened fails alone", async () => {
  const { plane, events } = await start(1);
  plane.send(open("a", "g"));
  plane.send({ kind: "record-start", recordingId: "r", groupId: "g", left: "a", right: null, target });
  await until(() => events.find((event) => event.kind === "recording-failed" && event.recordingId === "r"));
  await portOf(events, "a");
  expect(events.filter((event) => event.kind === "failed")).toEqual([]);
});

test("a worker that cannot bind its port fails the start with the reason", async () => {
  const blocker = await Bun.udpSocket({ hostname: "127.0.0.1", port: 43_900, socket: {} });
  try {
    await expect(start(1)).rejects.toThrow("EADDRINUSE");
  } finally {
    blocker.close();
  }
});

describe("when a worker dies by", () => {
  for (const death of ["exit", "throw", "reject", "hang"] as const) {
    test(`${death}, its streams fail, others do not notice, and a new one takes calls on the same ports`, async () => {
      const { plane, events } = await start(2);
      plane.send(open("doomed", "d"));
      plane.send(open("safe", "s"));
      await Promise.all([portOf(events, "doomed"), portOf(events, "safe")]);
      plane.send({ kind: "stop-play", streamId: "doomed", playId: death });
      const failed = await until(() => events.find((event) => event.kind === "failed"));
      expect(failed).toEqual({ kind: "failed", streamId: "doomed", reason: "worker-died" });
      // Signalling waits for last statistics of every leg.
      await until(() => events.find((event) => event.kind === "stats" && event.streamId === "doomed" && event.final));
      expect(plane.crashes).toBe(1);
      // The other worker's stream lives on.
      plane.send({ kind: "close", streamId: "safe" });
      await until(() => events.find((event) => event.kind === "stats" && event.streamId === "safe" && event.final));
      const doomedPort = await portOf(events, "doomed");
      for (let n = 0; ; n++) {
        plane.send(open(`n${n}`, `n${n}`));
        const port = await portOf(events, `n${n}`);
        if (Math.floor(port / 100) === Math.floor(doomedPort / 100)) break;
        plane.send({ kind: "close", streamId: `n${n}` });
        await until(() => events.find((event) => event.kind === "stats" && event.streamId === `n${n}` && event.final));
      }
    }, 20_000);
  }

  test("every death, what is opened while nobody is up is refused at once", async () => {
    const { plane, events } = await start(1);
    plane.send(open("doomed", "d"));
    await portOf(events, "doomed");
    plane.send({ kind: "stop-play", streamId: "doomed", playId: "exit" });
    await until(() => events.find((event) => event.kind === "failed"));
    plane.send(open("late", "l"));
    plane.send({ kind: "record-start", recordingId: "r", groupId: "l", left: "late", right: null, target });
    await until(() => events.find((event) => event.kind === "failed" && event.streamId === "late"));
    await until(() => events.find((event) => event.kind === "recording-failed"));
  });
});
