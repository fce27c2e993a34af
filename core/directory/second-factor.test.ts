// The second factor's codes against the vectors of RFC 6238 (appendix B, SHA-1) and RFC 4648.
import { expect, test } from "bun:test";
import { base32, fromBase32 } from "../lib/base32.ts";
import type { UserId } from "../lib/id.ts";
import { codeAt, newRecoveryCodes, recoveryCodeHash, stepOf, stepOfCode, totpUri } from "./second-factor.ts";

const secret = Buffer.from("12345678901234567890");
const random = { bytes: (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255) };

test("RFC 6238's vectors, their last six digits", () => {
  const vectors: readonly (readonly [seconds: number, code: string])[] = [
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ];
  for (const [seconds, code] of vectors) expect(codeAt(secret, stepOf(seconds * 1_000))).toBe(code.slice(-6));
});

test("a code counts one step early and one step late, and not two", () => {
  const now = 1_234_567_890_000;
  const step = stepOf(now);
  expect([-2, -1, 0, 1, 2].map((aside) => stepOfCode(secret, codeAt(secret, step + aside), now))).toEqual([
    null,
    step - 1,
    step,
    step + 1,
    null,
  ]);
  expect(stepOfCode(secret, ` ${codeAt(secret, step).slice(0, 3)} ${codeAt(secret, step).slice(3)}`, now)).toBe(step);
  expect(stepOfCode(secret, "", now)).toBe(null);
});

test("RFC 4648's vectors, and back", () => {
  for (const [plain, text] of [
    ["", ""],
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
  ] as const) {
    expect(base32(Buffer.from(plain))).toBe(text);
    expect(Buffer.from(fromBase32(text.toLowerCase())!).toString()).toBe(plain);
  }
  expect(fromBase32("MZ1")).toBe(null);
});

test("the link names issuer and account; recovery codes may be typed in any way", () => {
  expect(totpUri(secret, "St. Mary's", "ada@example.org")).toBe(
    "otpauth://totp/St.%20Mary's:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=St.%20Mary's&algorithm=SHA1&digits=6&period=30",
  );
  const [code] = newRecoveryCodes(random);
  expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  const user = "0192f0c1-0000-7000-8000-000000000001" as UserId;
  expect(recoveryCodeHash(user, code!.toLowerCase().replaceAll("-", " "))).toBe(recoveryCodeHash(user, code!));
});
