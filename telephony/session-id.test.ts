// Tests for Session-ID's halves.
import { expect, test } from "bun:test";
import { newSessionId, sessionIdHeader, sessionIdOf } from "./session-id.ts";
import { type Draft, emptyBody, header } from "./sip/message/message.ts";

const said = (...values: string[]): string | null => {
  const headers = values.map((value) => header("Session-ID", value));
  const message: Draft = { kind: "request", method: "BYE", uriText: "sip:a@b", headers, body: emptyBody };
  return sessionIdOf(message);
};
const id = "ab30317f1a784dc48ff824d0d3715d86";

test("a sender's half is read with and without the other; what is none, or is said twice, is none", () => {
  expect([said(`${id};remote=${"0".repeat(32)}`), said(id.toUpperCase())]).toEqual([id, id]);
  expect([said(), said(id, id), said("0".repeat(32)), said(`${id}0`), said(`<script>;remote=${id}`)]).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("ours is a random UUID, and who has said none is nil", () => {
  const made = newSessionId({ bytes: (length) => new Uint8Array(length).fill(0xff) });
  expect(made).toBe("ffffffffffff4fffbfffffffffffffff");
  expect(sessionIdHeader(made, null).value).toBe(`${made};remote=${"0".repeat(32)}`);
});
