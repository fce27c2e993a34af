// G.711 against the ITU's reference sweep: all 65,536 samples encoded and decoded, compared by the digest of the reference files.
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { aLawToMuLaw, encodeG711, g711, muLawToALaw } from "./g711.ts";

// G.191 sweep.src is every sample from -32768 to 32767; these are the SHA-256 of its reference outputs (16-bit little-endian words).
const reference = {
  PCMU: {
    encoded: "0523921b8957bccf95d0e0f2e43930359403d5ad4e31926b2272aa74a1f22c43",
    decoded: "cf9f90195534a105f211b1fb5c511ab45ee76827ac0987d6cc804afb897ef0f6",
  },
  PCMA: {
    encoded: "e1e8717a8c7a493583a2e8ac6916f0e37383d9226c6fb60de541393aba8bf402",
    decoded: "faf8570479a0e7d0e1da55d48c42e76961d0e5c285c35d42e9f6dafbafae8a35",
  },
} as const;

const sweep = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
const digest = (words: Uint16Array | Int16Array) => createHash("sha256").update(new Uint8Array(words.buffer)).digest("hex");

for (const codec of ["PCMU", "PCMA"] as const) {
  test(`${codec} is bit-exact with G.191 over every sample`, () => {
    const codes = encodeG711(sweep, codec);
    expect(digest(Uint16Array.from(codes))).toBe(reference[codec].encoded);
    expect(digest(Int16Array.from(codes, (code) => g711(codec).decode[code]!))).toBe(reference[codec].decoded);
  });
}

test("silence is the code of a zero sample", () => {
  expect([g711("PCMU").silence, g711("PCMA").silence]).toEqual([0xff, 0xd5]);
});

test("a code of one law becomes one of the other through the linear value", () => {
  for (let code = 0; code < 256; code++) {
    expect(muLawToALaw[code]).toBe(encodeG711(Int16Array.of(g711("PCMU").decode[code]!), "PCMA")[0]!);
    expect(aLawToMuLaw[code]).toBe(encodeG711(Int16Array.of(g711("PCMA").decode[code]!), "PCMU")[0]!);
  }
});
