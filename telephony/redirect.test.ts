// What is read of a 3xx: numbers and hosts of its Contacts, a few of them, and whether they are near; nothing else of it.
import { expect, test } from "bun:test";
import { redirectTargets } from "./ingress.ts";
import type { SipResponse } from "./sip/message/message.ts";
import { parseDatagram } from "./sip/message/parser.ts";

function targets(...contacts: readonly string[]): readonly string[] {
  const lines = [
    ...["SIP/2.0 302 Moved", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "From: <sip:a@b>;tag=1", "To: <sip:c@d>;tag=2"],
    ...["Call-ID: x", "CSeq: 1 INVITE", ...contacts.map((contact) => `Contact: ${contact}`), "Content-Length: 0", "", ""],
  ];
  const parsed = parseDatagram(Buffer.from(lines.join("\r\n")));
  const response = (parsed as { readonly message: unknown }).message as SipResponse;
  const read = redirectTargets(response, (host) => host === "192.0.2.1");
  return read.map(({ number, host, isNear }) => `${number} ${host} ${isNear}`);
}

test("numbers in their order, near or far", () => {
  expect(targets("<sip:+442079460019@192.0.2.1;user=phone>;q=0.7, <sip:202@evil.example>", "<tel:+441632960100>")).toEqual([
    ...["+442079460019 192.0.2.1 true", "202 evil.example false", "+441632960100  true"],
  ]);
});

test("no mail address, nobody without a user, and of many only the first few", () => {
  expect(targets("<mailto:bob@example.org>", "<sip:192.0.2.1>")).toEqual([]);
  expect(targets("*")).toEqual([]);
  expect(targets()).toEqual([]);
  expect(targets(Array.from({ length: 50 }, (_, n) => `<sip:${n}@192.0.2.1>`).join(", ")).length).toBe(4);
});
