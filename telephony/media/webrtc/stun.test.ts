// STUN against RFC 5769's samples, and everything that must get no answer.
import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addressBytes, bindingAnswer, hasRightIntegrity, parseBindingRequest } from "./stun.ts";

const corpus = join(import.meta.dir, "../../../tests/corpora/stun");
const sample = (name: string): Buffer => readFileSync(join(corpus, name));
const password = "VOkJxbRl1RmTxUk/WvJxBt";

test("the sample request is read and its integrity holds", () => {
  const request = parseBindingRequest(sample("req.bin"))!;
  expect(request.username).toBe("evtj:h6vY");
  expect(hasRightIntegrity(sample("req.bin"), request.integrityAt, password)).toBe(true);
  expect(hasRightIntegrity(sample("req.bin"), request.integrityAt, "wrong")).toBe(false);
});

test("STUN-01: no flipped bit and no truncation of a request is both read and believed", () => {
  const whole = sample("req.bin");
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const request = parseBindingRequest(flipped);
    expect(request !== null && hasRightIntegrity(flipped, request.integrityAt, password)).toBe(false);
  }
  for (let size = 0; size < whole.length; size++) expect(parseBindingRequest(whole.subarray(0, size))).toBeNull();
});

/** A request of these attributes, rightly sealed and marked. */
function sealed(...attributes: readonly (readonly [type: number, value: Uint8Array])[]): Buffer {
  const coded = attributes.map(([type, value]) => {
    const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
    bytes.writeUInt16BE(type, 0);
    bytes.writeUInt16BE(value.length, 2);
    bytes.set(value, 4);
    return bytes;
  });
  const whole = Buffer.concat([Buffer.from("000100002112a442000102030405060708090a0b", "hex"), ...coded]);
  whole.writeUInt16BE(whole.length - 20 + 24, 2);
  const integrity = Buffer.concat([Buffer.from("00080014", "hex"), createHmac("sha1", password).update(whole).digest()]);
  return Buffer.concat([whole, integrity]);
}

test("STUN-01: names of any length and errors of any shape are read within their packet, or not at all", () => {
  const name = (size: number): readonly [number, Uint8Array] => [6, Buffer.alloc(size, "a")];
  expect(parseBindingRequest(sealed(name(513)))?.username.length).toBe(513);
  for (const size of [514, 600, 65_000]) expect(parseBindingRequest(sealed(name(size)))).toBeNull();
  for (let size = 0; size < 4; size++) {
    const request = sealed(name(9), [9, Buffer.alloc(size, 4)]);
    expect(hasRightIntegrity(request, parseBindingRequest(request)!.integrityAt, password)).toBe(true);
  }
  const cut = sealed(name(9));
  cut.writeUInt16BE(65_535, 22);
  expect(parseBindingRequest(cut)).toBeNull();
  // Two names, a hundred attributes: no reader may take another one than we do.
  expect(parseBindingRequest(sealed(...Array.from({ length: 100 }, () => name(4))))).toBeNull();
});

test("STUN-01: an answer is no longer than a browser's request", () => {
  const whole = sample("req.bin");
  expect(bindingAnswer(parseBindingRequest(whole)!, "192.0.2.1", 1, password).length).toBeLessThanOrEqual(whole.length);
});

test("STUN-01: answers are no requests", () => {
  expect(parseBindingRequest(sample("respv4.bin"))).toBeNull();
  expect(parseBindingRequest(sample("respv6.bin"))).toBeNull();
});

test("an answer carries the mapped address of the samples", () => {
  const request = parseBindingRequest(sample("req.bin"))!;
  const find = (bytes: Buffer): string =>
    bytes
      .subarray(bytes.indexOf(Buffer.from("0020", "hex"), 20))
      .subarray(4, 12)
      .toString("hex");
  expect(find(bindingAnswer(request, "192.0.2.1", 32853, password))).toBe(find(sample("respv4.bin")));
});

test("literal addresses become bytes", () => {
  expect(Buffer.from(addressBytes("2001:db8:1234:5678:11:2233:4455:6677")).toString("hex")).toBe("20010db8123456780011223344556677");
  expect(Buffer.from(addressBytes("::ffff:192.0.2.1")).toString("hex")).toBe("00000000000000000000ffffc0000201");
  expect(Buffer.from(addressBytes("::1")).toString("hex")).toBe("00000000000000000000000000000001");
});
