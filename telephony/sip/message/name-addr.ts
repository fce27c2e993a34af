// From, To, Contact, Route and their kin: a display name, a URI and parameters (RFC 3261 §20.10).
import { type Header, headerValues } from "./message.ts";
import { type Params, param, parseParams, quote, quotedEnd, skipSpace, splitList, trimSpace, unquote } from "./params.ts";
import { parseUri, type Uri } from "./uri.ts";

export type NameAddr = {
  /** Unquoted, still wire text; null when there is none. */
  readonly display: string | null;
  readonly uri: Uri;
  /** The URI as written, without brackets. */
  readonly uriText: string;
  /** The header's parameters, not the URI's. */
  readonly params: Params;
};

/** Null when it is neither name-addr nor addr-spec. */
export function parseNameAddr(value: string): NameAddr | null {
  const text = trimSpace(value);
  let display: string | null = null;
  let open: number;
  if (text.charCodeAt(0) === 0x22) {
    const end = quotedEnd(text, 0);
    if (end < 0) return null;
    display = unquote(text.slice(0, end));
    open = skipSpace(text, end);
    if (text.charCodeAt(open) !== 0x3c) return null;
  } else {
    open = text.indexOf("<");
    // RFC 4475 §3.1.1.6: no space is needed before "<"; §3.1.2.15: the quotes that should be around a comma are inferred.
    if (open > 0) display = trimSpace(text.slice(0, open));
    if (display?.includes('"')) return null;
  }
  if (open < 0) return parseAddrSpec(text);
  const close = text.indexOf(">", open);
  if (close < 0) return null;
  const uriText = trimSpace(text.slice(open + 1, close));
  const uri = parseUri(uriText);
  const params = parseParams(text, close + 1);
  return uri === null || params === null ? null : { display, uri, uriText, params };
}

/** Without brackets every parameter is the header's, and "?" and "," may not occur (RFC 3261 §20.10). */
function parseAddrSpec(text: string): NameAddr | null {
  let end = text.indexOf(";");
  if (end < 0) end = text.length;
  const uriText = trimSpace(text.slice(0, end));
  if (/[?,]/.test(uriText)) return null;
  const uri = parseUri(uriText);
  const params = parseParams(text, end);
  return uri === null || params === null ? null : { display: null, uri, uriText, params };
}

export function tagOf(address: NameAddr): string | null {
  return param(address.params, "tag") ?? null;
}

/** `"Alice" <sip:alice@host>`; the display name is wire text. */
export function formatNameAddr(display: string | null, uriText: string): string {
  return display === null || display === "" ? `<${uriText}>` : `${quote(display)} <${uriText}>`;
}

/** Every address in all lines of a list header (Contact, Route, Record-Route, Path), in order; null when one is broken. */
export function addressList(message: { readonly headers: readonly Header[] }, key: string): NameAddr[] | null {
  const addresses: NameAddr[] = [];
  for (const value of headerValues(message, key)) {
    const members = splitList(value);
    if (members === null) return null;
    for (const member of members) {
      const address = parseNameAddr(member);
      if (address === null) return null;
      addresses.push(address);
    }
  }
  return addresses;
}
