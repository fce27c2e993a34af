// A whole browser's way through the shared port, over real loopback sockets: checks, handshake, media, a change of network, and strangers.
import { afterEach, describe, expect, test } from "bun:test";
import { RTCPeerConnection, RTCRtpCodecParameters, RTCSessionDescription, RtpPacket } from "werift";
import { realEnv } from "../../../cmd/env.ts";
import { iceConsentMs } from "../../../core/lib/limits.ts";
import { encodeG711, g711 } from "../codec/g711.ts";
import type { LocalMedia } from "../plane.ts";
import { writeHeader } from "../rtp/packet.ts";
import { share, until } from "../support/listening.ts";
import { Bench, Browser, clientFingerprint, closeAll, opened, pass, passable, samplesOf } from "../support/test-browser.ts";
import { endlessTone, toneSamples } from "../tone.ts";

const env = passable(realEnv("error"));
afterEach(closeAll);

test("a browser is connected, heard by its partner and hears it, under GCM", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  const bob = await Browser.open(await bench.opened("bob"));
  for (const streamId of ["alice", "bob"]) bench.connect(streamId);
  bench.plane.send({ kind: "bridge", a: "alice", b: "bob" });
  await Promise.all([alice.connect(), bob.connect()]);
  await until(() => bench.of("connected").length === 2);
  expect(bench.of("connected").map(({ protection }) => protection)).toEqual(["AEAD_AES_128_GCM", "AEAD_AES_128_GCM"]);
  const codes = encodeG711(toneSamples([700], 400, 0), "PCMU");
  for (let frame = 0; frame < 20; frame++) alice.say(codes.subarray(frame * 160, frame * 160 + 160));
  await until(() => bob.heard.length === 20);
  expect(share(samplesOf(bob.heard), 700)).toBeGreaterThan(0.9);
  expect(alice.heard).toHaveLength(0);
});

test("a prompt waits for the handshake, so that its beginning is heard", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  bench.plane.send({
    kind: "play",
    streamId: "alice",
    playId: "p",
    prompts: [{ kind: "tone", hz: [1000], onMs: 200, offMs: 0 }],
    loop: false,
  });
  await until(() => bench.of("opened").length > 0);
  await new Promise((done) => env.clock.after(100, () => done(null)));
  expect(bench.of("play-finished")).toHaveLength(0);
  await alice.connect();
  await until(() => bench.of("play-finished").length === 1);
  await until(() => alice.heard.length === 10);
});

test("a browser that changes its network is followed at its next nominated check, and what it says meanwhile is not lost", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  await alice.connect();
  bench.plane.send({ kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true });
  await until(() => alice.heard.length > 2);
  await alice.take("udp");
  // From an address that was not checked nothing is taken, however well sealed.
  const strangers = bench.mux.strangers;
  alice.say(new Uint8Array(160));
  await until(() => bench.mux.strangers > strangers);
  const answered = alice.answered;
  alice.check();
  await until(() => alice.answered > answered);
  const before = alice.heard.length;
  await until(() => alice.heard.length > before + 5);
  alice.say(new Uint8Array(160));
  bench.plane.send({ kind: "close", streamId: "alice" });
  await until(() => bench.of("stats").find((event) => event.final));
});

test("an ICE restart: the old pair goes on until one of the new credentials is nominated, under the same keys", async () => {
  const bench = await Bench.open(env);
  const local = await bench.opened("alice");
  const alice = await Browser.open(local);
  bench.connect("alice");
  await alice.connect();
  bench.plane.send({ kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true });
  await until(() => alice.heard.length > 2);
  const ours = { ufrag: "0f0f0f0f", pwd: "n".repeat(32) };
  bench.connect("alice", { ufrag: "anew" }, ours);
  const elsewhere = { ours: ours.ufrag, pwd: ours.pwd, ufrag: "anew" };
  // What the browser had is good until it has something better.
  let answered = alice.answered;
  alice.check();
  await until(() => alice.answered > answered);
  const old = await alice.take("udp");
  // A new pair that is not nominated yet is no reason to leave the old one.
  let heard = 0;
  opened(old);
  alice.check({ ...elsewhere, nominate: false });
  await until(() => alice.answered > answered + 1);
  const stranger = bench.mux.strangers;
  alice.check({ ...elsewhere, ufrag: "them" });
  await until(() => bench.mux.strangers > stranger);
  answered = alice.answered;
  alice.check(elsewhere);
  await until(() => alice.answered > answered);
  old.close();
  heard = alice.heard.length;
  await until(() => alice.heard.length > heard + 5);
  const strangers = bench.mux.strangers;
  alice.check();
  await until(() => bench.mux.strangers > strangers);
  expect(bench.of("connected").length).toBe(1);
  // And once more.
  bench.connect("alice", { ufrag: "third" }, { ufrag: "1e1e1e1e", pwd: "m".repeat(32) });
  await alice.take("tcp");
  answered = alice.answered;
  alice.check({ ours: "1e1e1e1e", pwd: "m".repeat(32), ufrag: "third" });
  await until(() => alice.answered > answered);
  await until(() => bench.plane.load()[0]!.browsers.tcp === 1);
  expect(bench.of("failed")).toEqual([]);
});

