// Tests for the machine of a subscription: its inputs, and the NOTIFYs that come of them.
import { describe, expect, test } from "bun:test";
import { headerValue, type SipRequest } from "../message/message.ts";
import { parseDatagram } from "../message/parser.ts";
import type { Flow } from "../transport/flow.ts";
import { uasDialog } from "./dialog.ts";
import { type SubscriptionInput, type SubscriptionOutput, startSubscription, stepSubscription } from "./subscription.ts";
import type { LineDialog, Watched } from "./watched.ts";

const flow: Flow = {
  transport: "udp",
  connectionId: "",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.2", port: 5060 },
};

function subscribe(seq: number): SipRequest {
  const lines = [
    "SUBSCRIBE sip:201@pbx SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKx",
    "From: <sip:301@pbx>;tag=a",
    "To: <sip:201@pbx>",
    "Call-ID: c",
    `CSeq: ${seq} SUBSCRIBE`,
    "Contact: <sip:301@127.0.0.2>",
    "",
    "",
  ];
  const parsed = parseDatagram(Buffer.from(lines.join("\r\n")));
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error("not read");
  return parsed.message;
}

const line = (...dialogs: LineDialog[]): Watched => ({ package: "dialog", entity: "sip:201@pbx", dialogs });
const ringing: LineDialog = { id: "d1", direction: "recipient", state: "early", party: null, mayBeTaken: false };
const talking: LineDialog = { ...ringing, state: "confirmed" };

/** One subscription and what it has said; inputs happen at `now`. */
function bench(seconds = 3_600, latest: Watched = line()) {
  const said: string[] = [];
  let now = 0;
  const hear = (outputs: readonly SubscriptionOutput[]): void => {
    for (const output of outputs) {
      if (output.kind === "notify") {
        const { request } = output;
        const body = Buffer.from(request.body).toString();
        const version = /version="(\d+)" state="(\w+)"/.exec(body);
        const states = [...body.matchAll(/<state>(\w+)/g)].map(([, state]) => state).join("+");
        said.push(`${headerValue(request, "subscription-state")} ${version?.[1] ?? "-"} ${version?.[2] ?? "-"} ${states}`.trim());
      } else if (output.kind === "accept") said.push(`accept ${output.seconds}`);
      else if (output.kind === "refuse") said.push(`refuse ${output.status}`);
      else if (output.kind === "ended") said.push("ended");
    }
  };
  const first = { kind: "subscribe", request: subscribe(1), flow, seconds, latest, now } as const;
  const start = startSubscription(uasDialog(first.request, "t", flow), "<sip:127.0.0.1>", "dialog", first);
  let state = start.state;
  hear(start.outputs);
  type Untimed<T> = T extends unknown ? Omit<T, "now"> : never;
  const give = (input: Untimed<SubscriptionInput>, at = now): string[] => {
    now = at;
    said.length = 0;
    const next = stepSubscription(state, { ...input, now });
    state = next.state;
    hear(next.outputs);
    return [...said];
  };
  return { give, said: [...said] };
}

const ok = { kind: "answered", status: 200 } as const;
const rested = { kind: "timer", timer: "rest" } as const;

describe("a subscription", () => {
  test("is accepted, then told everything; afterwards what has changed, and what is gone as terminated", () => {
    const at = bench();
    expect(at.said).toEqual(["accept 3600", "active;expires=3600 0 full"]);
    at.give(ok);
    at.give(rested, 1_000);
    expect(at.give({ kind: "changed", latest: line(ringing) })).toEqual(["active;expires=3599 1 partial early"]);
    at.give(ok);
    at.give(rested);
    expect(at.give({ kind: "changed", latest: line(talking) })).toEqual(["active;expires=3599 2 partial confirmed"]);
    at.give(ok);
    at.give(rested);
    expect(at.give({ kind: "changed", latest: line() })).toEqual(["active;expires=3599 3 partial terminated"]);
    at.give(ok);
    expect([at.give(rested), at.give({ kind: "changed", latest: line() })]).toEqual([[], []]);
  });

  test("hears of changes once a second at most, one NOTIFY at a time, and of the last state always", () => {
    const at = bench();
    expect(at.give({ kind: "changed", latest: line(ringing) })).toEqual([]);
    expect(at.give({ kind: "changed", latest: line(talking) })).toEqual([]);
    expect(at.give(rested)).toEqual([]);
    expect(at.give(ok)).toEqual(["active;expires=3600 1 partial confirmed"]);
    at.give(ok);
    expect(at.give({ kind: "changed", latest: line() })).toEqual([]);
    expect(at.give(rested)).toEqual(["active;expires=3600 2 partial terminated"]);
  });

  test("that is refreshed is told everything again, and lasts from then on; an overtaken refresh is refused", () => {
    const at = bench(60, line(talking));
    at.give(ok);
    at.give(rested);
    const refresh = { kind: "subscribe", flow, seconds: 120, latest: line(talking) } as const;
    expect(at.give({ ...refresh, request: subscribe(3) }, 50_000)).toEqual(["accept 120", "active;expires=120 1 full confirmed"]);
    expect(at.give({ ...refresh, request: subscribe(2) })).toEqual(["refuse 500"]);
  });

  test("ends when it is not refreshed, when asked with 0, and when nothing may be seen any more", () => {
    expect(bench(60, line(talking)).give({ kind: "timer", timer: "expire" })[0]).toBe("terminated;reason=timeout 1 partial");
    expect(bench(0, line(talking)).said).toEqual(["accept 0", "terminated;reason=timeout 0 full confirmed", "ended"]);
    const at = bench();
    expect(at.give({ kind: "end", reason: "rejected" })).toEqual(["terminated;reason=rejected - -", "ended"]);
    expect(at.give({ kind: "changed", latest: line(talking) })).toEqual([]);
    expect(bench().give({ kind: "end", reason: "probation" })[0]).toStartWith("terminated;reason=probation;retry-after=5 1 partial");
  });

  test("ends without a word when a NOTIFY fails: 481, silence, a lost path; other refusals are tried twice more, with everything", () => {
    for (const input of [{ ...ok, status: 481 }, { ...ok, status: null }, { kind: "lost" } as const]) {
      const at = bench();
      expect(at.give(input)).toEqual(["ended"]);
    }
    const at = bench();
    expect(at.give({ ...ok, status: 500 })).toEqual([]);
    expect(at.give(rested)).toEqual(["active;expires=3600 1 full"]);
    at.give({ ...ok, status: 500 });
    expect(at.give(rested)).toEqual(["active;expires=3600 2 full"]);
    expect(at.give({ ...ok, status: 500 })).toEqual(["ended"]);
  });
});
