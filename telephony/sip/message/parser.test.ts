// Tests for the SIP parser: both torture corpora as datagrams, then what they leave out.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { sipHeaderLinesMax } from "../../../core/lib/limits.ts";
import { headerTokens, headerValue, headerValues, type SipRequest } from "./message.ts";
import { addressList, tagOf } from "./name-addr.ts";
import { param } from "./params.ts";
import { parseDatagram } from "./parser.ts";
import { respond, respondToBroken } from "./respond.ts";
import { serialise } from "./serialiser.ts";
import { decodeEscapes, parseUri } from "./uri.ts";

const corpora = new URL("../../../tests/corpora/", import.meta.url).pathname;
const load = (file: string): Uint8Array => readFileSync(corpora + file);
const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

function request(file: string): SipRequest {
  const parsed = parseDatagram(load(file));
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error(`${file}: ${JSON.stringify(parsed)}`);
  return parsed.message;
}

/** Everything else in both corpora must parse. The reasons are in the manifests. */
const refused: Readonly<Record<string, number>> = {
  "rfc4475/badinv01.dat": 400,
  "rfc4475/badvers.dat": 505,
  "rfc4475/bigcode.dat": 400,
  "rfc4475/clerr.dat": 400,
  "rfc4475/insuf.dat": 400,
  "rfc4475/ltgtruri.dat": 400,
  "rfc4475/lwsruri.dat": 400,
  "rfc4475/lwsstart.dat": 400,
  "rfc4475/mcl01.dat": 400,
  "rfc4475/mismatch01.dat": 400,
  "rfc4475/mismatch02.dat": 400,
  "rfc4475/multi01.dat": 400,
  "rfc4475/ncl.dat": 400,
  "rfc4475/quotbal.dat": 400,
  "rfc4475/scalar02.dat": 400,
  "rfc4475/scalarlg.dat": 400,
  "rfc4475/test.dat": 400,
  "rfc4475/trws.dat": 400,
  "rfc5118/ipv6-bad.dat": 400,
};

describe("torture corpora", () => {
  for (const folder of ["rfc4475", "rfc5118"]) {
    for (const name of readdirSync(corpora + folder).filter((file) => file.endsWith(".dat"))) {
      const file = `${folder}/${name}`;
      const status = refused[file];
      test(`${folder === "rfc4475" ? "SIP-01" : "SIP-02"}: ${file} ${status === undefined ? "is accepted" : `is refused with ${status}`}`, () => {
        const parsed = parseDatagram(load(file));
        expect<string | number>(parsed.ok ? "accepted" : parsed.status).toBe(status ?? "accepted");
      });
    }
  }

  test("every truncation of every message gives a value", () => {
    for (const file of ["rfc4475/wsinv.dat", "rfc4475/intmeth.dat", "rfc5118/ipv4-mapped-ipv6.dat"]) {
      const whole = load(file);
      for (let length = 0; length <= whole.length; length++) expect(typeof parseDatagram(whole.subarray(0, length)).ok).toBe("boolean");
    }
  });
});

test("SIP-01: the tortuous INVITE is read through folds, compact forms and odd spacing", () => {
  const message = request("rfc4475/wsinv.dat");
  expect(message.cseq).toEqual({ number: 9, method: "INVITE" });
  expect(message.maxForwards).toBe(68);
  expect(tagOf(message.to)).toBe("1918181833n");
  expect(tagOf(message.from)).toBe("98asjd8");
  expect(message.from.display).toBe('J Rosenberg \\"');
  expect(message.via).toMatchObject({ transport: "UDP", host: "192.0.2.2", port: null });
  expect(headerValues(message, "via").length).toBe(2);
  expect(headerValue(message, "newfangledheader")).toBe("newfangled value continued newfangled value");
  expect(headerValue(message, "subject")).toBe("");
  const contact = addressList(message, "contact")![0]!;
  expect(contact.display).toBe('Quoted string ""');
  expect(param(contact.params, "q")).toBe("0.33");
});

test("a reply echoes From, To, Call-ID and CSeq byte for byte", () => {
  const message = request("rfc4475/intmeth.dat");
  const sent = Buffer.from(serialise(respond(message, 501, { toTag: "t1" }))).toString("latin1");
  const source = Buffer.from(load("rfc4475/intmeth.dat")).toString("latin1");
  for (const name of ["To", "From", "Call-ID", "CSeq"]) {
    const line = source.split("\r\n").find((candidate) => candidate.startsWith(`${name}:`))!;
    expect(sent).toContain(line);
  }
  expect(sent).toContain(";tag=t1\r\n");
});

test("white space is space and tab: the end of “à” stays at the end of its name", () => {
  const from = Buffer.from("Voilà", "utf8").toString("latin1");
  const parsed = parseDatagram(bytes(options(`Subject: ${from}\t \r\n`).replace("From: ", `From: ${from} `)));
  if (!parsed.ok) throw new Error(parsed.reason);
  expect([parsed.message.from.display, headerValue(parsed.message, "subject")]).toEqual([from, from]);
});

