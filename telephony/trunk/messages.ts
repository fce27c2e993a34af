// What we say to a carrier beside calls: REGISTER and OPTIONS, and what its answer to a REGISTER grants.
import { type Header, header, headerValue, type RequestDraft, type SipResponse } from "../sip/message/message.ts";
import { addressList } from "../sip/message/name-addr.ts";
import { param } from "../sip/message/params.ts";
import { encodeUser } from "../sip/message/uri.ts";

export type Numbering = { readonly callId: string; readonly tag: string; readonly seq: number };

/** `contact` with brackets. 0 seconds: it is taken away (RFC 3261 §10.2.2). */
export function registerRequest(
  account: { readonly username: string; readonly domain: string },
  { callId, tag, seq }: Numbering,
  contact: string,
  seconds: number,
): RequestDraft {
  const us = `<sip:${encodeUser(account.username)}@${account.domain}>`;
  const more = [header("Contact", contact), header("Expires", String(seconds))];
  return outside("REGISTER", `sip:${account.domain}`, { from: `${us};tag=${tag}`, to: us, callId, seq }, more);
}

/** Whether somebody is there (RFC 3261 §11). */
export function optionsRequest(host: string, own: string, { callId, tag, seq }: Numbering): RequestDraft {
  const from = `<sip:${own}>;tag=${tag}`;
  return outside("OPTIONS", `sip:${host}`, { from, to: `<sip:${host}>`, callId, seq }, [header("Accept", "application/sdp")]);
}

function outside(
  method: string,
  uriText: string,
  { from, to, callId, seq }: { readonly from: string; readonly to: string; readonly callId: string; readonly seq: number },
  more: readonly Header[],
): RequestDraft {
  const headers = [
    ...[header("From", from), header("To", to), header("Call-ID", callId), header("CSeq", `${seq} ${method}`)],
    ...[header("Max-Forwards", "70"), ...more],
  ];
  return { kind: "request", method, uriText, headers, body: new Uint8Array(0) };
}

/** For how many seconds the 200 to our REGISTER has us: our Contact's own word before the header's; null: it does not have us. */
export function grantedSeconds(response: SipResponse, contact: string): number | null {
  const uriText = contact.replace(/^<|>.*$/g, "");
  const ours = addressList(response, "contact")?.find((address) => sameTarget(address.uriText, uriText));
  const said = (ours === undefined ? null : param(ours.params, "expires")) ?? headerValue(response, "expires");
  // A registrar that lists nothing has us all the same; one that lists others only has not.
  if (ours === undefined && headerValue(response, "contact") !== null) return null;
  return said !== null && /^[0-9]{1,9}$/.test(said.trim()) ? Number(said) : 3_600;
}

/** Registrars add parameters, and may spell the host otherwise; the user part is ours alone. */
function sameTarget(a: string, b: string): boolean {
  const user = (text: string): string => /^sips?:([^@;]*)@/i.exec(text)?.[1] ?? text;
  return user(a) === user(b);
}
