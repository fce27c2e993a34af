// Tests for the door of remote text.
import { expect, test } from "bun:test";
import { remoteTextMax } from "./limits.ts";
import { cleanRemoteText } from "./remote-text.ts";

test("ordinary names in any script pass unchanged", () => {
  for (const name of ["Alice", "Владимир", "李小龍", "Zoë O'Neill", "👩‍💻 desk"]) expect(cleanRemoteText(name)).toBe(name);
});

test("SIP-11: NUL, escape, line breaks and direction marks do not survive", () => {
  expect(cleanRemoteText("a\u0000b\u001b[31mc\r\nd\u202ee\u2066f\u0085")).toBe("ab[31mc def");
});

test("broken UTF-8 and lone surrogates become the replacement character", () => {
  expect(cleanRemoteText(new Uint8Array([0x41, 0xc3, 0x28, 0xff]))).toBe("A\ufffd(\ufffd");
  expect(cleanRemoteText("x\ud800y")).toBe("x\ufffdy");
});

test("the length is capped in characters and never cuts one in half", () => {
  const long = cleanRemoteText("😀".repeat(1000));
  expect(Array.from(long).length).toBe(remoteTextMax);
  expect(long.isWellFormed()).toBe(true);
  expect(cleanRemoteText("a".repeat(5000), 10)).toBe("aaaaaaaaaa");
});