test("SIP-01: escapes are decoded once and never make a scheme, a NUL end or a header", () => {
  const escaped = request("rfc4475/esc01.dat").uri;
  expect(escaped.scheme).toBe("sip");
  expect(escaped.scheme === "sip" && decodeEscapes(escaped.user!)).toBe("sips:user@example.com");
  const nulls = addressList(request("rfc4475/escnull.dat"), "contact")!;
  expect(new Set(nulls.map((contact) => contact.uriText)).size).toBe(2);
  const semicolon = request("rfc4475/semiuri.dat").uri;
  expect(semicolon.scheme === "sip" && decodeEscapes(semicolon.user!)).toBe("user;par=u@example.net");
  expect(headerValue(request("rfc4475/escruri.dat"), "route")).toBeNull();
});

test("SIP-01: a broken To goes back exactly as it came, with no tag put into its open quote", () => {
  const parsed = parseDatagram(load("rfc4475/quotbal.dat"));
  if (parsed.ok) throw new Error("accepted");
  const reply = respondToBroken(parsed.headers, 400, parsed.reason, "t1")!;
  expect(headerValue(reply, "to")).toBe('"Mr. J. User <sip:j.user@example.com>');
});

test("SIP-02: an address in brackets never lends its last group as a port", () => {
  expect(parseUri("sip:[2001:db8::10:5070]")).toMatchObject({ host: "2001:db8::10:5070", port: null });
  expect(parseUri("sip:[2001:db8::10]:5070")).toMatchObject({ host: "2001:db8::10", port: 5070 });
  for (const text of [
    "sip:2001:db8::10",
    "sip:[2001:db8::10",
    "sip:[::1]x",
    "sip:a@b@c",
    "sip:@host",
    "sip:host:65536",
    "sip:host:",
    "sip:",
    "nothing",
  ])
    expect(parseUri(text)).toBeNull();
});

const options = (lines: string): string =>
  `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n${lines}\r\n`;

test("SIP-04: Content-Length that is not one plain number is refused", () => {
  for (const length of ["-1", "5, 13", "0x10", "1e3", "", "4294967328", "9007199254740993", "18446744073709551648", "+0"])
    expect(parseDatagram(bytes(options(`Content-Length: ${length}\r\n`)))).toMatchObject({ ok: false, status: 400 });
  expect(parseDatagram(bytes(options("Content-Length: 0\r\n"))).ok).toBe(true);
});

test("SIP-06: numbers and methods too big for a CSeq are refused, and credentials without end read as none", () => {
  const cseq = (value: string): Uint8Array => bytes(options("").replace("CSeq: 1 OPTIONS", `CSeq: ${value}`));
  for (const value of [
    `1 ${"A".repeat(300)}`,
    "4294967296 OPTIONS",
    `${"9".repeat(300)} OPTIONS`,
    "-1 OPTIONS",
    "1",
    "OPTIONS",
    "1 OPTIONS x",
  ])
    expect(parseDatagram(cseq(value))).toMatchObject({ ok: false, status: 400 });
  expect(parseDatagram(cseq("4294967295 OPTIONS")).ok).toBe(true);
  expect(parseDatagram(bytes(options(`Authorization: Digest response="${"a".repeat(1_000_000)}"\r\n`)))).toMatchObject({ status: 513 });
});

test("SIP-10: a lone CR or LF anywhere in the head is refused", () => {
  for (const line of ["X: a\nP-Asserted-Identity: <sip:ceo@b>\r\n", "X: a\rP-Asserted-Identity: <sip:ceo@b>\r\n", "\nX: a\r\n"])
    expect(parseDatagram(bytes(options(line)))).toMatchObject({ ok: false, status: 400 });
  expect(parseDatagram(bytes(options("X\0Y: a\r\n")))).toMatchObject({ ok: false, status: 400 });
});

test("SIP-10: trust headers are found however they are dressed", () => {
  const parsed = parseDatagram(bytes(options("P-Asserted-Identity : x\r\np-asserted-identity\t:\r\n y\r\nk: timer, 100rel;q=1\r\n")));
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(headerValues(parsed.message, "p-asserted-identity")).toEqual(["x", "y"]);
  expect(headerTokens(parsed.message, "supported")).toEqual(["timer", "100rel"]);
});

test("SIP-05: too many lines and endless heads are 513", () => {
  expect(parseDatagram(bytes(options("X: 1\r\n".repeat(sipHeaderLinesMax + 1))))).toMatchObject({ status: 513 });
  expect(parseDatagram(bytes(options(`X: ${"a".repeat(70_000)}`).trimEnd()))).toMatchObject({ status: 513 });
});

test("SIP-11: no value can carry a line break out", () => {
  const sent = serialise({
    kind: "request",
    method: "INVITE",
    uriText: "sip:a@b\r\nX: 1",
    headers: [{ key: "from", name: "From", value: '"a\r\nX-Injected: 1" <sip:a@b>' }],
    body: new Uint8Array(0),
  });
  expect(Buffer.from(sent).toString("latin1")).not.toMatch(/\r\nX/);
});
