// INVITEs in the manner of the PROTOS test suite c07-sip: 54 places of a message, 216 anomalies in each, and one that is right.

export type Anomalous = { readonly group: string; readonly text: string };

const proper = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/** Every place that an anomaly can take, with what stands there in a message that is right. */
const places: Readonly<Record<string, string>> = {
  method: "INVITE",
  uriScheme: "sip",
  uriUser: "100",
  uriHost: "127.0.0.1",
  uriPort: "5060",
  uriParam: "transport=udp",
  version: "SIP/2.0",
  startLineEnd: "",
  viaVersion: "SIP/2.0/UDP",
  viaHost: "127.0.0.2",
  viaPort: "5060",
  viaBranch: "z9hG4bK",
  viaParam: "rport",
  fromDisplay: '"A"',
  fromScheme: "sip",
  fromUser: "alice",
  fromHost: "127.0.0.2",
  fromTag: "t",
  fromParam: "x=1",
  toDisplay: '"B"',
  toScheme: "sip",
  toUser: "100",
  toHost: "127.0.0.1",
  toParam: "y=1",
  callId: "c",
  callIdHost: "127.0.0.2",
  cseqNumber: "1",
  cseqMethod: "INVITE",
  maxForwards: "70",
  contactDisplay: '"C"',
  contactUser: "alice",
  contactHost: "127.0.0.2",
  contactParam: "expires=60",
  contentType: "application/sdp",
  contentTypeParam: "charset=utf-8",
  contentLength: "",
  expires: "300",
  userAgent: "protos",
  subject: "s",
  supported: "timer",
  route: "<sip:127.0.0.1;lr>",
  recordRoute: "<sip:127.0.0.2;lr>",
  accept: "application/sdp",
  date: "Sat, 13 Nov 2010 23:29:00 GMT",
  authorization: 'Digest username="a"',
  headerName: "X-Any",
  headerValue: "any",
  sdpVersion: "v=0",
  sdpOrigin: "o=- 1 1 IN IP4 127.0.0.2",
  sdpConnection: "c=IN IP4 127.0.0.2",
  sdpTime: "t=0 0",
  sdpMedia: "m=audio 4000 RTP/AVP 0",
  sdpAttribute: "a=sendrecv",
  bodyEnd: "",
};

const long = (text: string, sizes: readonly number[]): string[] => sizes.map((size) => text.repeat(size));
const sizes = [1, 2, 3, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_000];
/** What is put before, behind and in the place of what is right there: 72 of them, in three positions. */
const anomalies: readonly string[] = [
  ...long("a", sizes),
  ...long("%s", [1, 4, 64, 512]),
  ...long("\0", [1, 4, 64, 512]),
  ...long("\xff", [1, 4, 64, 512]),
  ...long(" ", [1, 64, 4_096]),
  ...long("9", [5, 10, 11, 20, 300]),
  ...long("(", [1, 1_024]),
  ...long("<", [1, 1_024]),
  ...long(";", [1, 1_024]),
  ...long(",", [1, 1_024]),
  ...long('"', [1, 1_025]),
  ...long("%00", [1, 512]),
  ...long(".", [1, 1_024]),
  ...[
    "",
    "-1",
    "0",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "0x7fffffff",
    "\r\nX-Injected: 1",
    "\rX-Injected: 1",
    "\nX-Injected: 1",
  ],
  ...["\r\n\r\n", "\t", "\\", "[::1]", "[", "@", ":", "\xc3\x28", "\xed\xa0\xbd", "../../etc", "';--", "%n%n%n%n"],
];

export function* protos(): Generator<Anomalous> {
  let count = 0;
  yield { group: "right", text: message(places, count++) };
  for (const group of Object.keys(places)) {
    const right = places[group]!;
    for (const odd of anomalies)
      for (const text of [odd, odd + right, right + odd]) yield { group, text: message({ ...places, [group]: text }, count++) };
  }
}

function message(at: Readonly<Record<string, string>>, count: number): string {
  const body = proper
    .replace("v=0", at.sdpVersion!)
    .replace("o=- 1 1 IN IP4 127.0.0.2", at.sdpOrigin!)
    .replace("c=IN IP4 127.0.0.2", at.sdpConnection!)
    .replace("t=0 0", at.sdpTime!)
    .replace("m=audio 4000 RTP/AVP 0", `${at.sdpMedia!}\r\n${at.sdpAttribute!}`)
    .concat(at.bodyEnd!);
  return [
    `${at.method} ${at.uriScheme}:${at.uriUser}@${at.uriHost}:${at.uriPort};${at.uriParam} ${at.version}${at.startLineEnd}`,
    `Via: ${at.viaVersion} ${at.viaHost}:${at.viaPort};branch=${at.viaBranch}p${count};${at.viaParam}`,
    `From: ${at.fromDisplay} <${at.fromScheme}:${at.fromUser}@${at.fromHost}>;tag=${at.fromTag};${at.fromParam}`,
    `To: ${at.toDisplay} <${at.toScheme}:${at.toUser}@${at.toHost}>;${at.toParam}`,
    `Call-ID: ${at.callId}p${count}@${at.callIdHost}`,
    `CSeq: ${at.cseqNumber} ${at.cseqMethod}`,
    `Max-Forwards: ${at.maxForwards}`,
    `Contact: ${at.contactDisplay} <sip:${at.contactUser}@${at.contactHost}>;${at.contactParam}`,
    `Content-Type: ${at.contentType};${at.contentTypeParam}`,
    ...["Expires", "User-Agent", "Subject", "Supported", "Route", "Record-Route", "Accept", "Date", "Authorization"].map(
      (name) => `${name}: ${at[name.replace(/-/g, "").replace(/^./, (first) => first.toLowerCase())]}`,
    ),
    `${at.headerName}: ${at.headerValue}`,
    `Content-Length: ${at.contentLength === "" ? body.length : at.contentLength}`,
    "",
    body,
  ].join("\r\n");
}
