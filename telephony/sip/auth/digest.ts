// Digest authentication (RFC 7616, RFC 8760): reading credentials and computing what they should be. Pure.
import { createHash } from "node:crypto";
import { quotedEnd, skipSpace, trimSpace, unquote } from "../message/params.ts";

/** The better one first (RFC 8760 §2.4: who is challenged takes the first that it knows). */
export const algorithms = ["SHA-256", "MD5"] as const;
export type Algorithm = (typeof algorithms)[number];

export type Credentials = {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: Algorithm;
  readonly cnonce: string;
  /** As sent: eight hexadecimal digits. */
  readonly nc: string;
};

/** A password's trace: hash(username:realm:password), per algorithm. */
export type Ha1 = { readonly md5: string; readonly sha256: string };

const credentialsMax = 4_096;
const paramsMax = 32;

/** Null: another scheme, or nothing that could be right. Only qop=auth is taken; -sess and auth-int are never offered. */
export function parseCredentials(value: string): Credentials | null {
  if (value.length > credentialsMax || !/^digest[ \t]/i.test(value)) return null;
  const params = parseAuthParams(value, 7);
  if (params === null) return null;
  const get = (name: string): string => params.get(name) ?? "";
  const algorithm = (params.get("algorithm") ?? "MD5").toUpperCase();
  if (algorithm !== "MD5" && algorithm !== "SHA-256") return null;
  if (get("qop").toLowerCase() !== "auth" || !/^[0-9a-f]{8}$/i.test(get("nc")) || get("cnonce") === "") return null;
  const [username, realm, nonce, uri] = [get("username"), get("realm"), get("nonce"), get("uri")];
  const response = get("response").toLowerCase();
  if (username === "" || nonce === "" || uri === "" || !/^[0-9a-f]{32,64}$/.test(response)) return null;
  return { username, realm, nonce, uri, response, algorithm, cnonce: get("cnonce"), nc: get("nc").toLowerCase() };
}

/** `name=value, name="value"`; null on a repeated name, an open quote, or too many. */
export function parseAuthParams(text: string, start: number): ReadonlyMap<string, string> | null {
  const params = new Map<string, string>();
  let at = skipSpace(text, start);
  while (at < text.length) {
    const equals = text.indexOf("=", at);
    if (equals < 0) return null;
    const name = text.slice(at, equals).trim().toLowerCase();
    if (!/^[a-z0-9_-]{1,32}$/.test(name) || params.has(name) || params.size === paramsMax) return null;
    at = skipSpace(text, equals + 1);
    let end: number;
    if (text.charCodeAt(at) === 0x22) {
      end = quotedEnd(text, at);
      if (end < 0) return null;
      params.set(name, unquote(text.slice(at, end)));
    } else {
      end = text.indexOf(",", at);
      if (end < 0) end = text.length;
      params.set(name, trimSpace(text.slice(at, end)));
    }
    at = skipSpace(text, end);
    if (at < text.length && text.charCodeAt(at) !== 0x2c) return null;
    at = skipSpace(text, at + 1);
  }
  return params;
}

function hash(algorithm: Algorithm, text: string): string {
  return createHash(algorithm === "MD5" ? "md5" : "sha256")
    .update(text, "latin1")
    .digest("hex");
}

export function ha1Of(username: string, realm: string, password: string): Ha1 {
  const text = Buffer.from(`${username}:${realm}:${password}`, "utf8").toString("latin1");
  return { md5: hash("MD5", text), sha256: hash("SHA-256", text) };
}

/** RFC 2069 §2.1.2, as RFC 3261 §22.4 keeps it for servers that name no qop. */
export function responseWithoutQop({ algorithm, nonce, uri }: Credentials, ha1: Ha1, method: string): string {
  return hash(algorithm, `${algorithm === "MD5" ? ha1.md5 : ha1.sha256}:${nonce}:${hash(algorithm, `${method}:${uri}`)}`);
}

/** RFC 7616 §3.4.1 with qop=auth. */
export function expectedResponse(credentials: Credentials, ha1: Ha1, method: string): string {
  const { algorithm, nonce, nc, cnonce, uri } = credentials;
  const ha2 = hash(algorithm, `${method}:${uri}`);
  return hash(algorithm, `${algorithm === "MD5" ? ha1.md5 : ha1.sha256}:${nonce}:${nc}:${cnonce}:auth:${ha2}`);
}
