// The ladder of one call: every message that passed, kept while the call lives, given out redacted when it has ended.
import { ladderBytesMax } from "../../core/lib/limits.ts";
import { type Draft, emptyBody, type Header, headerValue } from "./message/message.ts";
import { type Flow, flowText } from "./transport/flow.ts";

export type TraceEntry = {
  readonly at: number;
  readonly direction: "in" | "out";
  readonly flow: string;
  readonly startLine: string;
  readonly callId: string;
  readonly cseq: string;
  /** The whole message, redacted, remote text escaped. */
  readonly text: string;
};

type Kept = { readonly at: number; readonly direction: "in" | "out"; readonly flow: Flow; readonly message: Draft; readonly size: number };

/** The first half of the room is for how it began, the second for how it ended; what does not fit between is left out. */
const halfBytes = ladderBytesMax / 2;

export class Ladder {
  private readonly first: Kept[] = [];
  private readonly last: Kept[] = [];
  private firstBytes = 0;
  private lastBytes = 0;
  private isTruncated = false;

  add(at: number, direction: "in" | "out", flow: Flow, message: Draft): void {
    const size = sizeOf(message);
    const kept: Kept = { at, direction, flow, message, size };
    if (this.last.length === 0 && this.firstBytes + size <= halfBytes) {
      this.first.push(kept);
      this.firstBytes += size;
      return;
    }
    this.last.push(kept);
    this.lastBytes += size;
    while (this.lastBytes > halfBytes) {
      this.lastBytes -= this.last.shift()!.size;
      this.isTruncated = true;
    }
  }

  entries(): { readonly entries: readonly TraceEntry[]; readonly truncated: boolean } {
    return { entries: [...this.first, ...this.last].map(redacted), truncated: this.isTruncated };
  }
}

/** Text grows by escaping, at most fourfold for a byte; ordinary messages do not, and this is a bound for memory, not an account. */
function sizeOf(message: Draft): number {
  let size = 64 + Math.min(message.body.length, 8_192);
  for (const { name, value } of message.headers) size += name.length + value.length + 4;
  return size;
}

function redacted({ at, direction, flow, message }: Kept): TraceEntry {
  const startLine = message.kind === "request" ? `${message.method} ${message.uriText}` : `${message.status} ${message.reason}`;
  const head = message.headers.map(redactedHeader).join("\n");
  const body = redactedBody(message);
  return {
    at,
    direction,
    flow: flowText(flow),
    startLine: escaped(startLine),
    callId: escaped(headerValue(message, "call-id") ?? ""),
    cseq: escaped(headerValue(message, "cseq") ?? ""),
    text: escaped(`${startLine}\n${head}\n${body === "" ? "" : `\n${body}`}`),
  };
}

/** The message as it may be written to a capture: the same rules as in the ladder, still a message. */
export function redactedMessage(message: Draft): Draft {
  const headers = message.headers
    .filter(({ key }) => key !== "content-length")
    .map((header) => (secretHeaders.has(header.key) ? { ...header, value: "(left out)" } : header));
  if (message.body.length === 0) return { ...message, headers };
  const body = isDescription(message)
    ? Buffer.from(
        descriptionLines(message.body)
          .map((line) => `${line}\r\n`)
          .join(""),
        "latin1",
      )
    : emptyBody;
  return { ...message, headers, body };
}

const secretHeaders = new Set(["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "authentication-info"]);

function redactedHeader({ key, name, value }: Header): string {
  return `${name}: ${secretHeaders.has(key) ? "(left out)" : value}`;
}

/** Only descriptions are shown, without their keys: the rest may be digits of a card, words of a person, or where they are. */
function redactedBody(message: Draft): string {
  if (message.body.length === 0) return "";
  const part = describedPart(message);
  if (part !== null) return `(of several parts, only this one is shown)\n${descriptionLines(part).join("\n")}`;
  return isDescription(message) ? descriptionLines(message.body).join("\n") : `(${message.body.length} bytes left out)`;
}

/** The description that travels beside something else (RFC 2046 §5.1); null: there is none. */
function describedPart(message: Draft): Uint8Array | null {
  const type = headerValue(message, "content-type") ?? "";
  const boundary = /^multipart\/mixed\s*;.*?boundary="?([A-Za-z0-9'()+_,./:=?-]{1,70})"?/i.exec(type)?.[1];
  if (boundary === undefined) return null;
  const parts = Buffer.from(message.body).toString("latin1").split(`--${boundary}`).slice(1);
  for (const part of parts) {
    const [head = "", ...body] = part.split("\r\n\r\n");
    if (/^content-type:\s*application\/sdp\s*(?:;|$)/im.test(head)) return Buffer.from(body.join("\r\n\r\n").trimEnd(), "latin1");
  }
  return null;
}

function isDescription(message: Draft): boolean {
  return (headerValue(message, "content-type") ?? "").split(";")[0]!.trim().toLowerCase() === "application/sdp";
}

/** A key is left out wherever in a line it stands: what we take for one line may be two for another. */
function descriptionLines(body: Uint8Array): readonly string[] {
  const lines = Buffer.from(body.subarray(0, 8_192)).toString("latin1").split(/\r?\n/);
  return lines.filter((line) => !/^(a=(crypto|ice-pwd|fingerprint|key-mgmt)\b|k=)|inline:/i.test(line));
}

/** UTF-8 where it is; everything invisible or misleading as an escape. Line breaks are ours. */
function escaped(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("utf8")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\ufffd]/gu, (char) => (char === "\n" ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`));
}
