// A whole browser's way through the shared port, over real loopback sockets: checks, handshake, media, a change of network, and strangers.
import { afterEach, describe, expect, test } from "bun:test";
import { createHmac, X509Certificate } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  createSelfSignedCertificate,
  DtlsClient,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCSessionDescription,
  RtpPacket,
} from "werift";
import { realEnv } from "../../../cmd/env.ts";
import { encodeG711, g711 } from "../codec/g711.ts";
import { InlinePlane } from "../inline-plane.ts";
import type { LocalMedia, MediaEvent, RemoteWebRtc } from "../plane.ts";
import { PortRange } from "../ports.ts";
import { payloadStart, writeHeader } from "../rtp/packet.ts";
import { Srtp } from "../srtp/srtp.ts";
import { share, until } from "../support/listening.ts";
import { endlessTone, toneSamples } from "../tone.ts";
import { openUdp, type UdpSocket } from "../udp.ts";
import { WebRtcMux } from "./mux.ts";

const env = realEnv("error");
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const clientCertificate = await createSelfSignedCertificate({ signature: 3, hash: 4 } as never, 23 as never);
const clientFingerprint = new X509Certificate(clientCertificate.certPem).fingerprint256;

class Bench {
  readonly events: MediaEvent[] = [];
  private constructor(
    readonly plane: InlinePlane,
    readonly mux: WebRtcMux,
  ) {
    plane.onEvent((event) => this.events.push(event));
    open.push(plane);
  }

  static async open(): Promise<Bench> {
    const mux = await WebRtcMux.open(env, "127.0.0.1", 0);
    const prompts = new Map([["hum", endlessTone([440])]]);
    const plane = new InlinePlane({
      env,
      ports: new PortRange(42_000, 42_999),
      mux,
      prompts: async (key) => prompts.get(key) ?? null,
      openSink: async () => {
        throw new Error("nothing is recorded here");
      },
    });
    return new Bench(plane, mux);
  }

  of<K extends MediaEvent["kind"]>(kind: K): Extract<MediaEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<MediaEvent, { kind: K }> => event.kind === kind);
  }

  async opened(streamId: string): Promise<LocalMedia> {
    this.plane.send({ kind: "open", streamId, groupId: "call", transport: "webrtc", localAddress: "127.0.0.1" });
    return (await until(() => this.of("opened").find((event) => event.streamId === streamId))).local;
  }

  connect(streamId: string, remote: Partial<RemoteWebRtc> = {}): void {
    const usual = {
      ufrag: "them",
      pwd: "unused",
      fingerprint: clientFingerprint,
      codec: "PCMU",
      payloadType: 0,
      dtmfPayloadType: 101,
      dtmfUnitsPerMs: 8,
    } as const;
    this.plane.send({ kind: "connect-webrtc", streamId, remote: { ...usual, ...remote }, direction: "sendrecv" });
  }
}

/** A browser made of an ICE agent of twenty lines, werift's DTLS client and our SRTP. */
class Browser {
  readonly heard: Uint8Array[] = [];
  answered = 0;
  srtp: Srtp | null = null;
  lastSealed: Uint8Array | null = null;
  private sequence = 1;
  private time = 0;
  private readonly transport = {
    type: "udp",
    address: {},
    closed: false,
    onData: (_data: Buffer, _from: [string, number]): void => undefined,
    send: async (data: Buffer) => this.socket.send(data, this.local.rtpPort, "127.0.0.1"),
    close: async () => undefined,
  };

  private constructor(
    private socket: UdpSocket,
    private readonly local: LocalMedia,
  ) {}

  static async open(local: LocalMedia): Promise<Browser> {
    let browser: Browser | null = null;
    const socket = await openUdp("127.0.0.1", 0, (packet) => browser?.received(packet));
    browser = new Browser(socket, local);
    open.push({ close: () => browser?.socket.close() });
    return browser;
  }

  /** Another interface: a new address and port, the same keys. */
  async changeNetwork(): Promise<UdpSocket> {
    const before = this.socket;
    this.socket = await openUdp("127.0.0.1", 0, (packet) => this.received(packet));
    open.push(before);
    return before;
  }

