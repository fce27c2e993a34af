// What goes to a carrier: everything that explains the call, and nothing that was planted to be found.
import { expect, test } from "bun:test";
import type { LadderEntry } from "../call/call-control.ts";
import type { LoggedEvent } from "../events/index.ts";
import { type Bundle, bundleFiles } from "./bundle.ts";
import { maskedMessage, maskedNumber } from "./masked-sip.ts";
import type { ConversationView } from "./queries.ts";

const caller = "+442079460123";
const planted = {
  password: "pa55w0rd",
  sdesKey: "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
  cookie: "session-c00kie",
  token: "t0ken",
  jwt: "eyJvcmlnIjp7InRuIjoiNDQyMDc5NDYwMTIzIn19",
  digits: "49297315",
  noted: "account 778899",
} as const;

const invite = [
  `INVITE sip:+443069990001:${planted.password}@example.org;user=phone;ticket=${planted.token} SIP/2.0`.replace(" SIP/2.0", ""),
  `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-1;x-cookie=${planted.cookie}`,
  `f: "Alice Ann, Ltd" <sip:${caller}@192.0.2.1>;tag=9f`,
  "To: Bob Brown <sip:+443069990001@example.org>",
  `i: 12ab-${caller.slice(1)}@192.0.2.1`,
  "CSeq: 1 INVITE",
  `P-Asserted-Identity: <tel:${caller}>, "Alice" <sip:0${caller.slice(3)}@192.0.2.1>`,
  `Refer-To: <sip:carol@example.org?Authorization=${planted.token}>`,
  `Authorization: Digest response="${planted.password}"`,
  `Identity: ${planted.jwt};info=<https://example.org/cert>`,
  `Cookie: ${planted.cookie}`,
  `X-Auth-Token: ${planted.token}`,
  "User-Agent: Phone 16.0.33(18.9.0)",
  `Reason: Q.850;cause=16;text="called by ${caller}"`,
  "Content-Type: application/sdp",
  "",
  "v=0",
  `o=${caller} 1 1 IN IP4 192.0.2.1`,
  "s=Alice's phone",
  `e=${planted.password}@example.org`,
  "c=IN IP4 192.0.2.1",
  "m=audio 4000 RTP/SAVP 0 101",
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${planted.sdesKey}`,
  `a=x-key:${planted.sdesKey}`,
  "a=rtpmap:0 PCMU/8000",
].join("\n");

let seq = 0;
const event = (type: string, payload: object): LoggedEvent => {
  seq += 1;
  return { seq, type, at: seq * 1_000, payload } as unknown as LoggedEvent;
};

const view = {
  conversation: {
    ...{ id: "c1", direction: "inbound", callerNumber: caller, callerName: "Alice Ann", calledNumber: "+443069990001" },
    ...{ startedAt: 0, answeredAt: 1_000, endedAt: 9_000, endReason: "customer-hung-up", data: { account: planted.noted } },
  },
  participants: [{ id: "p1", purpose: "customer", address: caller, name: "Alice Ann", startedAt: 0, connectedAt: 1, endedAt: 2 }],
  decisions: [{ id: "d1", organizationId: "o", userId: "u1", nearest: [{ userId: "u2", reason: "SKILL" }] }],
  media: [{ participantId: "p1", measuredAt: 9_000, verdict: { codec: "PCMU", packetsLost: 3 } }],
  charts: [
    {
      participantId: "p1",
      points: [
        {
          ...{ startedAt: 0, endedAt: 5_000, roundTripMs: null },
          ...{ from: { packets: 250, lost: 3, jitterMs: 2, mos: 4.1 }, to: { packets: 250, lost: 0, jitterMs: null, mos: null } },
        },
      ],
    },
  ],
  events: [
    event("conversation.flow.stepped", { participantId: "p2", name: "Which card?", facts: { digits: 8, typed: planted.digits } }),
    event("conversation.flow.stepped", { participantId: "p2", name: "Main menu", facts: { pressed: "2" } }),
    event("conversation.data.set", { values: { account: planted.noted } }),
    event("conversation.dialled", { participantId: "p3", name: "Carol Clark", number: "+443069990044", purpose: "external", by: null }),
    event("conversation.recording.paused", { secure: true, by: "u1", reason: planted.noted, untilAt: 9 }),
  ],
} as unknown as ConversationView;

const ladder: readonly LadderEntry[] = [
  { at: 100, direction: "in", flow: "udp 192.0.2.1:5060", summary: invite.split("\n")[0]!, text: invite },
  { at: 200, direction: "out", flow: "udp 192.0.2.1:5060", summary: "200 OK", text: "200 OK\nCSeq: 1 INVITE\nSet-Cookie: x" },
];
const made = (showsPeople: boolean): string =>
  JSON.stringify(bundleFiles({ view, ladder, node: { version: "1.2.3" }, madeAt: 10_000, showsPeople } satisfies Bundle));

test("nothing that was planted is in it, whether people are shown or not", () => {
  for (const all of [made(false), made(true)]) for (const secret of Object.values(planted)) expect(all).not.toContain(secret);
});

test("numbers are masked and names are gone, unless whoever makes it wants them", () => {
  const [masked, whole] = [made(false), made(true)];
  for (const person of [caller, caller.slice(1), caller.slice(3), "Alice", "Bob", "carol", "+443069990001", "+443069990044"]) {
    expect(masked).not.toContain(person);
  }
  for (const person of [caller, "Alice Ann, Ltd", "+443069990001"]) expect(whole).toContain(person);
  expect(whole).not.toContain("Carol Clark");
});

test("what a carrier needs to find the call, and to see what went wrong, is there", () => {
  const files = bundleFiles({ view, ladder, node: { version: "1.2.3" }, madeAt: 10_000, showsPeople: false });
  const read = (name: string): string => files[`conversation-c1/${name}`]!;
  expect(Object.keys(files)).toHaveLength(8);
  for (const fact of [
    "i: 12ab-xxxxxxxxxx23@192.0.2.1",
    "branch=z9hG4bK-1",
    "CSeq: 1 INVITE",
    "m=audio 4000 RTP/SAVP 0 101",
    "Phone 16.0.33(18.9.0)",
  ])
    expect(read("ladder.txt")).toContain(fact);
  expect(read("ladder.txt")).toContain("1970-01-01T00:00:00.100Z <- udp 192.0.2.1:5060");
  expect(read("moments.csv")).toContain("pressed=2");
  expect(read("chart-1-customer.csv")).toContain("1970-01-01T00:00:00.000Z,1970-01-01T00:00:05.000Z,,250,3,2,4.1,250,0,,\n");
  expect(JSON.parse(read("facts.json"))).toMatchObject({ callerNumber: "+xxxxxxxxxx23", legs: [{ codec: "PCMU", packetsLost: 3 }] });
  expect(JSON.parse(read("decisions.json"))[0].nearest).toEqual([{ userId: "u2", reason: "SKILL" }]);
  expect(read("README.txt")).toContain("Left out");
});

test("short numbers keep no digit", () => {
  expect([maskedNumber("201"), maskedNumber("+44 20 7946 0123")]).toEqual(["xxx", "+xx xx xxxx xx23"]);
  expect(maskedMessage("BYE sip:201@192.0.2.1\nFrom: sip:alice@192.0.2.1;tag=1", false)).toBe(
    "BYE sip:xxx@192.0.2.1\nFrom: sip:user@192.0.2.1;tag=1",
  );
});
