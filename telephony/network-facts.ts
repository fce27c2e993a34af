// Reads what a trunk says of a call beside who calls: `verstat`, Diversion (RFC 5806) and History-Info (RFC 7044). Only cleaned text leaves.
import type { NetworkFacts, Verification } from "../core/telephony/network-facts.ts";
import { numberOf } from "./ingress.ts";
import { headerValues, type SipRequest } from "./sip/message/message.ts";
import { addressList, type NameAddr } from "./sip/message/name-addr.ts";
import { param } from "./sip/message/params.ts";

/** For trunks alone: anybody else says of themselves what they like. */
export function networkFactsOf(invite: SipRequest): NetworkFacts {
  const diverting = divertingOf(invite);
  return {
    verification: verificationOf(addressList(invite, "p-asserted-identity")?.[0] ?? null) ?? verificationOf(invite.from),
    divertedBy: numberIn(diverting[0]),
    firstCalled: numberIn(diverting.at(-1)),
  };
}

const results: Readonly<Record<string, Verification>> = {
  "tn-validation-passed": "passed",
  "tn-validation-failed": "failed",
  "no-tn-validation": "none",
};

/** `verstat` stands behind the number, in the user part of a SIP URI as in a tel URI. */
function verificationOf(address: NameAddr | null): Verification | null {
  const [, told = ""] = /;verstat=([\w-]+)/i.exec(address?.uriText ?? "") ?? [];
  return results[told.toLowerCase()] ?? null;
}

/** Who diverted the call, the last one first. Diversion has that order (RFC 5806 §6.3); History-Info lists whoever was called, the last being us. */
function divertingOf(invite: SipRequest): readonly NameAddr[] {
  if (headerValues(invite, "diversion").length > 0) return addressList(invite, "diversion") ?? [];
  return (addressList(invite, "history-info") ?? []).slice(0, -1).reverse();
}

function numberIn(address: NameAddr | undefined): string | null {
  if (address === undefined || isPrivate(address)) return null;
  const number = numberOf(address);
  // A name says nothing to whoever reads it, and could say anything.
  return /^\+?[0-9]{1,32}$/.test(number) ? number : null;
}

/** RFC 5806 §6.2.2, RFC 7044 §10.1.2: whoever wants not to be told of is not. */
function isPrivate({ params, uriText }: NameAddr): boolean {
  const wish = param(params, "privacy") ?? "off";
  return wish.toLowerCase() !== "off" || /[?&]privacy=/i.test(uriText);
}