  check({ nominate = true, ufrag = "them", pwd = this.local.webrtc!.pwd } = {}): void {
    const name = Buffer.from(`${this.local.webrtc!.ufrag}:${ufrag}`);
    const attribute = (type: number, value: Uint8Array) => {
      const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
      bytes.writeUInt16BE(type, 0);
      bytes.writeUInt16BE(value.length, 2);
      bytes.set(value, 4);
      return bytes;
    };
    const head = Buffer.from("000100002112a442000102030405060708090a0b", "hex");
    const body = Buffer.concat([attribute(6, name), ...(nominate ? [attribute(0x25, new Uint8Array())] : [])]);
    const withLength = (extra: number) => {
      head.writeUInt16BE(body.length + extra, 2);
      return Buffer.concat([head, body]);
    };
    const integrity = attribute(8, createHmac("sha1", pwd).update(withLength(24)).digest());
    const whole = Buffer.concat([withLength(32), integrity]);
    const mark = Buffer.alloc(4);
    mark.writeUInt32BE((crc32(whole) ^ 0x5354554e) >>> 0);
    this.send(Buffer.concat([whole, attribute(0x8028, mark)]));
  }

  async handshake(): Promise<void> {
    const dtls = new DtlsClient({
      cert: clientCertificate.certPem,
      key: clientCertificate.keyPem,
      signatureHash: clientCertificate.signatureHash,
      transport: this.transport as never,
      srtpProfiles: [7, 1] as never,
      extendedMasterSecret: true,
    });
    dtls.onConnect.subscribe(() => {
      const keys = dtls.extractSessionKeys(16, 12);
      const local = { key: keys.localKey, salt: keys.localSalt };
      this.srtp = new Srtp("AEAD_AES_128_GCM", local, { key: keys.remoteKey, salt: keys.remoteSalt });
    });
    await dtls.connect();
  }

  /** Sees every datagram of our handshake as it leaves. */
  onDtls(seen: (datagram: Buffer) => void): void {
    const { send } = this.transport;
    this.transport.send = (data) => {
      seen(data);
      return send(data);
    };
  }

  /** Begins a handshake that nobody ends. werift gives up half a minute later, when other tests run: that must not fail them. */
  tryHandshake(): void {
    this.handshake().catch(() => undefined);
  }

  /** Checks, shakes hands, and is up. */
  async connect(): Promise<void> {
    this.check();
    await until(() => this.answered > 0);
    await this.handshake();
    await until(() => this.srtp);
  }

  say(payload: Uint8Array): void {
    const packet = new Uint8Array(12 + payload.length);
    writeHeader(packet, false, 0, this.sequence++, this.time, 4711);
    this.time += 160;
    packet.set(payload, 12);
    this.lastSealed = this.srtp!.protect(packet)!.slice();
    this.send(this.lastSealed);
  }

  send(packet: Uint8Array): void {
    this.socket.send(packet, this.local.rtpPort, "127.0.0.1");
  }

  private received(packet: Uint8Array): void {
    const first = packet[0]!;
    if (first < 4) this.answered++;
    else if (first < 64) this.transport.onData(Buffer.from(packet), ["127.0.0.1", this.local.rtpPort]);
    else if (packet[1]! < 192) {
      const plain = this.srtp?.unprotect(packet);
      if (plain) this.heard.push(plain.slice());
    }
  }
}

const samplesOf = (packets: readonly Uint8Array[]): number[] =>
  packets.flatMap((packet) => [...packet.subarray(payloadStart(packet))].map((code) => g711("PCMU").decode[code]!));

test("a browser is connected, heard by its partner and hears it, under GCM", async () => {
  const bench = await Bench.open();
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
  const bench = await Bench.open();
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
  const bench = await Bench.open();
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  await alice.connect();
  bench.plane.send({ kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true });
  await until(() => alice.heard.length > 2);
  await alice.changeNetwork();
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

test("another certificate is another peer: a reloaded page takes over its leg while the music plays", async () => {
  const bench = await Bench.open();
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
    const bench = await Bench.open();
    const local = await bench.opened("alice");
    const alice = await Browser.open(local);
    alice.check();
    bench.connect("alice");
    alice.check({ pwd: "guess" });
    alice.check({ ufrag: "else" });
    const nobody = await Browser.open({ ...local, webrtc: { ...local.webrtc!, ufrag: "nobody" } });
    nobody.check();
    await until(() => bench.mux.strangers >= 3);
    expect([alice.answered, nobody.answered]).toEqual([0, 0]);
  });

  test("RTP-04: a handshake from an address that was not checked", async () => {
    const bench = await Bench.open();
    const alice = await Browser.open(await bench.opened("alice"));
    bench.connect("alice");
    alice.tryHandshake();
    await until(() => bench.mux.strangers > 0);
    expect(bench.of("connected")).toHaveLength(0);
    expect(bench.of("failed")).toHaveLength(0);
  });

  test("RTP-04: a thousand hellos from elsewhere, before and while the browser shakes hands, and its handshake ends all the same", async () => {
    const bench = await Bench.open();
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
    const bench = await Bench.open();
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
    const bench = await Bench.open();
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
  const bench = await Bench.open();
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
  open.push(peer);
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
