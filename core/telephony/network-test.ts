// The test of voice between one browser and a node: what both sides measured, and what that means.
import { z } from "zod";
import type { CheckedVoice, CheckedWay } from "../call/call-control.ts";
import { isLoopback, isPrivate } from "../lib/ip-address.ts";

/** How a browser is attached, where it tells. */
export const attachments = ["wifi", "ethernet", "cellular", "vpn"] as const;
const text = z.string().max(100);
const ms = z.number().min(0).max(3_600_000);
const packets = z.number().int().min(0).max(1_000_000);

/** What only the browser knows. It comes from a page, so that every figure has its bounds. */
export const measuredByBrowser = z.strictObject({
  isSecure: z.boolean(),
  /**
   * `allowed`: what it brings cannot be listened to here; `none`: there is none, or the browser gives pages none; `refused`: the person or
   * the browser said no.
   */
  microphone: z.enum(["heard", "silent", "allowed", "refused", "none"]),
  /** There and back over the WebSocket, and how far the browser's clock is before (+) or behind (−) the server's; null: it did not open. */
  socketMs: ms.nullable(),
  clockOffsetMs: z.number().min(-1e13).max(1e13).nullable(),
  /** `refused`: the server took no test. `blocked`: no packet found its way. `no-keys`: packets did, keys were not agreed. */
  voice: z.enum(["up", "refused", "blocked", "no-keys"]),
  pair: z.strictObject({ local: text, remote: text, kind: text, protocol: text }).nullable(),
  attachment: z.enum(attachments).nullable(),
  heard: z.strictObject({ packets, lost: packets, jitterMs: ms, sent: packets, roundTripMs: ms.nullable() }),
});
export type MeasuredByBrowser = z.infer<typeof measuredByBrowser>;

export type NetworkTest = {
  readonly id: string;
  readonly at: number;
  /** As the web server saw it. */
  readonly browserAddress: string;
  readonly browser: string;
  readonly measured: MeasuredByBrowser;
  /** Null: this node's figures are not there. */
  readonly voice: CheckedVoice | null;
  /** Where browsers are told to send voice, `address:port`. */
  readonly offered: readonly string[];
};

export type Grade = "good" | "fair" | "poor" | "nothing" | "unknown";

/** What is wrong, most important first; `values` fill the sentence that the page has for it. */
export type NetworkFinding = {
  readonly code:
    | "no-test"
    | "udp-blocked"
    | "only-private"
    | "by-tcp"
    | "no-keys"
    | "sends-nothing"
    | "nothing-up"
    | "nothing-down"
    | "loss-up"
    | "loss-down"
    | "round-trip"
    | "jitter-up"
    | "jitter-down"
    | "insecure"
    | "microphone-refused"
    | "microphone-none"
    | "microphone-silent"
    | "no-socket"
    | "slow-socket"
    | "clock-ahead"
    | "clock-behind"
    | "half-told";
  readonly tone: "bad" | "wait";
  readonly values: Readonly<Record<string, string | number>>;
};

/** The E-model's “nearly all users are satisfied” begins at 4.0, and below 3.6 many are not (ITU-T G.107 annex B). */
export const goodMos = 4;
export const fairMos = 3.6;
/** Concealment hides single packets and not the words in several: loss says more about a line than its average score does. */
const goodLossPercent = 1;
const fairLossPercent = 5;
/** More than this, and buffers of listeners grow to what is heard as delay. */
const jitterMs = 30;
/** ITU-T G.114: below 150 ms one way nobody minds; a round trip of twice that is a conversation with pauses. */
const roundTripMs = 300;
const slowSocketMs = 500;
/** More than this, and times on pages and in the log seem wrong to whoever compares them. */
const clockMs = 2_000;

/** Of 100 packets, those that did not arrive. */
export function lossPercentOf({ packets, lost }: CheckedWay): number {
  return packets + lost === 0 ? 0 : (lost * 100) / (packets + lost);
}

