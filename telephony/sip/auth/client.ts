// The digest client: answers the challenge of a registrar or proxy (RFC 7616, RFC 3261 §22). Pure; what it is given never leaves it but as a hash.
import { type Header, header, headerValues, type SipResponse } from "../message/message.ts";
import { quote } from "../message/params.ts";
import { type Algorithm, expectedResponse, type Ha1, parseAuthParams, responseWithoutQop } from "./digest.ts";

/** `ha1`: of the realm; null: nothing is said to that realm. */
export type ClientSecret = { readonly username: string; readonly ha1: (realm: string) => Ha1 | null };

/**
 * The credentials for a request that was answered with 401 or 407; null: nothing in the answer is a challenge that we can take. The first one
 * that we know is taken: servers put what they prefer first (RFC 8760 §2.3).
 */
export function answerChallenge(
  response: SipResponse,
  secret: ClientSecret,
  request: { readonly method: string; readonly uriText: string; readonly cnonce: string },
): Header | null {
  const isProxy = response.status === 407;
  for (const value of headerValues(response, isProxy ? "proxy-authenticate" : "www-authenticate")) {
    const params = /^digest[ \t]/i.test(value) ? parseAuthParams(value, 7) : null;
    const proof = params === null ? null : proofOf(params, secret, request);
    if (proof !== null) return header(isProxy ? "Proxy-Authorization" : "Authorization", proof);
  }
  return null;
}

function proofOf(
  params: ReadonlyMap<string, string>,
  { username, ha1 }: ClientSecret,
  { method, uriText: uri, cnonce }: { readonly method: string; readonly uriText: string; readonly cnonce: string },
): string | null {
  const algorithm = (params.get("algorithm") ?? "MD5").toUpperCase();
  const [realm, nonce, qop] = [params.get("realm"), params.get("nonce") ?? "", params.get("qop")];
  const known = realm === undefined || nonce === "" || !isKnown(algorithm) ? null : ha1(realm);
  if (known === null || realm === undefined || !isKnown(algorithm)) return null;
  const credentials = { username, realm, nonce, uri, algorithm, cnonce, nc: "00000001", response: "" };
  // §3.4: what is opaque goes back as it came.
  const opaque = params.get("opaque");
  const common = { username, realm, nonce, uri, ...(opaque === undefined ? {} : { opaque }) };
  const line = (quoted: Readonly<Record<string, string>>, ...plain: string[]): string =>
    `Digest ${[...Object.entries(quoted).map(([name, text]) => `${name}=${quote(text)}`), `algorithm=${algorithm}`, ...plain].join(", ")}`;
  // RFC 3261 §22.4: a server of RFC 2069's time names no protection, and is answered as it was then.
  if (qop === undefined) return line({ ...common, response: responseWithoutQop(credentials, known, method) });
  if (!qop.split(",").some((one) => one.trim().toLowerCase() === "auth")) return null;
  return line({ ...common, cnonce, response: expectedResponse(credentials, known, method) }, "qop=auth", "nc=00000001");
}

function isKnown(algorithm: string): algorithm is Algorithm {
  return algorithm === "MD5" || algorithm === "SHA-256";
}
