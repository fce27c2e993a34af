// Tests for the ladder: complete, bounded, and without what it must not show.
import { expect, test } from "bun:test";
import { ladderBytesMax } from "../../core/lib/limits.ts";
import { type Draft, header } from "./message/message.ts";
import { Ladder, redactedMessage } from "./trace.ts";
import type { Flow } from "./transport/flow.ts";

const flow: Flow = {
  transport: "udp",
  connectionId: "",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.2", port: 5070 },
};
const message = (body: string, type: string, extra: [string, string][] = []): Draft => ({
  kind: "request",
  method: "INFO",
  uriText: "sip:a@b",
  headers: [
    header("Call-ID", "c"),
    header("CSeq", "2 INFO"),
    header("Content-Type", type),
    ...extra.map(([name, value]) => header(name, value)),
  ],
  body: Buffer.from(body),
});

test("RTP-08: digits, credentials and keys are left out", () => {
  const ladder = new Ladder();
  ladder.add(
    1,
    "in",
    flow,
    message("Signal=7\r\nDuration=160\r\n", "application/dtmf-relay", [["Authorization", 'Digest response="5ecre7"']]),
  );
  ladder.add(
    2,
    "out",
    flow,
    message("v=0\r\na=ice-pwd:5ecre7\r\na=fingerprint:sha-256 AA\r\na=crypto:1 AES 5ecre7\r\na=mid:0\r\n", "application/sdp"),
  );
  const key = "5ecre7".padEnd(40, "A");
  for (const line of [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`, `A=CRYPTO:1 X INLINE:${key}`, `a=x\ra=crypto:1 X inline:${key}`])
    ladder.add(3, "in", flow, message(`v=0\r\n${line}|2^31\r\na=mid:0\r\n`, "application/SDP; charset=x"));
  const { entries, truncated } = ladder.entries();
  const all = JSON.stringify(entries);
  for (const secret of ["Signal=7", "5ecre7", "sha-256 AA"]) expect(all).not.toContain(secret);
  expect(all).toContain("a=mid:0");
  expect(truncated).toBe(false);
  expect(entries[0]).toMatchObject({
    at: 1,
    direction: "in",
    flow: "udp 127.0.0.2:5070",
    startLine: "INFO sip:a@b",
    callId: "c",
    cseq: "2 INFO",
  });
});

test("of several parts only the description is shown, without its keys: where somebody is stays out", () => {
  const type = 'multipart/mixed;boundary="edge"';
  const sdp = "--edge\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=ice-pwd:5ecre7\r\na=mid:0\r\n";
  const place = "--edge\r\nContent-Type: application/pidf+xml\r\n\r\n<ca:RD>Hill Street</ca:RD>\r\n";
  for (const body of [`${sdp}${place}--edge--\r\n`, `${place}${sdp}--edge--\r\n`]) {
    const ladder = new Ladder();
    ladder.add(1, "out", flow, message(body, type));
    const [{ text } = { text: "" }] = ladder.entries().entries;
    expect(text).toContain("v=0\na=mid:0");
    for (const secret of ["Hill", "5ecre7", "pidf"]) expect(text).not.toContain(secret);
    expect(Buffer.from(redactedMessage(message(body, type)).body).toString()).toBe("");
  }
  const none = new Ladder();
  none.add(1, "out", flow, message(`${place}--edge--\r\n`, type));
  expect(none.entries().entries[0]?.text).toContain("bytes left out");
});

test("remote text is readable and harmless", () => {
  const ladder = new Ladder();
  ladder.add(1, "in", flow, message("", "x", [["Subject", Buffer.from("Zoë\u001b[31m\u202e").toString("latin1")]]));
  expect(ladder.entries().entries[0]!.text).toContain("Subject: Zoë\\u{1b}[31m\\u{202e}");
});

test("a long call keeps its beginning and its end within bounds", () => {
  const ladder = new Ladder();
  for (let i = 0; i < 5_000; i++) ladder.add(i, "in", flow, message("", "x"));
  const { entries, truncated } = ladder.entries();
  expect(truncated).toBe(true);
  expect([entries[0]!.at, entries.at(-1)!.at]).toEqual([0, 4_999]);
  expect(entries.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(ladderBytesMax);
});
