// Builds responses: what RFC 3261 §8.2.6 says a response copies from its request, and the reason phrases.
import { emptyBody, type Header, type ResponseDraft, type SipRequest } from "./message.ts";
import { parseNameAddr, tagOf } from "./name-addr.ts";

export type ResponseParts = {
  readonly reason?: string;
  /** Added to To when the request has no tag there. */
  readonly toTag?: string;
  readonly headers?: readonly Header[];
  readonly body?: Uint8Array;
};

export function respond(request: SipRequest, status: number, parts: ResponseParts = {}): ResponseDraft {
  const headers: Header[] = [];
  // RFC 3261 §12.1.1: a response that makes a dialog repeats the route that the request took.
  const takesRoute = status > 100 && status < 300;
  for (const line of request.headers) {
    if (line.key === "via" || line.key === "from" || line.key === "call-id" || line.key === "cseq") headers.push(line);
    else if (line.key === "to") headers.push(status > 100 ? taggedTo(request, line, parts.toTag) : line);
    else if (line.key === "record-route" && takesRoute) headers.push(line);
    else if (line.key === "timestamp" && status === 100) headers.push(line);
  }
  if (parts.headers) headers.push(...parts.headers);
  return { kind: "response", status, reason: parts.reason ?? reasonPhrase(status), headers, body: parts.body ?? emptyBody };
}

/** For a message that could not be parsed: echoes what is there. Null when nothing says where it came from. */
export function respondToBroken(headers: readonly Header[], status: number, reason: string, toTag: string): ResponseDraft | null {
  const echoed = headers.filter(({ key }) => key === "via" || key === "from" || key === "to" || key === "call-id" || key === "cseq");
  if (!echoed.some(({ key }) => key === "via")) return null;
  const tagged = echoed.map((line) =>
    line.key === "to" && isUntagged(line.value) ? { ...line, value: `${line.value};tag=${toTag}` } : line,
  );
  return { kind: "response", status, reason, headers: tagged, body: emptyBody };
}

/** A To that cannot be read goes back exactly as it came. */
function isUntagged(value: string): boolean {
  const address = parseNameAddr(value);
  return address !== null && tagOf(address) === null;
}

function taggedTo(request: SipRequest, line: Header, toTag: string | undefined): Header {
  if (toTag === undefined || tagOf(request.to) !== null) return line;
  return { ...line, value: `${line.value};tag=${toTag}` };
}

const phrases: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  181: "Call Is Being Forwarded",
  183: "Session Progress",
  200: "OK",
  202: "Accepted",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  416: "Unsupported URI Scheme",
  420: "Bad Extension",
  422: "Session Interval Too Small",
  423: "Interval Too Brief",
  480: "Temporarily Unavailable",
  481: "Call/Transaction Does Not Exist",
  482: "Loop Detected",
  483: "Too Many Hops",
  484: "Address Incomplete",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  489: "Bad Event",
  491: "Request Pending",
  500: "Server Internal Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Server Time-out",
  505: "Version Not Supported",
  513: "Message Too Large",
  600: "Busy Everywhere",
  603: "Decline",
};

export function reasonPhrase(status: number): string {
  return phrases[status] ?? "Unknown";
}
