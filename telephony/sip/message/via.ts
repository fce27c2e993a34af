// The Via header: where a request came from and where its responses go back (RFC 3261 §20.42, RFC 3581).
import { hostText } from "../../../core/lib/ip-address.ts";
import { formatParams, type Params, param, parseParams } from "./params.ts";
import { parseHostPort } from "./uri.ts";

export type Via = {
  /** Upper case: UDP, TCP, TLS, WS, WSS, or whatever was written. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | null;
  readonly params: Params;
};

const viaPattern = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+([^;,\s]+(?:[ \t]*:[ \t]*[0-9]+)?)[ \t]*/i;

/** One Via value (not a list), or null. */
export function parseVia(text: string): Via | null {
  const match = viaPattern.exec(text);
  if (match === null) return null;
  const place = parseHostPort(match[2]!.replace(/[ \t]/g, ""));
  const params = parseParams(text, match[0].length);
  if (place === null || params === null) return null;
  return { transport: match[1]!.toUpperCase(), host: place.host, port: place.port, params };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${hostText(via.host)}${via.port === null ? "" : `:${via.port}`}${formatParams(via.params)}`;
}

export const magicCookie = "z9hG4bK";

/** The branch, when it identifies the transaction by itself (RFC 3261 §8.1.1.7); null means matching the RFC 2543 way. */
export function magicBranch(via: Via): string | null {
  const branch = param(via.params, "branch");
  return branch && branch.length > magicCookie.length && branch.startsWith(magicCookie) ? branch : null;
}
