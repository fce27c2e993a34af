// URIs in SIP (RFC 3261 §19.1, RFC 3966): parsed by hand, escapes kept as written and decoded once, when asked for.
import { isIpv6 } from "../../../core/lib/ip-address.ts";

export type SipUri = {
  readonly scheme: "sip" | "sips";
  /** As written, escapes and all; null when there is no "@". */
  readonly user: string | null;
  readonly password: string | null;
  /** A name, an IPv4 address, or an IPv6 address without its brackets. Lower case. */
  readonly host: string;
  readonly port: number | null;
  /** Lower-case names. A value is kept as written. */
  readonly params: ReadonlyMap<string, string | null>;
  /** What follows "?", as written. It never becomes a header of anything here. */
  readonly headers: string | null;
};
export type TelUri = { readonly scheme: "tel"; readonly number: string };
/** Syntactically a URI, nothing we call: 416. */
export type OtherUri = { readonly scheme: "other"; readonly text: string };
export type Uri = SipUri | TelUri | OtherUri;

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):/;
/** Nothing that could end a URI or a header early, and nothing invisible. */
const forbidden = /[\x00-\x20\x7f<>"\\^`{|}]/;
const hostPattern = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$/;

/** Null when `text` is no URI. */
export function parseUri(text: string): Uri | null {
  const match = schemePattern.exec(text);
  if (match === null) return null;
  const scheme = match[1]!.toLowerCase();
  const rest = text.slice(match[0].length);
  if (rest === "" || /[\x00-\x20\x7f<>"]/.test(rest)) return null;
  if (scheme === "tel") return { scheme: "tel", number: rest.split(";")[0]! };
  if (scheme !== "sip" && scheme !== "sips") return { scheme: "other", text };
  return parseSip(scheme, rest);
}

function parseSip(scheme: "sip" | "sips", rest: string): SipUri | null {
  // "@" is allowed raw nowhere but between userinfo and host; "?", ";" and "," may be part of the user (RFC 4475 §3.1.1.2).
  const at = rest.indexOf("@");
  if (at !== rest.lastIndexOf("@") || at === 0) return null;
  let user: string | null = null;
  let password: string | null = null;
  if (at > 0) {
    const userinfo = rest.slice(0, at);
    if (forbidden.test(userinfo)) return null;
    const colon = userinfo.indexOf(":");
    user = colon < 0 ? userinfo : userinfo.slice(0, colon);
    password = colon < 0 ? null : userinfo.slice(colon + 1);
    if (user === "") return null;
  }
  const tail = rest.slice(at + 1);
  const question = tail.indexOf("?");
  const headers = question < 0 ? null : tail.slice(question + 1);
  const [hostPort, ...paramTexts] = (question < 0 ? tail : tail.slice(0, question)).split(";");
  const place = parseHostPort(hostPort!);
  if (place === null) return null;
  return { scheme, user, password, host: place.host, port: place.port, params: uriParams(paramTexts), headers };
}

const noParams: ReadonlyMap<string, string | null> = new Map();

function uriParams(texts: readonly string[]): ReadonlyMap<string, string | null> {
  if (texts.length === 0) return noParams;
  const params = new Map<string, string | null>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const name = (equals < 0 ? text : text.slice(0, equals)).toLowerCase();
    if (name !== "" && !params.has(name)) params.set(name, equals < 0 ? null : text.slice(equals + 1));
  }
  return params;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. A port never hides inside an IPv6 address (RFC 5118 §4.3). */
export function parseHostPort(text: string): { readonly host: string; readonly port: number | null } | null {
  let host: string;
  let portText: string | null = null;
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    if (close < 0) return null;
    // RFC 5118 §4.10: three colons come from a bug in RFC 3261's grammar and mean two.
    host = text.slice(1, close).replace(":::", "::").toLowerCase();
    if (!isIpv6(host)) return null;
    const after = text.slice(close + 1);
    if (after !== "" && !after.startsWith(":")) return null;
    if (after !== "") portText = after.slice(1);
  } else {
    const colon = text.indexOf(":");
    host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
    if (host.length > 255 || !hostPattern.test(host)) return null;
    if (colon >= 0) portText = text.slice(colon + 1);
  }
  if (portText === null) return { host, port: null };
  if (!/^[0-9]{1,5}$/.test(portText) || Number(portText) > 65_535) return null;
  return { host, port: Number(portText) };
}

/** Escapes decoded exactly once; what is no escape stays. Still one character per byte. */
export function decodeEscapes(text: string): string {
  return text.includes("%") ? text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
}

/** Wire text as a user part: everything but unreserved and a few harmless characters escaped. */
export function encodeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
