// Canonical JSON against the examples of RFC 8785 and against values that have none.
import { expect, test } from "bun:test";
import { canonicalJson, NotCanonical } from "./canonical.ts";

test("the RFC's own example comes out byte for byte (§3.2.2, §3.2.3)", () => {
  const value = {
    // biome-ignore lint/correctness/noPrecisionLoss: the digits too many are the RFC's point.
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("numbers are written as ECMAScript writes them (RFC 8785 appendix B)", () => {
  const cases: readonly [string, string][] = [
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
  ];
  for (const [hex, text] of cases) expect(canonicalJson(Buffer.from(hex, "hex").readDoubleBE(0))).toBe(text);
});

test("keys are sorted by UTF-16 code units, not by code points (§3.2.3)", () => {
  const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test("members without a value are left out, and the same value gives the same text in any order", () => {
  expect(canonicalJson({ b: undefined, a: { d: 1, c: [] } })).toBe('{"a":{"c":[],"d":1}}');
  expect(canonicalJson({ x: 1, y: 2 })).toBe(canonicalJson({ y: 2, x: 1 }));
});

test("what has no canonical text is refused", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100; i++) deep = [deep];
  const refused = [Number.NaN, Infinity, "\ud800", { "\udc00": 1 }, [undefined], 1n, new Map(), new Uint8Array(1), () => 1, deep];
  for (const value of refused) expect(() => canonicalJson(value)).toThrow(NotCanonical);
});

test("a hole in an array has no canonical text: it is not the array without it", () => {
  // biome-ignore lint/suspicious/noSparseArray: the hole is the point.
  expect(() => canonicalJson([, 1])).toThrow(NotCanonical);
});
