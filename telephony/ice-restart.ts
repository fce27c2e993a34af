// Our half of an ICE restart: the credentials that come after others.
import { createHash } from "node:crypto";
import type { LocalWebRtc } from "./sdp/offer-answer.ts";

/**
 * The same end with the credentials that follow (RFC 8445 §9). Made of those of before, which only we and the peer know: whoever steps a leg needs no
 * random source for it.
 */
export function afterRestart(local: LocalWebRtc): LocalWebRtc {
  const next = createHash("sha256").update(`landline ice restart ${local.ufrag} ${local.pwd}`).digest("hex");
  return { ...local, ufrag: next.slice(0, 8), pwd: next.slice(8, 40) };
}
