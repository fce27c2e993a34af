// Tests for descriptions: what phones, carriers and browsers send, and what attackers would like to.
import { describe, expect, test } from "bun:test";
import { type MediaEncryption, mediaEncryptions, type SrtpSuite, srtpKeySizes, srtpSuites } from "../../core/lib/media-encryption.ts";
import { type Codec, narrowCodecs, preferring, wideCodecs } from "./codecs.ts";
import {
  codecsOf,
  type LocalRtp,
  type LocalWebRtc,
  readAnswer,
  readOffer,
  securingOf,
  takenIn,
  type Understood,
  writeAnswer,
  writeOffer,
} from "./offer-answer.ts";
import { parseSdp } from "./sdp.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
const text = (body: Uint8Array): string => Buffer.from(body).toString("latin1");
const plain = (lines: string, address = "127.0.0.2"): Uint8Array =>
  bytes(`v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 ${address}\nt=0 0\n${lines}\n`);
const local: LocalRtp = { kind: "rtp", address: "127.0.0.1", port: 40_000, rtcpPort: 40_001, keys: null };
const numbers = { sessionId: 7, version: 1 };

function understood(body: Uint8Array, codecs: readonly Codec[] = narrowCodecs): Understood {
  const read = readOffer(body, "disabled", codecs);
  if (!read.ok) throw new Error(read.reason);
  return read;
}

