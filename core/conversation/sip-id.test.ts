// What somebody may paste of a call's names in SIP.
import { expect, test } from "bun:test";
import { sipIdOf } from "./sip-id.ts";

const session = "ab30317f1a784dc48ff824d0d3715d86";

test("a Session-ID in every dress is its 32 digits", () => {
  const dresses = [session, session.toUpperCase(), `${session};remote=${"0".repeat(32)}`, `Session-ID: ${session}`];
  const dashed = "ab30317f-1a78-4dc4-8ff8-24d0d3715d86";
  expect([...dresses, dashed].map(sipIdOf)).toEqual([session, session, session, session, session]);
});

test("a Call-ID is exact, with or without its header's name", () => {
  expect([sipIdOf(" a84b4c76E66710@pc33 "), sipIdOf("Call-ID: a84b4c76E66710@pc33"), sipIdOf("i:a84b4c76E66710@pc33")]).toEqual([
    "a84b4c76E66710@pc33",
    "a84b4c76E66710@pc33",
    "a84b4c76E66710@pc33",
  ]);
});

test("a name, a short number and a whole message are neither", () => {
  expect([sipIdOf("Alice Ann"), sipIdOf("201"), sipIdOf("x".repeat(300)), sipIdOf("")]).toEqual([null, null, null, null]);
});
