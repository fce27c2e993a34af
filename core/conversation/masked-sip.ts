// SIP as it may be given to a stranger: what is known to be harmless stays, all else is named and left out. Pure; works on the text of the ladder.

/** Header fields whose values are for machines. */
const plainHeaders: ReadonlySet<string> = new Set(
  (
    "call-id cseq max-forwards user-agent server allow supported require proxy-require unsupported " +
    "content-type content-length content-encoding expires min-expires min-se session-expires accept accept-encoding retry-after event allow-events " +
    "subscription-state rack rseq session-id date timestamp privacy replaces target-dialog join in-reply-to p-early-media p-charging-vector " +
    "mime-version reason warning"
  ).split(" "),
);
/** Header fields that hold addresses, many of them people's. */
const addressHeaders: ReadonlySet<string> = new Set(
  "via route record-route path service-route from to contact p-asserted-identity p-preferred-identity remote-party-id diversion history-info refer-to referred-by p-called-party-id reply-to".split(
    " ",
  ),
);
/** RFC 3261 §7.3.3 and later. */
const compactNames: Readonly<Record<string, string>> = {
  ...{
    v: "via",
    i: "call-id",
    m: "contact",
    e: "content-encoding",
    l: "content-length",
    c: "content-type",
    f: "from",
    k: "supported",
    t: "to",
  },
  ...{ o: "event", u: "allow-events", r: "refer-to", b: "referred-by", x: "session-expires" },
};

/** Parameters of addresses that are for machines. */
const plainParameters: ReadonlySet<string> = new Set(
  (
    "tag branch rport received alias keep lr r2 ftag transport user method maddr ttl ob q expires reg-id +sip.instance index rc mp np reason cause text " +
    "privacy party id-type screen counter limit phone-context verstat cpc"
  ).split(" "),
);

const plainLines = /^[vcbtm]=/;
const plainAttributes =
  /^a=(rtpmap|fmtp|ptime|maxptime|sendrecv|sendonly|recvonly|inactive|rtcp|rtcp-mux|rtcp-fb|rtcp-rsize|candidate|end-of-candidates|ice-lite|ice-options|setup|mid|group|ssrc|msid-semantic|extmap|silenceSupp|label|direction)\b/i;

const leftOut = "(left out)";

/**
 * One message of the ladder: start line, header lines, an empty line, and the description if there was one.
 * `showsPeople`: numbers and display names stay.
 */
export function maskedMessage(text: string, showsPeople: boolean): string {
  const [startLine = "", ...lines] = text.split("\n");
  const headLength = lines.indexOf("");
  const head = headLength < 0 ? lines : lines.slice(0, headLength);
  const body = headLength < 0 ? [] : lines.slice(headLength + 1);
  return [
    maskedStartLine(startLine, showsPeople),
    ...head.map((line) => maskedHeader(line, showsPeople)),
    ...(body.length === 0 ? [] : ["", ...body.map(maskedBodyLine)]),
  ].join("\n");
}

/** `INVITE sip:…` or `200 OK`; a reason phrase is whatever a peer writes. */
export function maskedStartLine(line: string, showsPeople: boolean): string {
  const safe = withoutSecrets(line);
  return showsPeople ? safe : withoutNumbers(withoutUsers(safe));
}

function maskedHeader(line: string, showsPeople: boolean): string {
  const colon = line.indexOf(":");
  if (colon < 1) return leftOut;
  const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
  const lower = name.trim().toLowerCase();
  const key = compactNames[lower] ?? lower;
  if (plainHeaders.has(key)) return `${name}: ${showsPeople || key === "call-id" ? value : withoutUsers(withoutText(key, value))}`;
  if (addressHeaders.has(key)) return `${name}: ${withoutSecrets(showsPeople ? value : withoutUsers(withoutNames(value)))}`;
  return `${name}: ${leftOut}`;
}

/** What is free text says nothing, where it holds a number. */
function withoutText(key: string, value: string): string {
  return key === "reason" || key === "warning" || key === "user-agent" || key === "server" ? withoutNumbers(value) : value;
}

function withoutNames(value: string): string {
  return value
    .replaceAll(/"(?:[^"\\]|\\.)*"\s*(?=<)/g, '"name" ')
    .replaceAll(/(^|,)\s*[^"<,;:]*[^"<,;:\s][^"<,;:]*(?=<)/g, '$1 "name" ')
    .trim();
}

/** The user part of every SIP and SIPS URI, and every tel URI. */
function withoutUsers(text: string): string {
  return text
    .replaceAll(/\b(sips?:)([^@\s<>;,"]+)@/gi, (_whole, scheme: string, user: string) => `${scheme}${maskedUser(user)}@`)
    .replaceAll(/\b(tel:)([^\s<>;,"]+)/gi, (_whole, scheme: string, number: string) => `${scheme}${maskedNumber(number)}`);
}

/** A URI may carry a password, header fields (RFC 3261 §19.1.1), and parameters in which a proxy keeps what it likes. */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/\b(sips?:[^@\s:<>]+):[^@\s<>]*@/gi, "$1@")
    .replaceAll(/\?[^>\s]+/g, `?${leftOut}`)
    .replaceAll(/;\s*([\w.+-]+)=("(?:[^"\\]|\\.)*"|[^;,>\s]*)/g, (whole, name: string) =>
      plainParameters.has(name.toLowerCase()) ? whole : `;${name}=${leftOut}`,
    );
}

function maskedUser(user: string): string {
  const [name = ""] = user.split(":");
  return /^[+0-9.()\-*#%a-f]*\d[+0-9.()\-*#%a-f]*$/i.test(name) ? maskedNumber(name) : /\d{3}/.test(name) ? withoutNumbers(name) : "user";
}

/** The last two digits of a number stay where there are seven or more, none of a shorter one: `+44********23`. */
export function maskedNumber(number: string): string {
  const digits = number.replaceAll(/\D/g, "").length;
  let seen = 0;
  return number.replaceAll(/\d/g, (digit) => {
    seen += 1;
    return digits >= 7 && seen > digits - 2 ? digit : "x";
  });
}

/** Runs that may be a number of somebody. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\+?\d[\d\- ()]{4,}\d/g, (run) => (run.replaceAll(/\D/g, "").length >= 6 ? maskedNumber(run) : run));
}

function maskedBodyLine(line: string): string {
  // RFC 8866 §5.2: the user name on whoever's machine it was.
  if (/^o=/.test(line)) return line.replace(/^o=\S*/, "o=-");
  if (plainLines.test(line) || plainAttributes.test(line)) return line;
  if (/^\(\d+ bytes left out\)$/.test(line)) return line;
  // Names and titles in a description are free text; of an attribute that is not known, its name says enough.
  const attribute = /^a=([\w-]{1,40})/i.exec(line)?.[1];
  return attribute === undefined ? `${/^[a-z]=/i.test(line) ? line.slice(0, 2) : ""}${leftOut}` : `a=${attribute}:${leftOut}`;
}
