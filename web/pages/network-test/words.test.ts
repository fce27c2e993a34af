// What figures mean, in words: each case is what both sides measured, and what the person reads.
import { describe, expect, test } from "bun:test";
import type { CheckedVoice } from "../../../core/call/call-control.ts";
import { findingsOf, gradeOf, type MeasuredByBrowser, measuredByBrowser, type NetworkTest } from "../../../core/telephony/network-test.ts";
import { inLanguage, languages } from "../../ui/text.ts";
import { findingText, reportOf, verdictOf } from "./words.ts";

const way = { packets: 750, lost: 0, jitterMs: 2, mos: 4.4 };
const clean: CheckedVoice = { offered: ["192.0.2.10:19000"], up: way, down: way, roundTripMs: 20 };
const browser: MeasuredByBrowser = {
  ...{ isSecure: true, microphone: "heard", socketMs: 12, clockOffsetMs: 40, voice: "up", attachment: null },
  pair: { local: "10.1.1.7:50000", remote: "192.0.2.10:19000", kind: "host", protocol: "udp" },
  heard: { packets: 750, lost: 0, jitterMs: 2, sent: 750, roundTripMs: 20 },
};

type Change = Partial<MeasuredByBrowser> & { readonly server?: Partial<CheckedVoice> | null; readonly at?: Partial<NetworkTest> };
function tested({ server, at, ...measured }: Change = {}): NetworkTest {
  return {
    ...{ id: "0192f0c1-0000-7000-8000-000000000001", at: 1_730_616_042_309, browserAddress: "10.1.1.7", browser: "Firefox" },
    measured: { ...browser, ...measured },
    voice: server === null ? null : { ...clean, ...server },
    offered: clean.offered,
    ...at,
  };
}
const upLost = (lost: number, mos: number) => ({ up: { ...way, packets: 750 - lost, lost, mos } });

