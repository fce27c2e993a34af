// What a SIP message is here: plain values. Text is kept one character per byte (latin1), so that whatever came can be sent back byte for byte.
import type { NameAddr } from "./name-addr.ts";
import type { Uri } from "./uri.ts";
import type { Via } from "./via.ts";

/** One header line, unfolded. `key` is the long name in lower case; `name` is what was written. */
export type Header = { readonly key: string; readonly name: string; readonly value: string };

/** A request that can be sent. Content-Length is the serialiser's business and is not among `headers`. */
export type RequestDraft = {
  readonly kind: "request";
  readonly method: string;
  readonly uriText: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};
export type ResponseDraft = {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};
export type Draft = RequestDraft | ResponseDraft;

/** The fields that every received message must carry and that every layer reads. The others are parsed when asked for. */
export type Essentials = {
  /** The topmost Via. */
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
};
export type SipRequest = RequestDraft & Essentials & { readonly uri: Uri; readonly maxForwards: number | null };
export type SipResponse = ResponseDraft & Essentials;
export type SipMessage = SipRequest | SipResponse;

export const emptyBody: Uint8Array = new Uint8Array(0);

type HasHeaders = { readonly headers: readonly Header[] };

/** The first value of a header, or null. `key` is lower case. */
export function headerValue(message: HasHeaders, key: string): string | null {
  for (const header of message.headers) if (header.key === key) return header.value;
  return null;
}

/** All lines of a header, in order. */
export function headerValues(message: HasHeaders, key: string): string[] {
  const values: string[] = [];
  for (const header of message.headers) if (header.key === key) values.push(header.value);
  return values;
}

/** The members of a comma-separated list of tokens (Require, Supported, Allow, Accept), parameters dropped, lower case. */
export function headerTokens(message: HasHeaders, key: string): string[] {
  const tokens: string[] = [];
  for (const value of headerValues(message, key)) {
    for (const member of value.split(",")) {
      const semicolon = member.indexOf(";");
      const token = (semicolon < 0 ? member : member.slice(0, semicolon)).trim().toLowerCase();
      if (token !== "") tokens.push(token);
    }
  }
  return tokens;
}

export function header(name: string, value: string): Header {
  return { key: name.toLowerCase(), name, value };
}

/** Unicode text as it travels: one character per UTF-8 byte. */
export function toWire(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Wire text as bytes, for whoever decodes it (core/lib/remote-text.ts takes bytes). */
export function wireBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
