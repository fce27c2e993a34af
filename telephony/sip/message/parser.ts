// The SIP parser (RFC 3261 §7, §25; torture: RFC 4475, RFC 5118). By hand, linear, bounded; every outcome is a value, nothing throws.
import { sipBodyBytesMax, sipHeadBytesMax, sipHeaderLinesMax } from "../../../core/lib/limits.ts";
import { headerKey, singleValued } from "./header-name.ts";
import type { Essentials, Header, SipMessage } from "./message.ts";
import { parseNameAddr } from "./name-addr.ts";
import { isTokenText, splitList, trimSpace } from "./params.ts";
import { parseUri } from "./uri.ts";
import { parseVia } from "./via.ts";

/** What could be read of a broken message: enough to answer a request, when it has a Via, and to stay silent to anything else. */
export type Rejected = {
  readonly ok: false;
  readonly status: 400 | 505 | 513;
  readonly reason: string;
  /** Null: a response, or no start line to speak of. */
  readonly method: string | null;
  readonly headers: readonly Header[];
};
export type Parsed = { readonly ok: true; readonly message: SipMessage };

/** Everything before the body. `contentLength`: null absent, "bad" not one number we would follow. */
export type Head = {
  readonly start: StartLine | null;
  readonly headers: readonly Header[];
  readonly fault: Fault | null;
  readonly contentLength: number | null | "bad";
  /** By its first word, whatever else is wrong with it: nobody answers a response. */
  readonly isResponse: boolean;
};

type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly uriText: string; readonly version: string }
  | { readonly kind: "response"; readonly status: number; readonly reason: string };
type Fault = { readonly status: Rejected["status"]; readonly reason: string };

/** One datagram, or one WebSocket frame: one message (RFC 3261 §18.3, RFC 7118 §5). */
export function parseDatagram(bytes: Uint8Array): Parsed | Rejected {
  const text = latin1(bytes.subarray(0, sipHeadBytesMax + 4));
  const end = text.indexOf("\r\n\r\n");
  if (end < 0 && text.length > sipHeadBytesMax) return reject(parseHead(text.slice(0, 4096)), 513, "Message Too Large");
  // A datagram's end closes an unclosed head (RFC 4475 §3.1.2.15).
  const head = parseHead(end < 0 ? text.replace(/\r\n$/, "") : text.slice(0, end));
  const rest = end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 4);
  if (head.contentLength === "bad") return reject(head, 400, "Bad Content-Length");
  if (head.contentLength !== null && head.contentLength > rest.length) return reject(head, 400, "Body Shorter Than Content-Length");
  // Octets behind the body are noise (RFC 3261 §18.3).
  const body = head.contentLength === null ? rest : rest.subarray(0, head.contentLength);
  if (body.length > sipBodyBytesMax) return reject(head, 513, "Message Too Large");
  return complete(head, body);
}

/** The start line and headers, up to but without the empty line. One character per byte. */
export function parseHead(text: string): Head {
  const headers: Header[] = [];
  let fault: Fault | null = null;
  const startEnd = text.indexOf("\r\n");
  const startLine = startEnd < 0 ? text : text.slice(0, startEnd);
  const start = parseStartLine(startLine);
  if (start === null) fault = { status: 400, reason: "Bad Start Line" };
  // A lone CR or LF is no line end here: what one parser reads as two headers another must not read as one.
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) fault ??= { status: 400, reason: "Bare CR or LF" };
  if (startEnd >= 0) {
    for (const line of unfoldedLines(text, startEnd + 2)) {
      if (headers.length === sipHeaderLinesMax) {
        fault ??= { status: 513, reason: "Too Many Header Lines" };
        break;
      }
      const parsed = parseHeaderLine(line);
      if (parsed === null) fault ??= { status: 400, reason: "Bad Header Line" };
      else headers.push(parsed);
    }
  }
  return { start, headers, fault, contentLength: contentLengthOf(headers), isResponse: /^SIP\//i.test(startLine) };
}

/** A head and its body as a message, or what is wrong with it. */
export function complete(head: Head, body: Uint8Array): Parsed | Rejected {
  if (head.fault !== null) return reject(head, head.fault.status, head.fault.reason);
  const start = head.start!;
  if (start.kind === "request" && start.version !== "2.0") return reject(head, 505, "Version Not Supported");
  const repeated = repeatedHeader(head.headers);
  if (repeated !== null) return reject(head, 400, `Repeated ${repeated}`);
  const essentials = parseEssentials(head.headers);
  if (typeof essentials === "string") return reject(head, 400, essentials);
  const headers = head.headers.filter((header) => header.key !== "content-length");
  if (start.kind === "response") {
    return { ok: true, message: { kind: "response", status: start.status, reason: start.reason, headers, body, ...essentials } };
  }
  const uri = parseUri(start.uriText);
  if (uri === null) return reject(head, 400, "Bad Request-URI");
  // RFC 3261 §8.1.1.5: the method of CSeq is the request's.
  if (essentials.cseq.method !== start.method) return reject(head, 400, "CSeq Method Mismatch");
  const maxForwards = maxForwardsOf(headers);
  if (maxForwards === "bad") return reject(head, 400, "Bad Max-Forwards");
  const { method, uriText } = start;
  return { ok: true, message: { kind: "request", method, uri, uriText, headers, body, maxForwards, ...essentials } };
}

