// sipp, an independent SIP implementation, calls us over UDP and TCP; skipped where it is not installed.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import type { TrunkId } from "../../core/lib/id.ts";
import { Telephony } from "../../telephony/start.ts";
import { FakeMedia } from "../../telephony/support/fake-media.ts";
import { plainOffer, TestPeer } from "../../telephony/support/test-peer.ts";

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
      trunkManner: () => null,
      certificateDemand: () => null,
      mediaEncryption: () => "disabled",
      isCallForHelp: () => false,
      trunks: () => [],
      phone: () => null,
      station: () => null,
      isPhoneAddress: () => false,
    },
    listen: [
      { transport: "udp", address: "127.0.0.1", port: 0 },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
    ],
    recordingTarget: () => Promise.reject(new Error("nothing is recorded here")),
  });
  telephony.control.onEvent((event) => {
    if (event.kind === "call.offered") {
      const { legId } = event;
      const answer = (): void => telephony.control.send({ kind: "answer", legId });
      if (event.called === "183") {
        telephony.control.send({ kind: "progress", legId });
        // The 183 has left by then; its PRACK may have come or not.
        realEnv("error").clock.after(50, answer);
      } else {
        telephony.control.send({ kind: "ring", legId });
        answer();
      }
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

const scenario = (name: string): string => new URL(`./sipp/${name}.xml`, import.meta.url).pathname;

/** One call of sipp's, as a scenario tells; 0: all of it came true. */
function play(name: string, ...more: string[]): Promise<number> {
  const command = [sipp!, "-sf", scenario(name), "-t", "u1", "-m", "1", "-timeout", "60", "-timeout_error", "-nostdin", ...more];
  return Bun.spawn(command, { stdout: "ignore", stderr: "ignore", cwd: "/tmp", env: { ...process.env, TERM: "dumb" } }).exited;
}

test.skipIf(sipp === null)(
  "sipp requires reliable provisionals, and its PRACK comes before our 200",
  async () => {
    ends.length = 0;
    expect(await play("caller-prack", "-s", "183", "-i", "127.0.0.5", `127.0.0.1:${telephony.ports[0]}`)).toBe(0);
    expect(ends).toEqual(["hung-up"]);
  },
  70_000,
);

test.skipIf(sipp === null)(
  "sipp rings reliably, and our PRACK lets it answer",
  async () => {
    const port = 15_071;
    const played = play("called-prack", "-i", "127.0.0.7", "-p", String(port));
    await using alice = await TestPeer.udp(realEnv("error"), "127.0.0.6", port, "127.0.0.7");
    alice.call("bob", plainOffer("127.0.0.6"));
    const { session } = await alice.next("session", ({ event }) => event.kind === "answered");
    session.send({ kind: "confirm" });
    expect(await played).toBe(0);
  },
  70_000,
);

test.skipIf(sipp === null)(
  "sipp's call for 90 seconds is refreshed by our UPDATE after 45",
  async () => {
    ends.length = 0;
    expect(await play("caller-timer", "-s", "4930222", "-i", "127.0.0.5", `127.0.0.1:${telephony.ports[0]}`)).toBe(0);
    expect(ends).toEqual(["hung-up"]);
  },
  70_000,
);