describe("plain RTP", () => {
  test("the first G.711 of the caller is taken under its numbers, events with it", () => {
    const offer = understood(plain("m=audio 4000 RTP/AVP 9 8 0 96\na=rtpmap:96 telephone-event/8000\na=ptime:30"));
    expect(offer.peer).toEqual({
      kind: "rtp",
      codec: "PCMA",
      payloadType: 8,
      dtmfPayloadType: 96,
      dtmfUnitsPerMs: 8,
      ptimeMs: 30,
      address: "127.0.0.2",
      port: 4000,
      rtcpPort: 4001,
      crypto: null,
    });
    expect(text(writeAnswer(offer, local, offer.direction, numbers))).toBe(
      "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 96\r\n" +
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
    );
  });

  test("G.722 is taken where it may be, in the caller's order, or what the call speaks already before it", () => {
    const taken = (formats: string, codecs = wideCodecs, first: readonly Codec[] = []): string => {
      const read = readOffer(
        plain(`m=audio 4000 RTP/AVP ${formats}\na=rtpmap:100 G722/8000\na=rtpmap:99 g722/16000`),
        "disabled",
        codecs,
        first,
      );
      return read.ok ? `${read.peer.codec} ${read.peer.payloadType}` : read.reason;
    };
    expect(taken("9 8 0")).toBe("G722 9");
    expect(taken("8 9 0")).toBe("PCMA 8");
    expect(taken("0 100 9")).toBe("PCMU 0");
    expect(taken("100 0")).toBe("G722 100");
    // That clock is nobody's, however true it would be.
    expect(taken("99 0")).toBe("PCMU 0");
    expect(taken("9 8 0", narrowCodecs)).toBe("PCMA 8");
    expect(taken("9", narrowCodecs)).toBe("no common codec");
    expect(taken("8 0 9", wideCodecs, ["G722"])).toBe("G722 9");
    expect(taken("9 0", wideCodecs, ["PCMA", "PCMU"])).toBe("PCMU 0");
    expect(taken("9 8", narrowCodecs, ["G722"])).toBe("PCMA 8");
  });

  test("G.722 is answered under the clock that RFC 3551 says, and offered first or where the call wants it", () => {
    const offer = readOffer(plain("m=audio 4000 RTP/AVP 8 9"), "disabled", wideCodecs) as Understood;
    const answer = text(writeAnswer(takenIn(offer, wideCodecs, ["G722"]), local, "sendrecv", numbers));
    expect(answer).toContain("m=audio 40000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n");
    expect(codecsOf(offer, wideCodecs)).toEqual(["PCMA", "G722"]);
    const offered = (first: readonly Codec[]) =>
      text(writeOffer(local, "sendrecv", numbers, undefined, preferring(first, wideCodecs))).match(/RTP\/AVP .*|rtpmap:.*|fmtp:.*/g) ?? [];
    const events = ["rtpmap:110 telephone-event/48000", "fmtp:110 0-15", "rtpmap:101 telephone-event/8000", "fmtp:101 0-15"];
    const opus = ["rtpmap:111 opus/48000/2", "fmtp:111 useinbandfec=1"];
    const others = ["rtpmap:9 G722/8000", "rtpmap:8 PCMA/8000", "rtpmap:0 PCMU/8000"];
    expect(offered([])).toEqual(["RTP/AVP 111 9 8 0 110 101", ...opus, ...others, ...events]);
    expect(offered(["PCMU", "G722"]).slice(0, 4)).toEqual(["RTP/AVP 0 9 111 8 110 101", others[2]!, others[0]!, opus[0]!]);
    expect(text(writeOffer(local, "sendrecv", numbers))).toContain("RTP/AVP 8 0 101\r\n");
    expect(readAnswer(plain("m=audio 4000 RTP/AVP 9"), "rtp")).toMatchObject({ ok: false });
    expect(readAnswer(plain("m=audio 4000 RTP/AVP 9"), "rtp", undefined, wideCodecs)).toMatchObject({ ok: true, peer: { codec: "G722" } });
  });

  test("Opus is taken under the peer's number, with events at its clock, or those of G.711 where there are no others", () => {
    const maps = ["m=audio 4000 RTP/AVP 96 0 98 99", "a=rtpmap:96 OPUS/48000/2", "a=rtpmap:98 telephone-event/8000"];
    const read = (...more: string[]) => understood(plain([...maps, ...more].join("\n")), wideCodecs);
    const at48 = read("a=rtpmap:99 telephone-event/48000");
    expect(at48.peer).toMatchObject({ codec: "OPUS", payloadType: 96, dtmfPayloadType: 99, dtmfUnitsPerMs: 48 });
    expect(text(writeAnswer(at48, local, "sendrecv", numbers))).toContain(
      "RTP/AVP 96 99\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:99 telephone-event/48000\r\n",
    );
    expect(read().peer).toMatchObject({ codec: "OPUS", dtmfPayloadType: 98, dtmfUnitsPerMs: 8 });
    expect(takenIn(at48, wideCodecs, ["PCMU"]).peer).toMatchObject({ codec: "PCMU", dtmfPayloadType: 98, dtmfUnitsPerMs: 8 });
    // Another clock is another codec; and a carrier is not asked for it.
    expect(readOffer(plain("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/16000"), "disabled", wideCodecs)).toMatchObject({ ok: false });
    expect(understood(plain(maps.join("\n"))).peer.codec).toBe("PCMU");
  });

  test("every other section is refused in its place", () => {
    const offer = understood(plain("m=video 4002 RTP/AVP 31\nm=audio 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 0\nm=audio 4004 RTP/AVP 0"));
    expect(offer.index).toBe(2);
    const media = text(writeAnswer(offer, local, "sendrecv", numbers))
      .split("\r\n")
      .filter((line) => line.startsWith("m="));
    expect(media).toEqual(["m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 0", "m=audio 40000 RTP/AVP 0", "m=audio 0 RTP/AVP 0"]);
  });

  test("hold is understood in both styles", () => {
    const direction = (lines: string, address?: string): string => understood(plain(`m=audio 4000 RTP/AVP 0\n${lines}`, address)).direction;
    expect(direction("a=sendonly")).toBe("recvonly");
    expect(direction("a=recvonly")).toBe("sendonly");
    expect(direction("a=inactive")).toBe("inactive");
    expect(direction("", "0.0.0.0")).toBe("recvonly");
    expect(direction("a=inactive", "0.0.0.0")).toBe("inactive");
    expect(understood(plain("m=audio 4000 RTP/AVP 0", "0.0.0.0")).peer).toMatchObject({ address: null });
    expect(understood(bytes("v=0\na=sendonly\nc=IN IP4 127.0.0.2\nm=audio 4000 RTP/AVP 0\n")).direction).toBe("recvonly");
  });

  test("SDP-01: media is never sent to a name, a group, a broadcast or a link-local address", () => {
    for (const address of [
      "224.0.0.1",
      "239.1.1.1/127",
      "255.255.255.255",
      "169.254.169.254",
      "0.1.2.3",
      "host.example.com",
      "1.2.3",
      "0x7f.1",
    ])
      expect(readOffer(plain("m=audio 4000 RTP/AVP 0", address))).toMatchObject({ ok: false });
    for (const address of ["::", "ff02::1", "fe80::1"])
      expect(readOffer(bytes(`v=0\nc=IN IP6 ${address}\nm=audio 4000 RTP/AVP 0\n`))).toMatchObject({ ok: false });
    expect(readOffer(bytes("v=0\nm=audio 4000 RTP/AVP 0\n"))).toMatchObject({ ok: false });
  });

  test("each media section has its own address", () => {
    expect(
      understood(bytes("v=0\nm=video 5000 RTP/AVP 31\nc=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 0\nc=IN IP4 127.0.0.3\n")).peer,
    ).toMatchObject({ address: "127.0.0.3" });
  });

  test("our own offer is answered", () => {
    const offer = text(writeOffer(local, "sendrecv", numbers));
    expect(offer).toContain("m=audio 40000 RTP/AVP 8 0 101\r\n");
    expect(readAnswer(plain("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000"), "rtp")).toMatchObject({
      ok: true,
      peer: { codec: "PCMU", dtmfPayloadType: 101, dtmfUnitsPerMs: 8 },
    });
    expect(readAnswer(plain("m=audio 0 RTP/AVP 0"), "rtp")).toMatchObject({ ok: false });
    expect(readAnswer(plain("m=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 31"), "rtp")).toMatchObject({ ok: false });
    expect(readAnswer(plain("m=audio 4000 RTP/AVP 0"), "webrtc")).toMatchObject({ ok: false });
  });
});