export function reject(head: Head, status: Rejected["status"], reason: string): Rejected {
  return {
    ok: false,
    status,
    reason,
    method: head.start?.kind === "request" ? head.start.method : looksLikeRequest(head),
    headers: head.headers,
  };
}

/** A request whose first line is broken can still be answered by what its CSeq says. */
function looksLikeRequest(head: Head): string | null {
  if (head.isResponse) return null;
  const cseq = head.headers.find((header) => header.key === "cseq");
  return cseq === undefined ? null : (parseCseq(cseq.value)?.method ?? null);
}

const startPattern = /^([A-Za-z0-9\-.!%*_+`'~]+) ([^ ]+) SIP\/([0-9]+\.[0-9]+)$/i;
const statusPattern = /^SIP\/2\.0 ([1-6][0-9]{2})(?: ([\s\S]*))?$/i;

function parseStartLine(line: string): StartLine | null {
  if (/^SIP\//i.test(line)) {
    const match = statusPattern.exec(line);
    return match === null ? null : { kind: "response", status: Number(match[1]), reason: match[2] ?? "" };
  }
  const match = startPattern.exec(line);
  return match === null ? null : { kind: "request", method: match[1]!, uriText: match[2]!, version: match[3]! };
}

/** Whether a complete first line can belong to a SIP message at all; if not, a stream has lost its framing. */
export function isPlausibleStartLine(line: string): boolean {
  return /^SIP\/[0-9]+\.[0-9]+ /i.test(line) || / SIP\/[0-9]+\.[0-9]+[ \t]*$/i.test(line);
}

/** Lines with their folds undone: a line that begins with white space continues the one before (RFC 3261 §7.3.1). */
function* unfoldedLines(text: string, from: number): Generator<string> {
  let at = from;
  while (at < text.length) {
    let end = lineEnd(text, at);
    let line = text.slice(at, end);
    // Parts are joined once: thousands of folds must not copy thousands of growing strings.
    if (isWhite(text.charCodeAt(end + 2))) {
      const parts = [trimSpace(line)];
      while (isWhite(text.charCodeAt(end + 2))) {
        at = end + 2;
        end = lineEnd(text, at);
        parts.push(trimSpace(text.slice(at, end)));
      }
      line = parts.join(" ");
    }
    at = end + 2;
    yield line;
  }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\r\n", at);
  return end < 0 ? text.length : end;
}

function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function parseHeaderLine(line: string): Header | null {
  const colon = line.indexOf(":");
  if (colon <= 0) return null;
  let nameEnd = colon;
  while (nameEnd > 0 && isWhite(line.charCodeAt(nameEnd - 1))) nameEnd--;
  const name = line.slice(0, nameEnd);
  if (!isTokenText(name)) return null;
  return { key: headerKey(name), name, value: trimSpace(line.slice(colon + 1)) };
}

function repeatedHeader(headers: readonly Header[]): string | null {
  const seen = new Set<string>();
  for (const { key, name } of headers) {
    if (!singleValued.has(key)) continue;
    if (seen.has(key)) return name;
    seen.add(key);
  }
  return null;
}

/** The parsed essentials, or the reason phrase of a 400. */
function parseEssentials(headers: readonly Header[]): Essentials | string {
  let viaText: string | null = null;
  let fromText: string | null = null;
  let toText: string | null = null;
  let callId: string | null = null;
  let cseqText: string | null = null;
  for (const { key, value } of headers) {
    if (key === "via") viaText ??= value;
    else if (key === "from") fromText = value;
    else if (key === "to") toText = value;
    else if (key === "call-id") callId = value;
    else if (key === "cseq") cseqText = value;
  }
  const topVia = viaText === null ? null : (splitList(viaText)?.[0] ?? null);
  const via = topVia === null ? null : parseVia(topVia);
  if (via === null) return "Bad Via";
  const from = fromText === null ? null : parseNameAddr(fromText);
  if (from === null) return "Bad From";
  const to = toText === null ? null : parseNameAddr(toText);
  if (to === null) return "Bad To";
  if (callId === null || callId === "" || /\s/.test(callId)) return "Bad Call-ID";
  const cseq = cseqText === null ? null : parseCseq(cseqText);
  if (cseq === null) return "Bad CSeq";
  return { via, from, to, callId, cseq };
}

function parseCseq(value: string): { number: number; method: string } | null {
  const match = /^([0-9]{1,32})[ \t]+(\S+)$/.exec(value);
  if (match === null || !isTokenText(match[2]!)) return null;
  const number = Number(match[1]);
  return number > 0xffff_ffff ? null : { number, method: match[2]! };
}

function maxForwardsOf(headers: readonly Header[]): number | null | "bad" {
  const value = headers.find((header) => header.key === "max-forwards")?.value;
  if (value === undefined) return null;
  return /^[0-9]{1,8}$/.test(value) && Number(value) <= 255 ? Number(value) : "bad";
}

/** Digits only, one value, small enough to be exact: no sign, no list, no wrap (SIP smuggling begins here). */
function contentLengthOf(headers: readonly Header[]): number | null | "bad" {
  let length: number | null | "bad" = null;
  for (const { key, value } of headers) {
    if (key !== "content-length") continue;
    if (length !== null || !/^[0-9]{1,10}$/.test(value)) return "bad";
    length = Number(value);
  }
  return length;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