const cases: readonly (readonly [what: string, change: Change, verdict: string, ...findings: RegExp[]])[] = [
  ["a clean path", {}, "Voice is good both ways."],
  [
    "4 % lost on Wi-Fi",
    { attachment: "wifi", server: upLost(30, 4) },
    "Voice is fair: good enough",
    /^Loss upstream 4 %.*on Wi-Fi: go nearer/,
  ],
  ["10 % lost upstream", { server: upLost(75, 3.4) }, "Others would hear you badly.", /^Loss upstream 10 %.*Look at the Wi-Fi first/],
  [
    "10 % lost downstream on a cable",
    { attachment: "ethernet", server: { down: { ...way, packets: 675, lost: 75, mos: 3.4 } } },
    "You would hear others badly.",
    /^Loss downstream 10 %.*on a cable/,
  ],
  ["a long way", { server: { roundTripMs: 320 } }, "Voice is good both ways.", /^Round trip 320 ms.*Is there a VPN\?/],
  [
    "a long way by VPN",
    { attachment: "vpn", server: { roundTripMs: 320 } },
    "Voice is good",
    /^Round trip 320 ms.*is on a VPN: try without/,
  ],
  [
    "an uneven way",
    { server: { up: { ...way, jitterMs: 45 } } },
    "Voice is fair",
    /^What this browser sends arrives unevenly \(jitter 45 ms\)/,
  ],
  [
    "one way only",
    { server: { up: { packets: 0, lost: 750, jitterMs: 0, mos: null } } },
    "Others would not hear you.",
    /^Nothing of what this browser sends arrives/,
  ],
  [
    "a browser that sends nothing",
    { heard: { ...browser.heard, sent: 0 }, server: { up: { packets: 0, lost: 0, jitterMs: 0, mos: null } } },
    "Others would not hear you.",
    /^This browser sends nothing/,
  ],
  ["a microphone that cannot be listened to", { microphone: "allowed" }, "Voice is good both ways."],
  [
    "UDP is blocked",
    { voice: "blocked", pair: null },
    "Voice does not get through.",
    /^UDP to port 19000 does not get through \(192\.0\.2\.10:19000\), and neither does TCP: open it/,
  ],
  [
    "UDP is blocked, and TCP is not",
    { pair: { ...browser.pair!, protocol: "tcp" } },
    "Voice is good both ways.",
    /^UDP to port 19000 does not get through, so voice goes by TCP/,
  ],
  [
    "a browser from outside, and private addresses",
    { voice: "blocked", pair: null, at: { browserAddress: "203.0.113.7", offered: ["10.0.0.5:19000", "[fd00::5]:19000"] } },
    "Voice does not get through.",
    /private addresses only \(10\.0\.0\.5:19000, \[fd00::5\]:19000\).*--public-address, and pass UDP port 19000 on/,
  ],
  ["keys that were not agreed", { voice: "no-keys" }, "Voice does not get through.", /keys were not agreed.*MTU/],
  ["a server that takes no test", { voice: "refused", server: null }, "Voice was not tested.", /took no test/],
  ["another node's figures", { server: null }, "Voice gets through, its figures are not known.", /own figures are missing/],
  ["http on another machine", { isSecure: false, microphone: "none" }, "Voice is good both ways.", /^This page is not secure.*https/],
  ["a microphone that is refused", { microphone: "refused" }, "Voice is good", /^The microphone is not allowed/],
  ["no microphone", { microphone: "none" }, "Voice is good", /^There is no microphone/],
  ["a silent microphone", { microphone: "silent" }, "Voice is good", /nothing was heard: speak/],
  ["no WebSocket", { socketMs: null, clockOffsetMs: null }, "Voice is good", /^The WebSocket to the server does not open/],
  ["a slow WebSocket", { socketMs: 800 }, "Voice is good", /^The WebSocket answers after 800 ms/],
  ["a clock that is ahead", { clockOffsetMs: 60_000 }, "Voice is good", /clock is 60 s ahead of the server's/],
  ["a clock that is behind", { clockOffsetMs: -60_000 }, "Voice is good", /clock is 60 s behind the server's/],
];

describe("the verdict", () => {
  for (const [what, change, verdict, ...findings] of cases)
    test(what, () => {
      const one = tested(change);
      expect(verdictOf(one)).toStartWith(verdict);
      const said = findingsOf(one).map(findingText);
      expect(said.length).toBe(findings.length);
      for (const [i, finding] of findings.entries()) expect(said[i]).toMatch(finding);
    });

  test("grades turn where the help page says", () => {
    const grade = (up: Partial<typeof way>) => gradeOf(tested({ server: { up: { ...way, ...up } } }), "up");
    expect([grade({ mos: 4 }), grade({ mos: 3.99 }), grade({ mos: 3.6 }), grade({ mos: 3.59 })]).toEqual(["good", "fair", "fair", "poor"]);
    expect([grade({ packets: 991, lost: 9 }), grade({ packets: 990, lost: 10 })]).toEqual(["good", "fair"]);
    expect([grade({ packets: 951, lost: 49 }), grade({ packets: 950, lost: 50 })]).toEqual(["fair", "poor"]);
    expect([grade({ jitterMs: 29 }), grade({ jitterMs: 30 })]).toEqual(["good", "fair"]);
  });

  test("every finding has a sentence in German, too", () => {
    const german = languages.find(({ tag }) => tag === "de-DE")!;
    const behind = tested({ clockOffsetMs: -60_000 });
    expect(inLanguage(german, () => findingsOf(behind).map(findingText))).toEqual([
      "Die Uhr dieses Rechners geht gegenüber der des Servers 60 s nach: Lassen Sie ihn die Zeit selbst stellen.",
    ]);
  });

  test("the text for the help desk has all of it", () => {
    const text = reportOf(tested({ attachment: "wifi", server: upLost(75, 3.4) }), "Alice");
    for (const part of ["Alice", "Others would hear you badly.", "- Loss upstream 10 %", "MOS 3.4, Lost 10.0 %, Jitter 2.0 ms", "Wi-Fi"])
      expect(text).toContain(part);
    expect(text).toContain("10.1.1.7:50000 → 192.0.2.10:19000 (direct, UDP)");
    const ways = [
      [{ kind: "prflx", protocol: "tcp" }, "(TCP)"],
      [{ kind: "prflx", protocol: "udp" }, "(through NAT, UDP)"],
      [{ kind: "relay", protocol: "udp" }, "(through a TURN server, UDP)"],
    ] as const;
    for (const [way, said] of ways) expect(reportOf(tested({ pair: { ...browser.pair!, ...way } }), "Alice")).toContain(`19000 ${said}`);
  });
});

test("a page's figures have bounds", () => {
  expect(measuredByBrowser.safeParse(browser).success).toBe(true);
  const wrong = [
    { heard: { ...browser.heard, packets: -1 } },
    { pair: { ...browser.pair, local: "x".repeat(101) } },
    { socketMs: Number.NaN },
    { attachment: "pigeon" },
    { more: true },
  ];
  for (const change of wrong) expect(measuredByBrowser.safeParse({ ...browser, ...change }).success).toBe(false);
});
