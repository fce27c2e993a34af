// STUN against RFC 5769's samples, and everything that must get no answer.
import { expect, test } from "bun:test";
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
