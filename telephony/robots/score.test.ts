// Tests of the count: a call is good only when both its ends heard the other, and each bad one is counted once, by its reason.
import { expect, test } from "bun:test";
import type { StreamStats } from "../media/plane.ts";
import type { AnswerReport, CallReport } from "./robots.ts";
import { score, spread } from "./score.ts";
import { type Heard, nothingHeard } from "./voice.ts";

const stats = (received: number, lost: number, jitterMs: number): StreamStats => ({
  ...{ packetsSent: received, packetsReceived: received, bytesSent: 0, bytesReceived: 0, packetsLost: lost, packetsDiscarded: 0 },
  ...{ jitterMs, jitterMsMax: jitterMs, remotePacketsLost: null, remoteJitterMs: null, roundTripMs: null, roundTripMsMax: null },
  ...{ packetsDuplicated: 0, packetsRefused: 0, codec: "PCMA", protection: "none", protocol: "udp", from: null, to: null },
});

function call(number: string, change: Partial<CallReport> = {}, heard: Partial<Heard> = { agent: 11_000 }): CallReport {
  return {
    plan: { number, name: "", called: "1", keys: [], hears: "agent", patienceMs: 1, talkMs: 1 },
    ...{ outcome: "talked", setupMs: 10, waitedMs: 1_000, talkedMs: 20_000, connectedMs: 30_000 },
    end: { by: "us", why: "bye", heard: { ...nothingHeard, ...heard }, stats: stats(1_000, 0, 2) },
    ...change,
  };
}

function answer(callerNumber: string, heard: Partial<Heard> = { caller: 11_000 }): AnswerReport {
  return {
    callerNumber,
    talkedMs: 20_000,
    end: { by: "peer", why: "bye", heard: { ...nothingHeard, ...heard }, stats: stats(900, 100, 8) },
  };
}

test("a call that both heard is good", () => {
  const found = score([call("1"), call("2")], [answer("2"), answer("1")]);
  expect(found).toMatchObject({ tried: 2, answered: 2, heardBothWays: 2, failed: {}, callMinutes: 1 });
  expect(found.setupMs).toEqual({ p50: 10, p99: 10, max: 10 });
  expect(found.lossPercent).toBeCloseTo(5, 5);
  expect(found.jitterMs).toEqual({ p50: 2, p99: 8, max: 8 });
});

const bad: readonly (readonly [why: string, report: CallReport, answers: readonly AnswerReport[]])[] = [
  [
    "refused (503)",
    call("1", { outcome: "refused", setupMs: null, end: { by: "peer", why: "503", heard: nothingHeard, stats: null } }),
    [],
  ],
  ["gave-up (bye)", call("1", { outcome: "gave-up" }), []],
  ["the caller did not hear the agent well", call("1", {}, { agent: 2_000 }), [answer("1")]],
  ["the caller did not hear the agent well", call("1", {}, { agent: 11_000, caller: 100 }), [answer("1")]],
  ["the agent did not hear the caller well", call("1"), [answer("1", { sound: 20_000 })]],
  ["no agent's end was found", call("1"), [answer("2")]],
];
for (const [why, report, answers] of bad)
  test(`a call is counted as “${why}”`, () => {
    const found = score([report, call("3")], [...answers, answer("3")]);
    expect([found.tried, found.heardBothWays]).toEqual([2, 1]);
    expect(found.failed).toEqual({ [why]: 1 });
  });

test("where the agents are not ours, the caller's ear decides alone", () => {
  const found = score([call("1", {}, { sound: 500 }), call("2", {}, { silence: 9_000 })], null);
  expect([found.heardBothWays, found.failed]).toEqual([1, { "nothing was heard": 1 }]);
});

test("of a hundred values the 99th is the second largest; of none there is no spread", () => {
  expect(spread(Array.from({ length: 100 }, (_, i) => 100 - i))).toEqual({ p50: 50, p99: 99, max: 100 });
  expect(spread([])).toBeNull();
  expect(score([], [])).toMatchObject({ tried: 0, setupMs: null, jitterMs: null, lossPercent: 0 });
});
