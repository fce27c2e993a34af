// What a capture keeps: in order of time, within its bounds, without what must not be in it; and whose packets it takes.
import { expect, test } from "bun:test";
import type { CaptureWanted } from "../core/call/call-control.ts";
import type { ConversationId, StationId, TrunkId } from "../core/lib/id.ts";
import { captureBytesMax } from "../core/lib/limits.ts";
import { pcapRecord, pcapRecordAt } from "../core/lib/pcap.ts";
import { PacketCapture } from "./capture.ts";
import { type CapturedLeg, captureMode, isMessageWanted } from "./captured.ts";
import { type Draft, header } from "./sip/message/message.ts";
import type { Flow } from "./sip/transport/flow.ts";
import { fakeEnv } from "./support/fake-env.ts";

const everything: CaptureWanted = { trunkId: null, stationId: null, conversationId: null, withVoice: false };
const [us, them] = [
  { address: "192.0.2.1", port: 5060 },
  { address: "192.0.2.2", port: 5060 },
];
const flow: Flow = { transport: "wss", connectionId: "1", local: us, remote: them };

async function read(capture: PacketCapture): Promise<{ readonly times: number[]; readonly text: string; readonly bytes: number }> {
  const parts: Uint8Array[] = [];
  for await (const part of capture.file()) parts.push(part);
  const file = Buffer.concat(parts);
  const times: number[] = [];
  for (let at = 24; at < file.length; ) {
    const record = pcapRecordAt(file, at);
    times.push(record.atMs);
    at = record.end;
  }
  return { times, text: file.toString("latin1"), bytes: file.length };
}

test("SIP is written as a datagram between the true addresses, without credentials, keys and digits", async () => {
  const capture = new PacketCapture(fakeEnv().clock, () => undefined);
  capture.start(everything, 60_000);
  const message = (type: string, body: string): Draft => ({
    ...{ kind: "request", method: "INFO", uriText: "sip:a@b", body: Buffer.from(body) },
    headers: [
      header("Call-ID", "c"),
      header("Authorization", 'Digest response="5ecre7"'),
      header("Content-Type", type),
      header("Content-Length", "999"),
    ],
  });
  capture.sip("in", flow, message("application/dtmf-relay", "Signal=7\r\n"));
  capture.sip("out", flow, message("application/sdp", "v=0\r\na=crypto:1 X inline:5ecre7\r\na=mid:0\r\n"));
  const { text, times } = await read(capture);
  expect(times).toHaveLength(2);
  for (const secret of ["5ecre7", "Signal=7", "999"]) expect(text).not.toContain(secret);
  for (const fact of ["Authorization: (left out)", "a=mid:0", "Call-ID: c", "Content-Length: 0"]) expect(text).toContain(fact);
  expect(text.match(/Content-Length/g)).toHaveLength(2);
});

test("what workers hand over late stands where it belongs", async () => {
  const env = fakeEnv();
  const capture = new PacketCapture(env.clock, () => undefined);
  capture.start(everything, 60 * 60_000);
  const began = env.clock.now();
  const record = (atMs: number) => pcapRecord(atMs, us, them, new Uint8Array(10));
  for (let i = 0; i < 3_000; i += 10) {
    env.advance(100);
    const now = began + (i / 10 + 1) * 100;
    // The second of two workers is half a second behind the first.
    capture.media(Buffer.concat(Array.from({ length: 10 }, (_, k) => record(now - (i % 20 === 0 ? 500 : 0) + k))), 10, 0);
  }
  const { times } = await read(capture);
  expect(times).toHaveLength(3_000);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("the oldest goes when it is too old or too much, and a new capture begins empty", async () => {
  const env = fakeEnv();
  const told: (boolean | null)[] = [];
  const capture = new PacketCapture(env.clock, (wanted) => told.push(wanted?.withVoice ?? null));
  capture.start(everything, 60_000);
  const big = pcapRecord(0, us, them, new Uint8Array(60_000));
  const batch = Buffer.concat(Array.from({ length: 100 }, () => big));
  for (let i = 0; i < 20; i++) capture.media(batch, 100, 1);
  expect(capture.status().bytes).toBeLessThanOrEqual(captureBytesMax);
  expect(capture.status().lost).toBe(20);
  env.advance(60_001);
  capture.media(big, 1, 0);
  expect(capture.status()).toMatchObject({ packets: 1, bytes: big.length });
  capture.stop();
  capture.stop();
  expect((await read(capture)).bytes).toBe(24 + big.length);
  capture.start({ ...everything, withVoice: true }, 60_000);
  expect(capture.status()).toEqual({ packets: 0, bytes: 0, lost: 0 });
  expect(told).toEqual([false, null, true]);
});

test("of a call in a secure pause nothing of media is taken, whatever is wanted, and no INFO", () => {
  const leg: CapturedLeg = { conversationId: "c" as ConversationId, trunkId: "t" as TrunkId, stationId: null, isPrivate: false };
  const hidden = { ...leg, isPrivate: true };
  const voice = { ...everything, withVoice: true };
  expect([captureMode(null, leg), captureMode(everything, leg), captureMode(voice, leg), captureMode(voice, hidden)]).toEqual([
    "off",
    "headers",
    "voice",
    "off",
  ]);
  expect([isMessageWanted(voice, leg, "INFO"), isMessageWanted(voice, hidden, "INFO"), isMessageWanted(voice, hidden, "BYE")]).toEqual([
    true,
    false,
    true,
  ]);
});

test("a trunk, a station, a conversation: nobody else's", () => {
  const leg: CapturedLeg = { conversationId: "c" as ConversationId, trunkId: "t" as TrunkId, stationId: null, isPrivate: false };
  const mode = (wanted: Partial<CaptureWanted>) => captureMode({ ...everything, ...wanted }, leg);
  expect([mode({ trunkId: "t" as TrunkId }), mode({ trunkId: "u" as TrunkId }), mode({ stationId: "s" as StationId })]).toEqual([
    "headers",
    "off",
    "off",
  ]);
  expect([
    mode({ conversationId: "c" as ConversationId }),
    mode({ conversationId: "c" as ConversationId, trunkId: "u" as TrunkId }),
  ]).toEqual(["headers", "off"]);
});
