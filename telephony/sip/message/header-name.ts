// Header names: compact forms, the one key per header, and which may stand only once.

/** RFC 3261 §7.3.3 and the registry of later compact forms. */
const compact: ReadonlyMap<string, string> = new Map([
  ["a", "accept-contact"],
  ["b", "referred-by"],
  ["c", "content-type"],
  ["d", "request-disposition"],
  ["e", "content-encoding"],
  ["f", "from"],
  ["i", "call-id"],
  ["j", "reject-contact"],
  ["k", "supported"],
  ["l", "content-length"],
  ["m", "contact"],
  ["o", "event"],
  ["r", "refer-to"],
  ["s", "subject"],
  ["t", "to"],
  ["u", "allow-events"],
  ["v", "via"],
  ["x", "session-expires"],
  ["y", "identity"],
]);

/** Common spellings, so that most lines cost one look-up and no new string. */
const known: ReadonlyMap<string, string> = new Map(
  [
    ...["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Type", "Content-Length", "Route", "Record-Route"],
    ...["Allow", "Supported", "Require", "User-Agent", "Server", "Expires", "Authorization", "WWW-Authenticate", "Accept", "Subject"],
    ...["P-Asserted-Identity", "Remote-Party-ID", "Diversion", "Session-Expires", "Min-SE", "Date", "Reason", "Event"],
  ].map((name) => [name, name.toLowerCase()]),
);

export function headerKey(name: string): string {
  const key = known.get(name);
  if (key !== undefined) return key;
  const lower = name.toLowerCase();
  return compact.get(lower) ?? lower;
}

/** RFC 4475 §3.3.8 and §3.3.9: a second value of one of these is an error, never a choice. */
export const singleValued: ReadonlySet<string> = new Set([
  "from",
  "to",
  "call-id",
  "cseq",
  "max-forwards",
  "content-type",
  "content-length",
  "expires",
]);
