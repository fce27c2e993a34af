// Reads an INVITE for core: who is calling, and what was dialled. Only cleaned text leaves; nothing else of the message does.
import type { CallerIdentity, RedirectTarget } from "../core/call/call-control.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";
import { headerValue, headerValues, type SipRequest, type SipResponse, wireBytes } from "./sip/message/message.ts";
import { addressList, type NameAddr } from "./sip/message/name-addr.ts";
import { param, parseParams } from "./sip/message/params.ts";
import { decodeEscapes, type Uri } from "./sip/message/uri.ts";

/**
 * The number or name that was dialled: the Request-URI's user part, its escapes undone once. Where that is only where we are registered
 * (`isContact`), the number is in To.
 */
export function calledOf(invite: SipRequest, isContact: (user: string) => boolean = () => false): string {
  const text = userText(invite.uri, invite.uriText);
  return isContact(text) ? userText(invite.to.uri, "") : text;
}

/**
 * Who a trunk says is calling. RFC 3325: a trusted peer's P-Asserted-Identity comes before what the caller wrote in From.
 * Remote-Party-ID and X- headers are not read at all; Diversion by network-facts.ts.
 */
export function callerOf(invite: SipRequest): CallerIdentity {
  const asserted = addressList(invite, "p-asserted-identity")?.[0] ?? null;
  const from = identityOf(invite.from);
  if (asserted === null) return from;
  const identity = identityOf(asserted);
  return { number: identity.number, name: identity.name || from.name };
}

function identityOf(address: NameAddr): CallerIdentity {
  const number = userText(address.uri, "");
  const name = address.display === null ? "" : cleanRemoteText(wireBytes(address.display));
  const isAnonymous =
    /^(anonymous|unknown|restricted)$/i.test(number) || (address.uri.scheme === "sip" && address.uri.host === "anonymous.invalid");
  return isAnonymous ? { number: "", name: "" } : { number, name: name === number ? "" : name };
}

/** The number or name in an address, cleaned. */
export function numberOf(address: NameAddr): string {
  return userText(address.uri, "");
}

function userText(uri: Uri, fallback: string): string {
  const raw = uri.scheme === "tel" ? uri.number : uri.scheme === "other" ? fallback : (uri.user ?? "").split(";")[0]!;
  return cleanRemoteText(wireBytes(decodeEscapes(raw)));
}

/** The number or name that a REFER wants called, cleaned; null: none of ours to call, or a dialog is to be replaced (RFC 3891). */
export function referTarget(refer: SipRequest): string | null {
  const target = addressList(refer, "refer-to")?.[0]?.uri;
  if (target === undefined || (target.scheme !== "sip" && target.scheme !== "sips" && target.scheme !== "tel")) return null;
  if (/[?&]replaces=/i.test(headerValue(refer, "refer-to") ?? "")) return null;
  return userText(target, "") || null;
}

/** Contacts of a 3xx that anybody reads; whoever names more of them wants us busy. */
const redirectTargetsMax = 4;

/** Where a 3xx sends a call (RFC 3261 §8.1.3.4): numbers and names only, cleaned. */
export function redirectTargets(response: SipResponse, isNear: (host: string) => boolean): readonly RedirectTarget[] {
  const contacts = addressList(response, "contact") ?? [];
  return contacts.slice(0, redirectTargetsMax).flatMap((contact): RedirectTarget[] => {
    const { uri } = contact;
    const number = userText(uri, "");
    if (number === "" || uri.scheme === "other") return [];
    const host = uri.scheme === "tel" ? "" : uri.host;
    return [{ number, host, isNear: host === "" || isNear(host) }];
  });
}

export type Replaces = { readonly callId: string; readonly toTag: string; readonly fromTag: string; readonly isEarlyOnly: boolean };

/** Which dialog an INVITE wants the place of (RFC 3891 §6.1); null: none; "broken": it says so in a way that nobody can read, or says several. */
export function replacesOf(invite: SipRequest): Replaces | "broken" | null {
  const values = headerValues(invite, "replaces");
  if (values.length === 0) return null;
  return values.length > 1 ? "broken" : readReplaces(values[0]!);
}

/** Which dialog a REFER wants replaced: in a header of its Refer-To's URI, escaped (RFC 5589 §7.1); null: none. */
export function referReplaces(refer: SipRequest): Replaces | "broken" | null {
  const [, escaped] = /[?&]replaces=([^&>\s]*)/i.exec(headerValue(refer, "refer-to") ?? "") ?? [];
  return escaped === undefined ? null : readReplaces(decodeEscapes(escaped));
}

function readReplaces(value: string): Replaces | "broken" {
  const semicolon = value.indexOf(";");
  const params = semicolon < 0 ? null : parseParams(value, semicolon);
  const [toTag, fromTag] = params === null ? [] : [param(params, "to-tag"), param(params, "from-tag")];
  const callId = value.slice(0, Math.max(semicolon, 0)).trim();
  if (params === null || callId === "" || !toTag || !fromTag || /[\s,]/.test(callId)) return "broken";
  return { callId, toTag, fromTag, isEarlyOnly: param(params, "early-only") !== undefined };
}
