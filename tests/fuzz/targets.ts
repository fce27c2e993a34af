// The parsers that the network reaches, what to feed them with, and what must hold of everything they read.
import { readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { framedPacketBytesMax, sipHeadBytesMax, sipHeaderLinesMax } from "../../core/lib/limits.ts";
import { type MediaEncryption, mediaEncryptions, type SrtpSuite, srtpKeySizes, srtpSuites } from "../../core/lib/media-encryption.ts";
import { replacesOf } from "../../telephony/ingress.ts";
import { DigitReceiver } from "../../telephony/media/dtmf.ts";
import { isRtcp, payloadEnd, payloadStart, sequenceNumber, timestamp, writeHeader } from "../../telephony/media/rtp/packet.ts";
import { Reception } from "../../telephony/media/rtp/reception.ts";
import { buildRtcp, parseRtcp } from "../../telephony/media/rtp/rtcp.ts";
import { newKeyTexts, Srtp } from "../../telephony/media/srtp/srtp.ts";
import { FrameReader, framed } from "../../telephony/media/webrtc/framing.ts";
import { bindingAnswer, hasRightIntegrity, parseBindingRequest } from "../../telephony/media/webrtc/stun.ts";
import { networkFactsOf } from "../../telephony/network-facts.ts";
import { wideCodecs } from "../../telephony/sdp/codecs.ts";
import { type Local, readOffer, writeAnswer } from "../../telephony/sdp/offer-answer.ts";
import { parseSdp, type Sdp, writeSdp } from "../../telephony/sdp/sdp.ts";
import { sessionIdOf } from "../../telephony/session-id.ts";
import { parseCredentials } from "../../telephony/sip/auth/digest.ts";
import { headerValues, type SipMessage } from "../../telephony/sip/message/message.ts";
import { addressList } from "../../telephony/sip/message/name-addr.ts";
import { parseDatagram } from "../../telephony/sip/message/parser.ts";
import { respond, respondToBroken } from "../../telephony/sip/message/respond.ts";
import { serialise } from "../../telephony/sip/message/serialiser.ts";
import { type Frame, Framer } from "../../telephony/sip/transport/framing.ts";
import { readEvent } from "../../telephony/subscriptions.ts";
import vectors from "../corpora/srtp/vectors.json";
import type { Target } from "./fuzz.ts";
import type { Below } from "./mutate.ts";

const corpora = new URL("../corpora/", import.meta.url).pathname;
const files = (folder: string, end: string): Buffer[] =>
  readdirSync(corpora + folder)
    .filter((file) => file.endsWith(end))
    .sort()
    .map((file) => readFileSync(`${corpora}${folder}/${file}`));
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const torture = [...files("rfc4475", ".dat"), ...files("rfc5118", ".dat")];

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

// ── SIP ──

const sipWords = [
  ...["\r\n", "\r\n ", "\r\n\t", "\r", "\n", "\r\n\r\n", "\0", ";", ",", "<", ">", '"', "\\", "@", ":", "%", "%00", "[", "]", "=", "\xa0"],
  ...["Via: ", "v:", "Content-Length: ", "l: 4294967328", "4294967296", "-1", "z9hG4bK", ";tag=", ";lr", ";rport", "[::1]:5070", "sip:"],
  ...["Authorization: Digest ", 'nonce="', "CSeq: 1 ", "SIP/2.0 ", "P-Asserted-Identity : ", "*", "\xed\xa0\xbd", "\xc3\xa0"],
].map(latin1);

const authorized = latin1(
  'REGISTER sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: "\xc3\xa0" <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@b>;expires=60, "B, \\"C\\"" <sip:c@d;lr>\r\nAuthorization: Digest username="a", realm="landline", nonce="n.m", uri="sip:a@b", qop=auth, nc=00000001, cnonce="x", algorithm=SHA-256, response="' +
    `${"ab".repeat(32)}"\r\nContent-Length: 0\r\n\r\n`,
);

const diverted = latin1(
  "INVITE sip:201@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:+44161;verstat=TN-Validation-Passed@c;user=phone>;tag=1\r\nTo: <sip:201@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nP-Asserted-Identity: <tel:+44161;verstat=No-TN-Validation>\r\nDiversion: <sip:+4411@c>;reason=no-answer;privacy=off, <tel:+4422>\r\nHistory-Info: <sip:+4422@c?Privacy=history>;index=1, <sip:201@b>;index=1.1\r\nContent-Length: 0\r\n\r\n",
);
const subscribing = latin1(
  'SUBSCRIBE sip:201@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKx\r\nf: <sip:a@b>;tag=1\r\nt: <sip:201@b>\r\ni: c\r\nCSeq: 1 SUBSCRIBE\r\nm: <sip:a@b>\r\nSession-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\nReplaces: c@h;to-tag="1";from-tag=2;early-only\r\no: dialog;sla;id="7"\r\nAccept: application/dialog-info+xml\r\nExpires: 300\r\nl: 0\r\n\r\n',
);

function runSip(input: Buffer, below: Below): void {
  const parsed = parseDatagram(input);
  if (parsed.ok) {
    comesBack(parsed.message);
    for (const key of ["contact", "route", "record-route", "p-asserted-identity", "refer-to"]) addressList(parsed.message, key);
    for (const value of headerValues(parsed.message, "authorization")) parseCredentials(value);
    for (const value of headerValues(parsed.message, "event"))
      must(
        /^(dialog|message-summary)(;id=[^\s;,"]+)?$/.test(readEvent(value)?.event ?? "dialog"),
        "an Event that our NOTIFY cannot repeat",
      );
    must(/^[0-9a-f]{32}$/.test(sessionIdOf(parsed.message) ?? "a".repeat(32)), "a Session-ID that cannot be passed on");
    if (parsed.message.kind === "request") {
      replacesOf(parsed.message);
      networkFactsOf(parsed.message);
      const answer = respond(parsed.message, 200, { toTag: "t" });
      must(parseDatagram(serialise(answer)).ok || !isSmall(parsed.message), "our own answer cannot be read");
    }
  } else {
    const answer = respondToBroken(parsed.headers, parsed.status, parsed.reason, "t");
    if (answer !== null) serialise(answer);
  }
  framesAlike(input, below);
}

/** At the very limits our Content-Length may be one line too many. */
const isSmall = ({ headers }: SipMessage): boolean =>
  headers.length < sipHeaderLinesMax &&
  headers.reduce((sum, { name, value }) => sum + name.length + value.length + 4, 0) < sipHeadBytesMax / 2;

function comesBack(message: SipMessage): void {
  if (!isSmall(message)) return;
  const again = parseDatagram(serialise(message));
  must(again.ok && isDeepStrictEqual(again.message, { ...message, body: again.message.body }), "another message after writing and reading");
  must(again.ok && Buffer.compare(again.message.body, message.body) === 0, "another body after writing and reading");
}

/** However a stream is cut into segments, it holds the same messages. */
function framesAlike(input: Buffer, below: Below): void {
  const whole = new Framer().push(input);
  const framer = new Framer();
  const pieces: Frame[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + below(400);
    pieces.push(...framer.push(input.subarray(at, end)));
    at = end;
  }
  const told = (frames: readonly Frame[]): string =>
    frames.map((frame) => frame.kind + (frame.kind === "message" ? frame.bytes.length : "")).join();
  must(told(whole) === told(pieces), `framed as ${told(pieces)} in pieces, as ${told(whole)} at once`);
}

// ── SDP ──

const browserOffer = latin1(
  `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:F7gI\r\na=ice-pwd:${"x9".repeat(12)}\r\na=fingerprint:sha-256 ${new Array(32).fill("AB").join(":")}\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n`,
);
const plainOffer = latin1(
  "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000/2 RTP/AVP 8 0 101\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtcp:4001\r\na=ptime:30\r\na=sendonly\r\nm=image 0 udptl t38\r\n",
);
const securedOffer = latin1(
  `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${"A".repeat(40)}|2^31 WSH=64\r\na=crypto:2 AEAD_AES_256_GCM inline:${"B".repeat(58)}A=\r\nm=audio 4002 RTP/AVP 0\r\n`,
);
const sdpWords = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\0",
    "m=audio 4000 RTP/AVP 0\r\n",
    "m=",
    "a=",
    "c=IN IP4 0.0.0.0\r\n",
    "c=IN IP4 224.0.0.1/127\r\n",
    " ",
    ":",
    "/",
  ],
  ...[
    "65536",
    "-1",
    "a=mid:0\r\n",
    "a=inactive\r\n",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
    "a=rtpmap:0 ",
    "a=fmtp:",
    "\xa0",
    "256",
  ],
].map(latin1);
const locals: Readonly<Record<Local["kind"], Local>> = {
  rtp: { kind: "rtp", address: "192.0.2.9", port: 4_000, rtcpPort: 4_001, keys: newKeyTexts({ bytes: (size) => Buffer.alloc(size, 7) }) },
  webrtc: {
    kind: "webrtc",
    addresses: ["192.0.2.9", "::1"],
    port: 5_000,
    tcpPort: 5_000,
    ufrag: "abcd",
    pwd: "p".repeat(24),
    fingerprint: "AB:CD",
  },
};
const numbers = { sessionId: 1, version: 1 };

function runSdp(input: Buffer): void {
  const parsed = parseSdp(input);
  if (parsed.ok) {
    const again = parseSdp(writeSdp(asText(parsed.sdp)));
    must(!again.ok || isDeepStrictEqual(again.sdp, withoutAddresses(parsed.sdp)), "another description after writing and reading");
    // Ours has five lines more and longer line ends, which is all that may be too much.
    must(
      again.ok || input.length > 30_000 || parsed.sdp.media.length + parsed.sdp.attributes.length > 900,
      "our own description is refused",
    );
  }
  for (const encryption of mediaEncryptions) runOffer(input, encryption);
}

function runOffer(input: Buffer, encryption: MediaEncryption): void {
  const offer = readOffer(input, encryption, wideCodecs);
  if (!offer.ok) return;
  const isPlain = offer.peer.kind === "rtp" && offer.peer.crypto === null;
  must(!(encryption === "required" && isPlain), "voice that is plain though it must not be");
  const answer = writeAnswer(offer, locals[offer.peer.kind], offer.direction, numbers);
  must(!/[\0\r]/.test(Buffer.from(answer).toString("latin1").replaceAll("\r\n", "")), "a control character in our answer");
  const read = parseSdp(answer);
  must(read.ok && read.sdp.media.length === offer.sdp.media.length, "an answer with other sections than its offer");
  must(read.ok && read.sdp.media.every(({ port }, index) => (port !== 0) === (index === offer.index)), "an answer to another section");
}

function asText(sdp: Sdp): Parameters<typeof writeSdp>[0] {
  const attributes = (list: Sdp["attributes"]): string[] => list.map(([name, value]) => (value === null ? name : `${name}:${value}`));
  return {
    ...numbers,
    address: "192.0.2.9",
    attributes: attributes(sdp.attributes),
    media: sdp.media.map((section) => ({
      line: `${section.media} ${section.port} ${section.protocol} ${section.formats.join(" ")}`,
      attributes: attributes(section.attributes),
    })),
  };
}

const withoutAddresses = (sdp: Sdp): Sdp => ({ ...sdp, media: sdp.media.map((section) => ({ ...section, address: "192.0.2.9" })) });

// ── RTP and RTCP ──

const voice = Buffer.alloc(172, 0x55);
writeHeader(voice, true, 0, 65_534, 0xffff_ff00, 0xcafebabe);
const pressed = Buffer.concat([voice.subarray(0, 12), Buffer.of(5, 0x8a, 0x03, 0x20)]);
pressed[1] = 101;
pressed.writeUInt16BE(65_535, 2);
const extended = Buffer.concat([
  Buffer.of(0xb2, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7),
  Buffer.alloc(8, 1),
  hex("bede000110aa0000"),
  voice.subarray(12),
  Buffer.of(0, 0, 0, 4),
]);
const block = {
  ssrc: 7,
  fractionLost: 3,
  packetsLost: -2,
  highestSequence: 9,
  jitter: 4,
  lastSenderReport: 5,
  delaySinceLastSenderReport: 6,
};
const compound = Buffer.from(
  buildRtcp([
    { kind: "sender-report", ssrc: 7, ntpSeconds: 1, ntpFraction: 2, rtpTimestamp: 3, packets: 4, octets: 5, reports: [block, block] },
    { kind: "receiver-report", ssrc: 8, reports: [block] },
    { kind: "source-description", ssrc: 7, cname: "landline" },
    { kind: "bye", ssrcs: [7, 8] },
    { kind: "other", type: 204 },
  ]),
);
const ends = [hex("00"), hex("ff"), hex("80c8"), hex("81c90007"), hex("ffff"), hex("bede"), hex("80"), hex("90"), hex("a0"), hex("bf")];

function runRtp(input: Buffer): void {
  const start = payloadStart(input);
  if (start >= 0) {
    must(start >= 12 && start <= input.length, "a payload outside of its packet");
    const end = payloadEnd(input, start);
    must(end === -1 || (end >= start && end <= input.length), "a payload that ends outside of its packet");
    const reception = new Reception();
    reception.arrived(sequenceNumber(input));
    reception.measure(timestamp(input), 1_000);
    must(Number.isFinite(reception.jitter) && reception.lost() >= 0, "senseless figures");
    if (end >= 0)
      must(new DigitReceiver().push(input, start, end, sequenceNumber(input), timestamp(input), 0).length <= 2, "too many digits");
  }
  isRtcp(input);
}

function runRtcp(input: Buffer): void {
  const packets = parseRtcp(input);
  if (packets === null) return;
  // What is no UTF-8 cannot come back, and what we do not read does not.
  const readable = packets.filter((packet) => packet.kind !== "source-description" || !packet.cname.includes("\ufffd"));
  must(readable.length === 0 || isDeepStrictEqual(parseRtcp(buildRtcp(readable)), readable), "other reports after writing and reading");
}

// ── SRTP ──

const keysOf = (suite: SrtpSuite, byte: number) => ({
  key: Buffer.alloc(srtpKeySizes[suite].key, byte),
  salt: Buffer.alloc(srtpKeySizes[suite].salt, byte + 1),
});
const sealed = srtpSuites.map((suite) => {
  const alice = new Srtp(suite, keysOf(suite, 1), keysOf(suite, 3));
  const packets = [voice, pressed, extended].map((packet) => Buffer.from(alice.protect(packet)!));
  return {
    packets,
    reports: [Buffer.from(alice.protectRtcp(compound)!)],
    bob: new Srtp(suite, keysOf(suite, 3), keysOf(suite, 1)),
  };
});
const honest = new Set(sealed.flatMap(({ packets, reports }) => [...packets, ...reports]).map((packet) => packet.toString("hex")));

function runSrtp(input: Buffer): void {
  for (const { bob } of sealed) {
    const opened = bob.unprotect(input) ?? bob.unprotectRtcp(input);
    if (opened !== null) must(honest.has(input.toString("hex")), "a packet that nobody sealed is believed");
  }
}

// ── STUN ──

const password = "VOkJxbRl1RmTxUk/WvJxBt";
const request = readFileSync(`${corpora}stun/req.bin`);

function runStun(input: Buffer): void {
  const read = parseBindingRequest(input);
  if (read === null) return;
  must(read.username.length <= 513, "a user name without end");
  if (!hasRightIntegrity(input, read.integrityAt, password)) return;
  const covered = (packet: Buffer, end: number): string => packet.subarray(4, end).toString("hex");
  must(covered(input, read.integrityAt) === covered(request, read.integrityAt), "a request that nobody signed is believed");
  must(bindingAnswer(read, "2001:db8::1", 65_535, password).length <= 20 + 24 + 24 + 8, "a long answer");
}

// ── Packets on a stream ──

const streamed = Buffer.concat([request, voice, compound].map((packet) => framed(packet, new Uint8Array(4_096)).slice()));

/** However it is cut, the same packets come out, none too long, or it ends. */
function runFrames(input: Buffer): void {
  const read = (piece: number): string => {
    const reader = new FrameReader();
    const packets: string[] = [];
    for (let at = 0; at < input.length; at += piece) {
      const isReadable = reader.push(input.subarray(at, at + piece), (packet) => {
        must(packet.length > 0 && packet.length <= framedPacketBytesMax, "a packet of no length, or too long");
        packets.push(Buffer.from(packet).toString("base64"));
        return true;
      });
      if (!isReadable) break;
    }
    return packets.join();
  };
  const whole = read(input.length);
  for (const piece of [1, 7, 300]) must(read(piece) === whole, `other packets in pieces of ${piece}`);
}

export const targets: readonly Target[] = [
  { name: "sip", seeds: [...torture, authorized, subscribing, diverted], spices: sipWords, run: runSip },
  { name: "sdp", seeds: [browserOffer, plainOffer, securedOffer, ...torture.flatMap(bodyOf)], spices: sdpWords, run: runSdp },
  { name: "rtp", seeds: [voice, pressed, extended, compound], spices: ends, run: runRtp },
  { name: "rtcp", seeds: [compound, compound.subarray(76)], spices: ends, run: runRtcp },
  {
    name: "srtp",
    seeds: [...sealed.flatMap(({ packets, reports }) => [...packets, ...reports]), hex(vectors.vectors.libsrtp_srtp_validate.srtp)],
    spices: ends,
    run: runSrtp,
  },
  {
    name: "stun",
    seeds: [request, ...files("stun", ".bin")],
    spices: [...ends, hex("00060258"), hex("0009000000"), hex("00080014"), hex("80280004")],
    run: runStun,
  },
  { name: "frames", seeds: [streamed], spices: [hex("0000"), hex("0800"), hex("0801"), hex("ffff"), ...ends], run: runFrames },
];

function bodyOf(message: Buffer): Buffer[] {
  const at = message.indexOf("\r\nv=0\r\n");
  return at < 0 ? [] : [message.subarray(at + 2)];
}