/** One direction in a word. */
export function gradeOf(test: NetworkTest, way: "up" | "down"): Grade {
  if (test.measured.voice !== "up") return "nothing";
  const figures = test.voice?.[way];
  if (figures === undefined) return "unknown";
  if (figures.mos === null) return "nothing";
  const loss = lossPercentOf(figures);
  if (figures.mos < fairMos || loss >= fairLossPercent) return "poor";
  return figures.mos < goodMos || loss >= goodLossPercent || figures.jitterMs >= jitterMs ? "fair" : "good";
}

/** Everything that is to be mended; empty: all is well. */
export function findingsOf(test: NetworkTest): readonly NetworkFinding[] {
  return [...voiceFindings(test), ...otherFindings(test)];
}

function voiceFindings(test: NetworkTest): NetworkFinding[] {
  const { voice, offered, measured } = test;
  switch (measured.voice) {
    case "refused":
      return [bad("no-test")];
    case "blocked":
      return [bad(isFarFrom(test) ? "only-private" : "udp-blocked", { port: portOf(offered), addresses: offered.join(", ") })];
    case "no-keys":
      return [bad("no-keys")];
    case "up": {
      const byTcp = measured.pair?.protocol === "tcp" ? [wait("by-tcp", { port: portOf(offered) })] : [];
      return [...byTcp, ...(voice === null ? [wait("half-told")] : soundFindings(voice, measured))];
    }
  }
}

function soundFindings({ up, down, roundTripMs: trip }: CheckedVoice, { attachment, heard }: MeasuredByBrowser): NetworkFinding[] {
  const values = { attachment: attachment ?? "unknown" };
  const found: NetworkFinding[] = [];
  for (const [way, figures] of Object.entries({ up, down }) as ["up" | "down", CheckedWay][]) {
    const loss = lossPercentOf(figures);
    if (figures.packets === 0) found.push(bad(way === "up" && heard.sent === 0 ? "sends-nothing" : `nothing-${way}`));
    else if (loss >= goodLossPercent) {
      const shown = { ...values, n: Math.round(loss) };
      found.push(loss >= fairLossPercent ? bad(`loss-${way}`, shown) : wait(`loss-${way}`, shown));
    }
  }
  if (trip !== null && trip >= roundTripMs) found.push(bad("round-trip", { ...values, n: Math.round(trip) }));
  for (const [way, figures] of Object.entries({ up, down }) as ["up" | "down", CheckedWay][])
    if (figures.jitterMs >= jitterMs) found.push(wait(`jitter-${way}`, { ...values, n: Math.round(figures.jitterMs) }));
  return found;
}

function otherFindings({ measured }: NetworkTest): NetworkFinding[] {
  const { isSecure, microphone, socketMs, clockOffsetMs } = measured;
  const found: NetworkFinding[] = [];
  if (!isSecure) found.push(bad("insecure"));
  else if (microphone === "refused") found.push(bad("microphone-refused"));
  else if (microphone === "none") found.push(bad("microphone-none"));
  if (microphone === "silent") found.push(wait("microphone-silent"));
  if (socketMs === null) found.push(bad("no-socket"));
  else if (socketMs >= slowSocketMs) found.push(wait("slow-socket", { n: Math.round(socketMs) }));
  if (clockOffsetMs !== null && Math.abs(clockOffsetMs) >= clockMs)
    found.push(wait(clockOffsetMs > 0 ? "clock-ahead" : "clock-behind", { n: Math.round(Math.abs(clockOffsetMs) / 1_000) }));
  return found;
}

function bad(code: NetworkFinding["code"], values: NetworkFinding["values"] = {}): NetworkFinding {
  return { code, tone: "bad", values };
}

function wait(code: NetworkFinding["code"], values: NetworkFinding["values"] = {}): NetworkFinding {
  return { code, tone: "wait", values };
}

/** A browser from the Internet that is told private addresses only cannot reach any of them, whatever the firewall says. */
function isFarFrom({ browserAddress, offered }: NetworkTest): boolean {
  const hosts = offered.map(hostOf);
  return !isPrivate(browserAddress) && !isLoopback(browserAddress) && hosts.every((host) => isPrivate(host));
}

function hostOf(offered: string): string {
  return offered.slice(0, offered.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

function portOf(offered: readonly string[]): string {
  return [...new Set(offered.map((one) => one.slice(one.lastIndexOf(":") + 1)))].join(", ");
}