const fingerprint = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, "0").toUpperCase()).join(":");
const webLocal: LocalWebRtc = {
  kind: "webrtc",
  addresses: ["10.1.2.3", "127.0.0.1"],
  port: 50_000,
  tcpPort: 443,
  ufrag: "abcd",
  pwd: "p".repeat(24),
  fingerprint,
};
const chromium = (changes: (sdp: string) => string = (sdp) => sdp): Uint8Array =>
  bytes(
    changes(`v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 1234
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:F7gI
a=ice-pwd:x9cml/YzichV2+XlhiMu8g/2
a=ice-options:trickle
a=fingerprint:sha-256 ${fingerprint.toLowerCase()}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=rtcp-mux
a=rtpmap:96 VP8/90000
`),
  );

describe("WebRTC", () => {
  test("a browser's offer is answered ICE-lite, passive, muxed, with every address and no SSRC", () => {
    const offer = understood(chromium());
    expect(offer.peer).toEqual({
      kind: "webrtc",
      codec: "PCMU",
      payloadType: 0,
      dtmfPayloadType: 126,
      dtmfUnitsPerMs: 8,
      ptimeMs: 20,
      ufrag: "F7gI",
      pwd: "x9cml/YzichV2+XlhiMu8g/2",
      fingerprint,
    });
    const answer = text(writeAnswer(offer, webLocal, offer.direction, numbers));
    const [session, audio, video] = answer.split("m=");
    expect(session).toContain("a=group:BUNDLE 0\r\na=ice-lite\r\n");
    expect(audio).toStartWith("audio 50000 UDP/TLS/RTP/SAVPF 0 126\r\n");
    for (const line of [
      "mid:0",
      "setup:passive",
      "rtcp-mux",
      "ice-ufrag:abcd",
      `fingerprint:sha-256 ${fingerprint}`,
      "end-of-candidates",
      "sendrecv",
    ])
      expect(audio).toContain(`a=${line}\r\n`);
    expect(audio).toContain("a=candidate:1 1 udp 2130706431 10.1.2.3 50000 typ host\r\n");
    expect(audio).toContain("a=candidate:2 1 udp 2130706175 127.0.0.1 50000 typ host\r\n");
    // RFC 6544 §4.2: 90, passive 4, then our own order; after every one of UDP.
    expect(audio).toContain("a=candidate:t1 1 tcp 1520435199 10.1.2.3 443 typ host tcptype passive\r\n");
    expect(audio).toContain("a=candidate:t2 1 tcp 1520434943 127.0.0.1 443 typ host tcptype passive\r\n");
    expect(text(writeAnswer(offer, { ...webLocal, tcpPort: null }, offer.direction, numbers))).not.toContain(" tcp ");
    expect(video).toBe("video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=inactive\r\n");
    expect(answer).not.toContain("a=ssrc");
    expect(parseSdp(Buffer.from(answer)).ok).toBe(true);
  });

  test("RTP-05: a browser that cannot be verified is refused", () => {
    for (const change of [
      (sdp: string) => sdp.replace(/a=fingerprint.*\n/, ""),
      (sdp: string) => sdp.replace("sha-256", "sha-1"),
      (sdp: string) => sdp.replace(/a=ice-pwd.*\n/, "a=ice-pwd:short\n"),
      (sdp: string) => sdp.replace("setup:actpass", "setup:passive"),
      (sdp: string) => sdp.replace("a=rtcp-mux\n", ""),
      (sdp: string) => sdp.replaceAll("UDP/TLS/RTP/SAVPF", "RTP/SAVP"),
    ])
      expect(readOffer(chromium(change))).toMatchObject({ ok: false });
  });

  test("our offer invites the browser to be the DTLS client", () => {
    const offer = text(writeOffer(webLocal, "sendrecv", numbers));
    expect(offer).toContain("a=setup:actpass\r\n");
    expect(offer).toContain("m=audio 50000 UDP/TLS/RTP/SAVPF 8 0 101\r\n");
    const answer = chromium((sdp) => sdp.replace("actpass", "active").replace(/m=video[\s\S]*$/, ""));
    expect(readAnswer(answer, "webrtc")).toMatchObject({ ok: true, peer: { kind: "webrtc", ufrag: "F7gI" } });
    expect(
      readAnswer(
        chromium((sdp) => sdp.replace(/m=video[\s\S]*$/, "")),
        "webrtc",
      ),
    ).toMatchObject({ ok: false });
  });
});

