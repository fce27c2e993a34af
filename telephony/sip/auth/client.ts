// The digest client: answers a registrar's challenge (RFC 7616). Pure; what it is given never leaves it but as a hash.
import { type Header, header, headerValues, type SipResponse } from "../message/message.ts";
import { type Algorithm, expectedResponse, type Ha1, parseAuthParams } from "./digest.ts";

export type ClientSecret = { readonly username: string; readonly ha1: Ha1 };

/**
 * The Authorization for a request that was answered with 401; null: nothing in the answer is a challenge that we can take. The first one that
 * we know is taken: servers put what they prefer first (RFC 8760 §2.3). `realm` must be the one that the HA1 was made for.
 */
export function answerChallenge(
  response: SipResponse,
  secret: ClientSecret,
  request: { readonly method: string; readonly uriText: string; readonly realm: string; readonly cnonce: string },
): Header | null {
  const { method, uriText: uri, realm, cnonce } = request;
  for (const value of headerValues(response, "www-authenticate")) {
    const params = /^digest[ \t]/i.test(value) ? parseAuthParams(value, 7) : null;
    const algorithm = (params?.get("algorithm") ?? "MD5").toUpperCase();
    const nonce = params?.get("nonce") ?? "";
    const takesAuth = (params?.get("qop") ?? "").split(",").some((qop) => qop.trim().toLowerCase() === "auth");
    if (params?.get("realm") !== realm || nonce === "" || !takesAuth || !isKnown(algorithm)) continue;
    const { username, ha1 } = secret;
    const credentials = { username, realm, nonce, uri, algorithm, cnonce, nc: "00000001", response: "" };
    const proof = expectedResponse(credentials, ha1, method);
    // §3.4: what is opaque goes back as it came.
    const opaque = params.get("opaque");
    const quoted = { username, realm, nonce, uri, cnonce, response: proof, ...(opaque === undefined ? {} : { opaque }) };
    const list = Object.entries(quoted).map(([name, text]) => `${name}="${text}"`);
    return header("Authorization", `Digest ${[...list, `algorithm=${algorithm}`, "qop=auth", "nc=00000001"].join(", ")}`);
  }
  return null;
}

function isKnown(algorithm: string): algorithm is Algorithm {
  return algorithm === "MD5" || algorithm === "SHA-256";
}