test("a browser that has ceased to check is sent nothing any more, and is told as gone; when it checks again it is heard again", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  await alice.connect();
  bench.plane.send({ kind: "expect", streamId: "alice" });
  bench.plane.send({ kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true });
  await until(() => alice.heard.length > 2);
  alice.say(new Uint8Array(160));
  // A look is taken every second.
  await until(() => bench.of("trouble").length === 0 && alice.heard.length > 60);
  pass(iceConsentMs);
  const trouble = await until(() => bench.of("trouble").find((event) => event.trouble?.cause === "gone"));
  expect(trouble).toMatchObject({ streamId: "alice", direction: "from" });
  const heard = alice.heard.length;
  const answered = alice.answered;
  await new Promise((done) => env.clock.after(100, () => done(null)));
  expect(alice.heard.length).toBe(heard);
  alice.check();
  await until(() => alice.answered > answered && alice.heard.length > heard + 5);
});

test("another certificate is another peer: a reloaded page takes over its leg while the music plays", async () => {
  const bench = await Bench.open(env);
  const local = await bench.opened("alice");
  const before = await Browser.open(local);
  bench.connect("alice", { ufrag: "gone", fingerprint: clientFingerprint.replace(/^../, "00") });
  bench.plane.send({ kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true });
  bench.connect("alice");
  const after = await Browser.open(local);
  await after.connect();
  await until(() => after.heard.length > 3);
  expect(share(samplesOf(after.heard), 440)).toBeGreaterThan(0.9);
  before.check({ ufrag: "gone" });
  const strangers = bench.mux.strangers;
  await until(() => bench.mux.strangers > strangers);
  expect(before.answered).toBe(0);
});

describe("refused is", () => {
  test("STUN-01: a check with a wrong password, for an unknown session, or from an unannounced peer: there is no answer", async () => {
    const bench = await Bench.open(env);
    const local = await bench.opened("alice");
    const alice = await Browser.open(local);
    bench.connect("alice");
    alice.check({ pwd: "p".repeat(32) });
    alice.check({ pwd: "guess" });
    alice.check({ ufrag: "else" });
    const nobody = await Browser.open({ ...local, webrtc: { ...local.webrtc!, ufrag: "nobody" } });
    nobody.check();
    await until(() => bench.mux.strangers >= 3);
    expect([alice.answered, nobody.answered]).toEqual([0, 0]);
  });

  test("RTP-04: a handshake from an address that was not checked", async () => {
    const bench = await Bench.open(env);
    const alice = await Browser.open(await bench.opened("alice"));
    bench.connect("alice");
    alice.tryHandshake();
    await until(() => bench.mux.strangers > 0);
    expect(bench.of("connected")).toHaveLength(0);
    expect(bench.of("failed")).toHaveLength(0);
  });

  test("RTP-04: a thousand hellos from elsewhere, before and while the browser shakes hands, and its handshake ends all the same", async () => {
    const bench = await Bench.open(env);
    const local = await bench.opened("alice");
    const alice = await Browser.open(local);
    const hellos: Buffer[] = [];
    const eve = await Browser.open(local);
    eve.onDtls((datagram) => hellos.push(datagram));
    eve.tryHandshake();
    await until(() => hellos.length > 0);
    const spray = async (): Promise<void> => {
      const strangers = bench.mux.strangers;
      for (let n = 0; n < 500; n++) {
        eve.send(hellos[0]!);
        // The kernel's queue holds some hundreds; what it drops was no attack.
        if (n % 50 === 49) await until(() => bench.mux.strangers >= strangers + n - 49);
      }
    };
    bench.connect("alice");
    await spray();
    alice.check();
    await until(() => alice.answered > 0);
    await Promise.all([spray(), alice.handshake()]);
    await until(() => bench.of("connected").length === 1);
    expect([bench.of("failed"), eve.answered]).toEqual([[], 0]);
  });

  test("RTP-05: a certificate that was not announced: the stream fails, and nothing more is answered", async () => {
    const bench = await Bench.open(env);
    const alice = await Browser.open(await bench.opened("alice"));
    bench.connect("alice", { fingerprint: clientFingerprint.replace(/^../, clientFingerprint.startsWith("00") ? "11" : "00") });
    alice.check();
    await until(() => alice.answered > 0);
    alice.tryHandshake();
    const [failed] = await until(() => (bench.of("failed").length > 0 ? bench.of("failed") : null));
    expect(failed).toMatchObject({ streamId: "alice", reason: "DTLS: the certificate is not the announced one" });
    const answered = alice.answered;
    alice.check();
    const strangers = bench.mux.strangers;
    await until(() => bench.mux.strangers > strangers);
    expect(alice.answered).toBe(answered);
  });

  test("RTP-03: a replayed packet, a forged one, and a stranger's", async () => {
    const bench = await Bench.open(env);
    const alice = await Browser.open(await bench.opened("alice"));
    bench.connect("alice");
    await alice.connect();
    alice.say(new Uint8Array(160));
    const sealed = alice.lastSealed!;
    alice.send(sealed);
    const forged = Uint8Array.from(sealed);
    forged[20]! ^= 1;
    alice.send(forged);
    const mallory = await Browser.open({ rtpPort: bench.mux.port, rtcpPort: bench.mux.port, webrtc: null, srtp: null });
    const strangers = bench.mux.strangers;
    mallory.send(sealed);
    await until(() => bench.mux.strangers > strangers);
    bench.plane.send({ kind: "close", streamId: "alice" });
    const { stats } = await until(() => bench.of("stats").find((event) => event.final));
    expect(stats).toMatchObject({ packetsReceived: 1, packetsRefused: 2, packetsDiscarded: 0, protection: "AEAD_AES_128_GCM" });
  });
});

