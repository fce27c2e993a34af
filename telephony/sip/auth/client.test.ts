// Tests of the digest client, with the example of RFC 7616 §3.9.1: the first challenge that it knows is answered, and no other.
import { expect, test } from "bun:test";
import { header, type SipResponse } from "../message/message.ts";
import { answerChallenge } from "./client.ts";
import { ha1Of } from "./digest.ts";

const realm = "http-auth@example.org";
const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const secret = { username: "Mufasa", ha1: ha1Of("Mufasa", realm, "Circle of Life") };
const request = { method: "GET", uriText: "/dir/index.html", realm, cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" };
const challenge = (algorithm: string, more = 'qop="auth, auth-int"', at = realm): string =>
  `Digest realm="${at}", ${more}, algorithm=${algorithm}, nonce="${nonce}"`;
const answer = (...challenges: readonly string[]): string | null => {
  const response = { headers: challenges.map((value) => header("WWW-Authenticate", value)) } as unknown as SipResponse;
  return answerChallenge(response, secret, request)?.value ?? null;
};

test("the example of the RFC comes out, for both algorithms", () => {
  expect(answer(challenge("SHA-256"))).toContain('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"');
  expect(answer(challenge("MD5"))).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
});

test("the first that is known is taken, and named", () => {
  const both = answer(challenge("SHA-512-256"), challenge("SHA-256"), challenge("MD5"));
  expect(both).toContain("algorithm=SHA-256");
  expect(both).toContain("qop=auth, nc=00000001");
  expect(both).toContain('username="Mufasa"');
  expect(both).not.toContain("opaque");
  expect(answer(challenge("MD5", 'qop="auth", opaque="FQhe/qa"'))).toContain('opaque="FQhe/qa"');
});

test("nothing is said to another realm, to a scheme or a protection that we do not know, or without a nonce", () => {
  expect(answer(challenge("MD5", 'qop="auth"', "elsewhere"))).toBeNull();
  expect(answer(challenge("MD5", 'qop="auth-int"'))).toBeNull();
  expect(answer(`Basic realm="${realm}"`, "Digest", `Digest realm="${realm}", qop="auth"`)).toBeNull();
  expect(answer()).toBeNull();
});
