// Relays for browsers whose network lets neither UDP nor TCP through to us (TURN, RFC 8656): where they are, and with what a browser proves itself.
import { createHmac } from "node:crypto";
import { turnCredentialMs } from "../lib/limits.ts";

/**
 * `secret`: shared with the relay, so that each browser gets a name and a password that are good for a while ("TURN REST API", as coturn's
 * use-auth-secret has it). `account`: one name and password for everybody, which every browser learns.
 */
export type TurnProof =
  | { readonly kind: "secret"; readonly secret: string }
  | { readonly kind: "account"; readonly username: string; readonly password: string };
export type TurnSettings = { readonly urls: readonly string[]; readonly proof: TurnProof };
/** As RTCPeerConnection takes it. */
export type IceServer = { readonly urls: readonly string[]; readonly username: string; readonly credential: string };

/** `turn:` or `turns:`, host, port and transport (RFC 7065 §3.1). */
export const turnUrl = /^turns?:(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/;

/** For one browser, from now on for `turnCredentialMs`. `whose`: what the relay's log calls it. */
export function iceServerFor({ urls, proof }: TurnSettings, whose: string, now: number): IceServer {
  if (proof.kind === "account") return { urls, username: proof.username, credential: proof.password };
  const username = `${Math.floor((now + turnCredentialMs) / 1_000)}:${whose}`;
  return { urls, username, credential: createHmac("sha1", proof.secret).update(username).digest("base64") };
}
