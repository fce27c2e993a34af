// Tests of the digest client, with the example of RFC 7616 §3.9.1: the first challenge that it knows is answered, and no other.
import { expect, test } from "bun:test";
import { header, type SipResponse } from "../message/message.ts";
import { answerChallenge } from "./client.ts";
import { ha1Of } from "./digest.ts";

const realm = "http-auth@example.org";
const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const secret = { username: "Mufasa", ha1: (at: string) => (at === realm ? ha1Of("Mufasa", realm, "Circle of Life") : null) };
const request = { method: "GET", uriText: "/dir/index.html", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" };
const challenge = (algorithm: string, more = 'qop="auth, auth-int"', at = realm): string =>
  `Digest realm="${at}", ${more}, algorithm=${algorithm}, nonce="${nonce}"`;
const answer = (...challenges: readonly string[]): string | null => {
  const response = { status: 401, headers: challenges.map((value) => header("WWW-Authenticate", value)) } as unknown as SipResponse;
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

test("a server without qop is answered as RFC 2069 has it; a proxy's challenge goes to the proxy", () => {
  // The example of RFC 2617 §3.5, whose answer without qop is that of RFC 2069 §2.4's erratum 749.
  const old = `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`;
  const mufasa = { username: "Mufasa", ha1: (at: string) => ha1Of("Mufasa", at, "CircleOfLife") };
  const response = { status: 407, headers: [header("Proxy-Authenticate", old)] } as unknown as SipResponse;
  const proof = answerChallenge(response, mufasa, request);
  expect(proof?.name).toBe("Proxy-Authorization");
  expect(proof?.value).toContain('response="1949323746fe6a43ef61f9606e7febea"');
  expect(proof?.value).not.toMatch(/qop|cnonce|nc=/);
});

test("SIP-13: nothing is said to another realm, to a scheme or a protection that we do not know, or without a nonce", () => {
  expect(answer(challenge("MD5", 'qop="auth"', "elsewhere"))).toBeNull();
  expect(answer(challenge("MD5", 'qop="auth-int"'))).toBeNull();
  expect(answer(`Basic realm="${realm}"`, "Digest", `Digest realm="${realm}", qop="auth"`)).toBeNull();
  expect(answer()).toBeNull();
});