describe("bounds", () => {
  test("SDP-01: whatever comes gives a value", () => {
    for (const body of [
      plain("m=audio 4000 RTP/AVP 0\n".repeat(10_000)),
      plain(`m=audio 4000 RTP/AVP 0\na=${"x".repeat(1_000_000)}`),
      plain(`m=audio 4000 RTP/AVP${" 0".repeat(30_000)}`),
      plain(`m=audio 4000 RTP/AVP${" ".repeat(60_000)}\tx`),
      plain("m=audio -1 RTP/AVP 0"),
      plain("m=audio 65536 RTP/AVP 0"),
      plain("m=audio 4000 RTP/AVP 300 -1 x"),
      plain("m=audio 4000 RTP/AVP"),
      plain("m="),
      plain("m=audio 4000 RTP/AVP 0\na=mid:0\ra=sendonly"),
      plain("m=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 9\0"),
      bytes(""),
      bytes("v=1\n"),
      new Uint8Array(1000),
    ])
      expect(readOffer(body)).toMatchObject({ ok: false });
  });

  test("SDP-01: every truncation of a browser's offer gives a value", () => {
    const whole = chromium();
    for (let length = 0; length <= whole.length; length++) expect(typeof readOffer(whole.subarray(0, length)).ok).toBe("boolean");
  });
});

// ── Keys in descriptions (SDES) ──

const keysOf = (byte: number) =>
  Object.fromEntries(
    srtpSuites.map((suite, n) => [suite, Buffer.alloc(srtpKeySizes[suite].key + srtpKeySizes[suite].salt, byte + n).toString("base64")]),
  ) as Record<SrtpSuite, string>;
const keys = keysOf(1);
const secure: LocalRtp = { ...local, keys };
const their = keysOf(20);
const line = (tag: number | string, suite: SrtpSuite, more = ""): string => `a=crypto:${tag} ${suite} inline:${their[suite]}${more}`;
const savp = (...lines: string[]): Uint8Array => plain(["m=audio 4000 RTP/SAVP 0", ...lines].join("\n"));
const cryptoOf = (body: Uint8Array): string[] =>
  text(body)
    .split("\r\n")
    .filter((one) => one.startsWith("a=crypto"));
const aes = "AES_CM_128_HMAC_SHA1_80";
const gcm = "AEAD_AES_128_GCM";

