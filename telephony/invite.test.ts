// What a carrier reads of who calls: in the header that it wants, and nothing of whoever is withheld.
import { expect, test } from "bun:test";
import type { TrunkManner } from "../core/call/call-control.ts";
import type { ConversationId, LegId, TrunkId } from "../core/lib/id.ts";
import { readPidfLo } from "../core/telephony/pidf-lo.ts";
import { trunkInvite } from "./invite.ts";

const dial = (number: string) =>
  ({
    kind: "dial-trunk",
    ...{ legId: "leg" as LegId, conversationId: "call" as ConversationId, trunkId: "trunk" as TrunkId, hop: 0 },
    ...{ number: "+442079460018", shown: { number, name: "First Bank" }, isEmergency: false, ringMs: 1_000 },
  }) as const;
const parts = {
  ...{ body: new Uint8Array(0), local: { address: "192.0.2.1", port: 5060 }, contact: "<sip:192.0.2.1>" },
  ...{ callId: "id", tag: "tag", boundary: "edge", now: 1_730_616_042_309 },
};

function identityOf(number: string, callerIdHeader: TrunkManner["callerIdHeader"]): string {
  const { headers } = trunkInvite(dial(number), null, "192.0.2.9", parts, { callerIdHeader, diversion: "none" });
  const told = headers.filter(({ key }) => /^(from|p-asserted-identity|remote-party-id|privacy)$/.test(key));
  return told.map(({ key, value }) => `${key}: ${value}`).join("\n");
}

const from = 'from: "First Bank" <sip:+441632960100@192.0.2.1>;tag=tag';
const own = '"First Bank" <sip:+441632960100@192.0.2.1>';

test.each([
  ["P-Asserted-Identity", `${from}\np-asserted-identity: ${own}`],
  ["Remote-Party-ID", `${from}\nremote-party-id: ${own};party=calling;privacy=off;screen=no`],
  ["From", from],
] as const)("who calls stands in From and in %s", (callerIdHeader, expected) => {
  expect(identityOf("+441632960100", callerIdHeader)).toBe(expected);
  expect(identityOf("", callerIdHeader)).toBe('from: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=tag\nprivacy: id');
});

const forwarded = (diversion: TrunkManner["diversion"], isPrivate = false): readonly string[] => {
  const call = { ...dial("+447700900342"), diversion: { number: "+441632960201", isPrivate } };
  const { headers } = trunkInvite(call, "carrier.example", "192.0.2.9", parts, { callerIdHeader: "From", diversion });
  return headers.filter(({ key }) => key === "diversion" || key === "history-info").map(({ value }) => value);
};

test("who has forwarded a call is told where the carrier wants it, as private where it is; elsewhere nobody learns of it", () => {
  expect(forwarded("none")).toEqual([]);
  expect(forwarded("Diversion")).toEqual(["<sip:+441632960201@carrier.example>;reason=deflection;privacy=off"]);
  expect(forwarded("Diversion", true)).toEqual(["<sip:+441632960201@carrier.example>;reason=deflection;privacy=full"]);
  expect(forwarded("History-Info")).toEqual([
    "<sip:+441632960201@carrier.example?Reason=SIP%3Bcause%3D302>;index=1",
    "<sip:+442079460018@carrier.example;cause=302>;index=1.1;mp=1",
  ]);
  expect(forwarded("History-Info", true)[0]).toBe("<sip:+441632960201@carrier.example?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1");
});

const leeds = { street: "Park Row", houseNumber: "1", extra: "", postalCode: "LS1 5HD", city: "Leeds", region: "", country: "GB" };

test("where help is to be sent is in the call beside the description; in no other call a word of it", () => {
  const call = { ...dial("+441632960100"), number: "999", isEmergency: true, place: leeds } as const;
  const sdp = Buffer.from("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n");
  const sent = (place: boolean) => {
    const { place: _, ...without } = call;
    const manner = { callerIdHeader: "From", diversion: "none" } as const;
    const draft = trunkInvite(place ? call : without, null, "192.0.2.9", { ...parts, body: sdp }, manner);
    const of = (name: string) => draft.headers.filter(({ key }) => key === name).map(({ value }) => value);
    return { of, body: Buffer.from(draft.body).toString() };
  };
  const told = sent(true);
  expect(told.of("content-type")).toEqual(["multipart/mixed;boundary=edge"]);
  expect(told.of("geolocation")).toEqual(["<cid:edge@192.0.2.1>"]);
  expect(told.of("geolocation-routing")).toEqual(["yes"]);
  const [before, first, second, after] = told.body.split("--edge");
  expect([before, after]).toEqual(["", "--\r\n"]);
  expect(first).toBe(`\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n`);
  const [head, document = ""] = second!.split("\r\n\r\n");
  expect(head).toBe("\r\nContent-Type: application/pidf+xml\r\nContent-ID: <edge@192.0.2.1>");
  expect(readPidfLo(document)).toEqual(leeds);
  expect(document).toContain('entity="sip:+441632960100@192.0.2.1"');
  for (const silent of [sent(false)]) {
    expect([silent.of("content-type"), silent.of("geolocation"), silent.body]).toEqual([["application/sdp"], [], String(sdp)]);
  }
});
