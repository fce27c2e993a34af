// sipp, an independent SIP implementation, calls us over UDP and TCP; skipped where it is not installed.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import type { TrunkId } from "../../core/lib/id.ts";
import { Telephony } from "../../telephony/start.ts";
import { FakeMedia } from "../../telephony/support/fake-media.ts";

const sipp = Bun.which("sipp");
const calls = 50;
let telephony: Telephony;
const ends: string[] = [];

beforeAll(async () => {
  telephony = await Telephony.start({
    env: realEnv("error"),
    media: new FakeMedia(),
    addresses: ["127.0.0.1"],
    mediaAddress: "127.0.0.1",
    directory: {
      trunkByAddress: (address) => (address === "127.0.0.5" ? { trunkId: "t" as TrunkId, name: "sipp" } : null),
      trunks: () => [],
      phone: () => null,
      station: () => null,
    },
    listen: [
      { transport: "udp", address: "127.0.0.1", port: 0 },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
    ],
    recordingTarget: () => Promise.reject(new Error("nothing is recorded here")),
  });
  telephony.control.onEvent((event) => {
    if (event.kind === "call.offered") {
      telephony.control.send({ kind: "ring", legId: event.legId });
      telephony.control.send({ kind: "answer", legId: event.legId });
    }
    if (event.kind === "leg.ended") ends.push(event.reason);
  });
});

afterAll(() => telephony[Symbol.asyncDispose]());

for (const [index, mode] of (["u1", "t1"] as const).entries()) {
  test.skipIf(sipp === null)(
    `sipp makes ${calls} calls over ${mode === "u1" ? "UDP" : "TCP"} and none fails`,
    async () => {
      ends.length = 0;
      const target = `127.0.0.1:${telephony.ports[index]}`;
      const load = ["-r", "50", "-m", String(calls), "-d", "100", "-timeout", "15", "-nostdin"];
      const command = [sipp!, "-sn", "uac", "-t", mode, "-s", "4930222", "-i", "127.0.0.5", "-mi", "127.0.0.5", ...load, target];
      const child = Bun.spawn(command, { stdout: "ignore", stderr: "ignore", cwd: "/tmp", env: { ...process.env, TERM: "dumb" } });
      expect(await child.exited).toBe(0);
      expect(ends.filter((reason) => reason === "hung-up").length).toBe(calls);
    },
    20_000,
  );
}