describe("SDES", () => {
  test.each(srtpSuites)("an offer of %s alone is answered with our key under its tag, over its protocol", (suite) => {
    for (const protocol of ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"]) {
      const read = readOffer(plain(`m=audio 4000 ${protocol} 0\n${line(7, suite, "|2^48 WSH=64")}`), "required");
      expect(read).toMatchObject({ ok: true, peer: { crypto: { tag: 7, suite, key: their[suite] } } });
      const answer = writeAnswer(read as Understood, secure, "sendrecv", numbers);
      expect(cryptoOf(answer)).toEqual([`a=crypto:7 ${suite} inline:${keys[suite]}`]);
      expect(text(answer)).toContain(`m=audio 40000 ${protocol} 0\r\n`);
    }
  });

  test("the first of theirs that we have is taken, whatever stands before it", () => {
    const offer = savp("a=crypto:1 F8_128_HMAC_SHA1_80 inline:x", line(2, aes, "|2^31|1:4"), line(3, "AEAD_AES_256_GCM"), line(4, aes));
    expect(readOffer(offer, "optional")).toMatchObject({ ok: true, peer: { crypto: { tag: 3, suite: "AEAD_AES_256_GCM" } } });
  });

  test("an encrypted section comes before a plain one where voice may be encrypted, and neither is taken for the other", () => {
    const both = plain(`m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/SAVP 0\n${line(1, aes)}`);
    expect(readOffer(both, "optional")).toMatchObject({ ok: true, index: 1, peer: { port: 4002 } });
    expect(readOffer(both, "required")).toMatchObject({ ok: true, index: 1 });
    expect(readOffer(both, "disabled")).toMatchObject({ ok: true, index: 0, peer: { crypto: null } });
    expect(readOffer(plain("m=audio 4000 RTP/AVP 0"), "optional")).toMatchObject({ ok: true, peer: { crypto: null } });
  });

  test("SDP-02: plain where voice must be encrypted, and encrypted only where it is switched off, are refused, and why is said", () => {
    const refused = (body: Uint8Array, encryption: MediaEncryption) => (readOffer(body, encryption) as { encryption?: string }).encryption;
    expect(refused(plain("m=audio 4000 RTP/AVP 0"), "required")).toBe("plain");
    // A mark of whoever stripped the keys: a protocol that promises them.
    for (const encryption of mediaEncryptions) expect(readOffer(savp(), encryption).ok).toBe(false);
    expect(refused(savp(), "optional")).toBe("no-suite");
    expect(refused(savp(line(1, aes)), "disabled")).toBe("encrypted");
    expect(refused(savp("a=crypto:1 AES_192_CM_HMAC_SHA1_80 inline:x"), "optional")).toBe("no-suite");
    expect(refused(plain("m=audio 4000 RTP/AVP 0\na=crypto:1 AES_192_CM_HMAC_SHA1_80 inline:x"), "required")).toBe("plain");
  });

  test("SDP-02: a broken line breaks the section: tags twice or without end, keys too long, too short, of odd bits, or none", () => {
    const key = their[aes];
    for (const lines of [
      [line(1, aes), line(1, gcm)],
      [line(1, aes), line("01", gcm)],
      [line("1234567890", aes)],
      [line("-1", aes)],
      [line("x", aes)],
      ["a=crypto:1"],
      ["a=crypto:"],
      [`a=crypto:1 ${aes}`],
      [`a=crypto:1 ${aes} inline:`],
      [`a=crypto:1 ${aes} ${key}`],
      [`a=crypto:1 ${aes} inline:${key}AAAA`],
      [`a=crypto:1 ${aes} inline:${key.slice(4)}`],
      [`a=crypto:1 ${aes} inline:${"A".repeat(100_000)}`.slice(0, 20_000)],
      [`a=crypto:1 ${aes} inline:${key.slice(0, -1)}*`],
      [`a=crypto:1 ${gcm} inline:${their[gcm].replace("A==", "B==")}`],
      [line(1, aes, "|2^49")],
      [line(1, aes, "|0")],
      [line(1, aes, "|2^31|")],
      [line(1, aes, "|2^31|1:4|x")],
    ]) {
      expect(readOffer(savp(...lines), "required")).toMatchObject({ ok: false, encryption: "broken" });
      expect(readOffer(plain(["m=audio 4000 RTP/AVP 0", ...lines].join("\n")), "optional")).toMatchObject({ ok: false });
    }
  });

  test("SDP-02: what weakens or changes how keys are used is passed over, and so is what we cannot do", () => {
    for (const more of [
      " UNENCRYPTED_SRTP",
      " UNENCRYPTED_SRTCP",
      " UNAUTHENTICATED_SRTP",
      " KDR=1",
      " FEC_ORDER=FEC_SRTP",
      " WSH=64 X",
      "|2^10",
      "|1:4",
      "|2^31|1:4",
    ]) {
      expect(readOffer(savp(line(1, aes, more)), "required")).toMatchObject({ ok: false, encryption: "no-suite" });
      expect(readOffer(savp(line(1, aes, more), line(2, aes)), "required")).toMatchObject({ ok: true, peer: { crypto: { tag: 2 } } });
    }
    expect(readOffer(savp(line(0, aes, " -X=1 WSH=128")), "required")).toMatchObject({ ok: true, peer: { crypto: { tag: 0 } } });
    expect(readOffer(savp(`a=crypto:1 ${aes.toLowerCase()} INLINE:${their[aes]}`), "required")).toMatchObject({ ok: true });
  });

  test("our offer lists every suite with a key of its own, AEAD first", () => {
    const offer = writeOffer(secure, "sendrecv", numbers, securingOf("required", false));
    expect(text(offer)).toContain("m=audio 40000 RTP/SAVP 8 0 101\r\n");
    expect(cryptoOf(offer)).toEqual(srtpSuites.map((suite, n) => `a=crypto:${n + 1} ${suite} inline:${keys[suite]}`));
    expect(new Set(cryptoOf(offer).map((one) => one.split("inline:")[1])).size).toBe(srtpSuites.length);
    expect(cryptoOf(writeOffer(secure, "sendrecv", numbers, securingOf("disabled", true)))).toEqual([]);
    expect(text(writeOffer(secure, "sendrecv", numbers, securingOf("optional", true)))).toContain("m=audio 40000 RTP/AVP 8");
  });

  test("SDP-02: an answer takes one of our keys by its tag and suite, and nothing else will do", () => {
    const securing = securingOf("required", false);
    const read = (...lines: string[]) => readAnswer(savp(...lines), "rtp", securing);
    expect(read(line(3, aes))).toMatchObject({ ok: true, peer: { crypto: { tag: 3, suite: aes } } });
    for (const lines of [
      [line(1, aes)],
      [line(9, aes)],
      [line(3, aes), line(1, gcm)],
      [line(3, aes, " UNENCRYPTED_SRTP")],
      ["a=crypto:3 x inline:y"],
    ])
      expect(read(...lines)).toMatchObject({ ok: false, encryption: "broken" });
  });

  test("SDP-02: keys that were stripped from an answer are missed, and an answer never adds what we did not offer", () => {
    const stripped = [savp(), plain("m=audio 4000 RTP/AVP 0")];
    for (const body of stripped)
      for (const securing of [securingOf("required", false), securingOf("optional", false), securingOf("required", true)])
        expect(readAnswer(body, "rtp", securing)).toMatchObject({ ok: false, encryption: "plain" });
    // Our offer stood in a 200 and said RTP/AVP with keys beside it.
    expect(readAnswer(stripped[1]!, "rtp", securingOf("optional", true))).toMatchObject({ ok: true, peer: { crypto: null } });
    expect(readAnswer(stripped[0]!, "rtp", securingOf("optional", true))).toMatchObject({ ok: false });
    expect(readAnswer(savp(line(1, gcm)), "rtp", securingOf("disabled", false))).toMatchObject({ ok: false });
  });

  test("every truncation of an encrypted offer gives a value, and never a plain one where that may not be", () => {
    const whole = savp(line(1, aes, "|2^31"), line(2, gcm));
    for (let length = 0; length <= whole.length; length++) {
      const read = readOffer(whole.subarray(0, length), "required");
      expect(read.ok && read.peer.kind === "rtp" && read.peer.crypto === null).toBe(false);
    }
  });
});
