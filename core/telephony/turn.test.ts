// What a browser is given to prove itself to a relay.
import { expect, test } from "bun:test";
import { iceServerFor, turnUrl } from "./turn.ts";

const urls = ["turn:turn.example.org:3478"];

test("a secret makes a name that ends by itself and its password; an account is the same for everybody", () => {
  // By openssl: printf '1700086400:alice' | openssl dgst -sha1 -hmac north -binary | base64
  expect(iceServerFor({ urls, proof: { kind: "secret", secret: "north" } }, "alice", 1_700_000_000_000)).toEqual({
    ...{ urls, username: "1700086400:alice", credential: "SXua5ne/+mDhiHTp0pQJzRO4ESg=" },
  });
  const account = { kind: "account", username: "office", password: "p" } as const;
  expect(iceServerFor({ urls, proof: account }, "alice", 1)).toEqual({ urls, username: "office", credential: "p" });
});

test("what a relay's address is", () => {
  for (const url of ["turn:a.example", "turns:a.example:443?transport=tcp", "turn:192.0.2.1:3478?transport=udp", "turn:[2001:db8::1]:3478"])
    expect([url, turnUrl.test(url)]).toEqual([url, true]);
  for (const url of ["stun:a.example", "turn://a.example", "turn:a.example?transport=sctp", "turn:", "a.example:3478", "turn:a b"])
    expect([url, turnUrl.test(url)]).toEqual([url, false]);
});