test("werift's whole peer connection, which shares no line with us, hears our tone and is heard", async () => {
  const bench = await Bench.open(env);
  const local = await bench.opened("alice");
  const bob = await Browser.open(await bench.opened("bob"));
  bench.connect("bob");
  bench.plane.send({ kind: "bridge", a: "alice", b: "bob" });
  await bob.connect();

  const codec = new RTCRtpCodecParameters({ mimeType: "audio/PCMU", clockRate: 8000, channels: 1, payloadType: 0 });
  const peer = new RTCPeerConnection({
    codecs: { audio: [codec], video: [] },
    bundlePolicy: "max-bundle",
    // An empty list would be taken for "ask the usual server": a candidate pair must not leave the machine.
    iceServers: [{ urls: "stun:127.0.0.1:9" }],
    iceUseIpv6: false,
    iceStunGatherTimeout: 0.05,
    iceAdditionalHostAddresses: ["127.0.0.1"],
    iceInterfaceAddresses: { udp4: "127.0.0.1" },
  });
  opened(peer);
  const transceiver = peer.addTransceiver("audio", { direction: "sendrecv" });
  const heard: number[] = [];
  const offer = await peer.createOffer();
  await peer.setLocalDescription(offer);
  const sdp = peer.localDescription!.sdp;
  const field = (name: string) => new RegExp(`^a=${name}:(?:sha-256 )?(\\S+)`, "m").exec(sdp)![1]!;
  bench.connect("alice", {
    ufrag: field("ice-ufrag"),
    pwd: field("ice-pwd"),
    fingerprint: field("fingerprint"),
    dtmfPayloadType: null,
    dtmfUnitsPerMs: 8,
  });
  await peer.setRemoteDescription(new RTCSessionDescription(answerTo(field("mid"), local), "answer"));
  await until(() => bench.of("connected").find((event) => event.streamId === "alice"));
  await until(() => peer.connectionState === "connected");
  // Opened by werift's own SRTP; its routing to tracks wants SSRCs in the SDP, which browsers do not.
  peer.dtlsTransports[0]!.onRtp.subscribe((packet) => void heard.push(...[...packet.payload].map((code) => g711("PCMU").decode[code]!)));

  const codes = encodeG711(endlessTone([700]), "PCMU");
  const sender = transceiver.sender;
  for (let frame = 0; frame < 30; frame++) {
    const packet = new Uint8Array(172);
    writeHeader(packet, frame === 0, 0, 1_000 + frame, frame * 160, 99);
    packet.set(codes.subarray(frame * 160, frame * 160 + 160), 12);
    await sender.sendRtp(RtpPacket.deSerialize(Buffer.from(packet)));
    bob.say(codes.subarray(frame * 160, frame * 160 + 160));
  }
  await until(() => bob.heard.length >= 25 && heard.length >= 25 * 160);
  expect(share(samplesOf(bob.heard), 700)).toBeGreaterThan(0.9);
  expect(share(heard, 700)).toBeGreaterThan(0.9);
}, 20_000);

function answerTo(mid: string, local: LocalMedia): string {
  const { ufrag, pwd, fingerprint } = local.webrtc!;
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    `a=group:BUNDLE ${mid}`,
    `m=audio ${local.rtpPort} UDP/TLS/RTP/SAVPF 0`,
    "c=IN IP4 127.0.0.1",
    "a=rtcp-mux",
    "a=rtpmap:0 PCMU/8000",
    `a=mid:${mid}`,
    "a=sendrecv",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:passive",
    `a=candidate:1 1 udp 2130706431 127.0.0.1 ${local.rtpPort} typ host`,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}
