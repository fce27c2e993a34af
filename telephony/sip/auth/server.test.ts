// Tests for digest: the RFC's own vectors, then replays, strangers' nonces, floods of parameters, and names that nobody has.
import { expect, test } from "bun:test";
import { nonceLifeMs } from "../../../core/lib/limits.ts";
import { fakeEnv } from "../../support/fake-env.ts";
import type { SipRequest } from "../message/message.ts";
import { parseDatagram } from "../message/parser.ts";
import { type Algorithm, expectedResponse, ha1Of, parseCredentials } from "./digest.ts";
import { DigestServer } from "./server.ts";

test("the vectors of RFC 7616 §3.9.1 come out right", () => {
  const common = {
    username: "Mufasa",
    realm: "http-auth@example.org",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri: "/dir/index.html",
    nc: "00000001",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    response: "",
  };
  const ha1 = ha1Of("Mufasa", "http-auth@example.org", "Circle of Life");
  expect(expectedResponse({ ...common, algorithm: "MD5" }, ha1, "GET")).toBe("8ca523f5e9506fed4657c9700eebdbec");
  expect(expectedResponse({ ...common, algorithm: "SHA-256" }, ha1, "GET")).toBe(
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  );
});

const ha1 = ha1Of("101", "landline", "secret");
const lookup = (username: string) => (username === "101" ? ha1 : null);

function host() {
  const env = fakeEnv();
  const server = new DigestServer(env, "landline");
  const nonce = (): string => /nonce="([^"]+)"/.exec(server.challenge()[0]!.value)![1]!;
  return { env, server, nonce };
}

function register(authorization: string | null, uri = "sip:landline"): SipRequest {
  const lines = authorization === null ? "" : `Authorization: ${authorization}\r\n`;
  const text = `REGISTER ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:101@landline>;tag=1\r\nTo: <sip:101@landline>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n${lines}\r\n`;
  const parsed = parseDatagram(Buffer.from(text, "latin1"));
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error("no request");
  return parsed.message;
}

function credentials(
  nonce: string,
  change: { nc?: string; password?: string; username?: string; uri?: string; algorithm?: Algorithm; realm?: string } = {},
): string {
  const {
    nc = "00000001",
    password = "secret",
    username = "101",
    uri = "sip:landline",
    algorithm = "SHA-256",
    realm = "landline",
  } = change;
  const base = { username, realm, nonce, uri, nc, cnonce: "abc", algorithm, response: "" };
  const response = expectedResponse(base, ha1Of(username, "landline", password), "REGISTER");
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="abc", algorithm=${algorithm}, response="${response}"`;
}

test("SIP-15: SHA-256 is offered before MD5, and both are taken", () => {
  const { server, nonce } = host();
  expect(server.challenge().map(({ value }) => /algorithm=(\S+)/.exec(value)![1])).toEqual(["SHA-256", "MD5"]);
  for (const algorithm of ["SHA-256", "MD5"] as const)
    expect(server.verify(register(credentials(nonce(), { algorithm })), lookup)).toEqual({ ok: true, username: "101" });
});

test("SIP-15: what is not offered is not taken, whoever asks for it", () => {
  const env = fakeEnv();
  const server = new DigestServer(env, "landline", ["SHA-256"]);
  expect(server.challenge(false, true).map(({ value }) => /algorithm=(\S+)/.exec(value)![1])).toEqual(["SHA-256"]);
  const nonce = (): string => /nonce="([^"]+)"/.exec(server.challenge()[0]!.value)![1]!;
  expect(server.verify(register(credentials(nonce(), { algorithm: "MD5" })), lookup)).toMatchObject({ ok: false, guess: null });
  expect(server.verify(register(credentials(nonce(), { algorithm: "SHA-256" })), lookup).ok).toBe(true);
});

test("SIP-15: a count is taken once and never goes back", () => {
  const { server, nonce } = host();
  const fixed = nonce();
  const verdict = (nc: string) => server.verify(register(credentials(fixed, { nc })), lookup);
  expect(verdict("00000001").ok).toBe(true);
  expect(verdict("00000001")).toEqual({ ok: false, stale: true, guess: null });
  expect(verdict("00000005").ok).toBe(true);
  expect(verdict("00000004").ok).toBe(false);
  expect(verdict("ffffffff").ok).toBe(true);
  expect(verdict("ffffffff").ok).toBe(false);
});

test("SIP-15: an old nonce is stale for the right password only", () => {
  const { env, server, nonce } = host();
  const old = nonce();
  env.advance(nonceLifeMs + 1);
  expect(server.verify(register(credentials(old)), lookup)).toEqual({ ok: false, stale: true, guess: null });
  expect(server.verify(register(credentials(old, { password: "x" })), lookup)).toEqual({ ok: false, stale: false, guess: "101" });
});

test("SIP-15: another server's nonce, another realm and another target prove nothing", () => {
  const { server, nonce } = host();
  const foreign = new DigestServer(fakeEnv(1_790_000_000_000, 2), "landline").challenge()[0]!.value;
  for (const authorization of [
    credentials(/nonce="([^"]+)"/.exec(foreign)![1]!),
    credentials(nonce(), { realm: "elsewhere" }),
    credentials(nonce(), { uri: "sip:other" }),
    credentials("x"),
    credentials(""),
  ])
    expect(server.verify(register(authorization), lookup).ok).toBe(false);
  expect(server.verify(register(credentials(nonce(), { uri: "sip:landline:5060" })), lookup).ok).toBe(true);
});

test("SIP-16: an unknown name gets the verdict of a wrong password", () => {
  const { server, nonce } = host();
  expect(server.verify(register(credentials(nonce(), { username: "999" })), lookup)).toEqual({ ok: false, stale: false, guess: "999" });
  expect(server.verify(register(credentials(nonce(), { password: "x" })), lookup)).toEqual({ ok: false, stale: false, guess: "101" });
  expect(server.verify(register(credentials(nonce())), lookup, () => false)).toEqual({ ok: false, stale: false, guess: "101" });
});

test("SIP-06: monstrous credentials are no credentials", () => {
  const { server, nonce } = host();
  const good = credentials(nonce());
  for (const value of [
    `${good}, ${Array.from({ length: 10_000 }, (_, i) => `p${i}=1`).join(", ")}`,
    good.replace(/response="[^"]+"/, `response="${"a".repeat(4_000)}"`),
    good.replace(/nonce="([^"]+)"/, 'nonce="$1", nonce="$1"'),
    good.replace('cnonce="abc"', 'cnonce="abc'),
    good.replace("qop=auth", "qop=auth-int"),
    good.replace("SHA-256", "MD5-sess"),
    good.replace("nc=00000001", "nc=1"),
    "Digest",
    "Digest username",
    "Basic YTpi",
    "NoOneKnowsThisScheme opaque-data=here",
  ])
    expect(parseCredentials(value)).toBeNull();
  expect(server.verify(register(null), lookup)).toEqual({ ok: false, stale: false, guess: null });
});
