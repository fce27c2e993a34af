// What SIP's statuses mean to people, and back: reject reasons to statuses, session ends to leg end reasons.
import type { LegEndReason, RejectReason } from "../core/call/call-control.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";
import type { CertificateTrouble } from "../core/telephony/peer-certificate.ts";
import type { EncryptionTrouble } from "./sdp/offer-answer.ts";
import type { SessionEnd } from "./sip/dialog/session.ts";
import { type Header, header, headerValue, type SipResponse } from "./sip/message/message.ts";

export type Refusal = { readonly status: number; readonly reason?: string; readonly headers?: readonly Header[] };

/** Said to a person who calls for help: plain, and in the one place that every phone shows. */
export const emergencyReason = "Emergency calling is not set up on this system - use another phone";

export function refusalOf(reason: RejectReason): Refusal {
  switch (reason) {
    case "no-such-number":
      return { status: 404 };
    case "not-allowed":
      return { status: 403 };
    case "busy":
      return { status: 486 };
    case "declined":
      return { status: 603 };
    case "unavailable":
      return { status: 480 };
    case "overloaded":
      return { status: 503, headers: [header("Retry-After", "10")] };
    case "emergency-not-available":
      return { status: 403, reason: emergencyReason };
  }
}

/** Whether a refusal may be about the offer's encryption: 488, 415 and 606 speak of descriptions. */
export function refusesDescription(end: SessionEnd): boolean {
  return end.cause === "refused" && end.by === "peer" && (end.status === 488 || end.status === 415 || end.status === 606);
}

/** What a caller is told whose voice cannot be as it must (RFC 3261 §20.43). */
export function encryptionWarning(trouble: EncryptionTrouble | undefined): Header {
  return header("Warning", `399 landline "${encryptionWords(trouble)}"`);
}

/** A refusal in the peer's own words, cleaned: its reason phrase, Warning (RFC 3261 §20.43) and Reason (RFC 3326); empty: it says no more than its status. */
export function saidOf(response: SipResponse | undefined): string {
  if (response === undefined) return "";
  const parts = [response.reason, headerValue(response, "warning"), headerValue(response, "reason")];
  return cleanRemoteText(parts.filter((part) => part !== null && part !== "").join("; "));
}

/** What a carrier is told that has not shown who it is. */
export function certificateWarning(trouble: CertificateTrouble): Header {
  return header("Warning", `399 landline "${certificateWords[trouble]}"`);
}

const certificateWords: Readonly<Record<CertificateTrouble, string>> = {
  "not-by-tls": "This trunk is known by its certificate: come by TLS",
  "none-shown": "This trunk is known by its certificate: show one",
  unreadable: "The certificate cannot be read",
  untimely: "The certificate is not valid now",
  "other-issuer": "The certificate is of another issuer",
  "other-name": "The certificate has another name",
};

function encryptionWords(trouble: EncryptionTrouble | undefined): string {
  switch (trouble) {
    case "plain":
      return "Voice must be encrypted here: offer SRTP with keys in the description (SDES)";
    case "encrypted":
      return "Encrypted voice is switched off here: offer RTP/AVP";
    case "no-suite":
      return "No a=crypto in the offer that can be used here";
    case "broken":
      return "Broken a=crypto in the offer";
    case undefined:
      return "No usable audio in the offer";
  }
}

/** Why a leg ended, from how its session did. */
export function legEndReason(end: SessionEnd): LegEndReason {
  switch (end.cause) {
    case "bye":
    case "cancel":
      return end.by === "peer" ? "hung-up" : "ended-by-us";
    case "refused":
      return end.by === "us" ? "ended-by-us" : refusedBy(end.status ?? 0);
    case "timeout":
    case "transport":
    case "gone":
      return "unreachable";
    case "not-acknowledged":
      return "not-acknowledged";
  }
}

/** The called device's answer below or above 300 that is no success. */
function refusedBy(status: number): LegEndReason {
  if (status === 486 || status === 600 || status === 603) return "declined";
  if (status === 408 || status === 480 || status === 487) return "no-answer";
  if (status === 503) return "overloaded";
  if (status >= 300 && status < 400) return "redirected";
  return "unreachable";
}
