// A browser made of few lines for tests of the shared port: real loopback sockets, UDP or TCP, an ICE agent, werift's DTLS client and our SRTP.
import { createHmac, X509Certificate } from "node:crypto";
import { crc32 } from "node:zlib";
import { createSelfSignedCertificate, DtlsClient } from "werift";
import type { Env } from "../../../core/env/env.ts";
import { g711 } from "../codec/g711.ts";
import { InlinePlane } from "../inline-plane.ts";
import type { IceCredentials, LocalMedia, MediaEvent, RemoteWebRtc } from "../plane.ts";
import { PortRange } from "../ports.ts";
import { payloadStart, writeHeader } from "../rtp/packet.ts";
import { Srtp } from "../srtp/srtp.ts";
import { endlessTone } from "../tone.ts";
import { openUdp } from "../udp.ts";
import { FrameReader, framed } from "../webrtc/framing.ts";
import { WebRtcMux } from "../webrtc/mux.ts";
import { until } from "./listening.ts";

let passedMs = 0;
/** The real one, but that time may pass at once for whoever looks at it. */
export function passable(real: Env): Env {
  return { ...real, clock: { ...real.clock, monotonic: () => real.clock.monotonic() + passedMs } };
}
export function pass(ms: number): void {
  passedMs += ms;
}

const open: { close(): unknown }[] = [];
export function opened<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}
/** After each test. */
export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0).reverse()) await thing.close();
}

const clientCertificate = await createSelfSignedCertificate({ signature: 3, hash: 4 } as never, 23 as never);
export const clientFingerprint = new X509Certificate(clientCertificate.certPem).fingerprint256;

export class Bench {
  readonly events: MediaEvent[] = [];
  private constructor(
    readonly plane: InlinePlane,
    readonly mux: WebRtcMux,
  ) {
    plane.onEvent((event) => this.events.push(event));
    opened(plane);
  }

  static async open(env: Env): Promise<Bench> {
    const mux = await WebRtcMux.open(env, "127.0.0.1", 0, 0);
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

  /** `ours`: as it was opened, unless told otherwise. */
  connect(streamId: string, remote: Partial<RemoteWebRtc> = {}, ours?: IceCredentials): void {
    const usual = {
      ufrag: "them",
      pwd: "unused",
      fingerprint: clientFingerprint,
      codec: "PCMU",
      payloadType: 0,
      dtmfPayloadType: 101,
      dtmfUnitsPerMs: 8,
    } as const;
    const { ufrag, pwd } = ours ?? this.of("opened").find((event) => event.streamId === streamId)!.local.webrtc!;
    this.plane.send({ kind: "connect-webrtc", streamId, ours: { ufrag, pwd }, remote: { ...usual, ...remote }, direction: "sendrecv" });
  }
}

/** One way to the shared port. */
export type Wire = { send(packet: Uint8Array): void; sendBytes?(bytes: Uint8Array): void; close(): void; readonly isOver: () => boolean };
type Received = (packet: Uint8Array) => void;

async function udpWire({ rtpPort }: LocalMedia, received: Received): Promise<Wire> {
  const socket = await openUdp("127.0.0.1", 0, received);
  return opened({ send: (packet) => socket.send(packet, rtpPort, "127.0.0.1"), close: () => socket.close(), isOver: () => false });
}

export async function tcpWire({ webrtc }: LocalMedia, received: Received): Promise<Wire> {
  const reader = new FrameReader();
  let isOver = false;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: webrtc!.tcpPort!,
    socket: {
      data(_socket, piece) {
        reader.push(piece, (packet) => {
          received(packet);
          return true;
        });
      },
      close() {
        isOver = true;
      },
    },
  });
  const room = new Uint8Array(4_096);
  return opened({
    send: (packet) => void socket.write(framed(packet, room).slice()),
    sendBytes: (bytes) => void socket.write(bytes),
    close: () => socket.terminate(),
    isOver: () => isOver,
  });
}

/** An ICE agent of twenty lines. */
export class Browser {
  readonly heard: Uint8Array[] = [];
  answered = 0;
  srtp: Srtp | null = null;
  lastSealed: Uint8Array | null = null;
  private readonly deaf = new Set<Wire>();
  private sequence = 1;
  private time = 0;
  private readonly transport = {
    type: "udp",
    address: {},
    closed: false,
    onData: (_data: Buffer, _from: [string, number]): void => undefined,
    send: async (data: Buffer) => this.wire.send(data),
    close: async () => undefined,
  };

  private constructor(
    private wire: Wire,
    readonly local: LocalMedia,
  ) {}

  static async open(local: LocalMedia, way: "udp" | "tcp" = "udp"): Promise<Browser> {
    const browser = new Browser(null as never, local);
    await browser.take(way);
    return browser;
  }

  /** Another interface, or another protocol: a new address and port, the same keys. Returns the one of before. */
  async take(way: "udp" | "tcp"): Promise<Wire> {
    const before = this.wire;
    const wire: Wire = await (way === "udp" ? udpWire : tcpWire)(this.local, (packet) => {
      if (!this.deaf.has(wire)) this.received(packet);
    });
    this.wire = wire;
    return before;
  }

  /** Returns the one of before. */
  use(wire: Wire): Wire {
    const before = this.wire;
    this.wire = wire;
    return before;
  }

  /** What comes by it is not heard any more. */
  deafen(wire: Wire): void {
    this.deaf.add(wire);
  }

  /** Unframed. */
  sendBytes(bytes: Uint8Array): void {
    this.wire.sendBytes!(bytes);
  }

  get isOver(): boolean {
    return this.wire.isOver();
  }

  check({ nominate = true, ufrag = "them", ours = this.local.webrtc!.ufrag, pwd = this.local.webrtc!.pwd } = {}): void {
    const name = Buffer.from(`${ours}:${ufrag}`);
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
    this.wire.send(packet);
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

export const samplesOf = (packets: readonly Uint8Array[]): number[] =>
  packets.flatMap((packet) => [...packet.subarray(payloadStart(packet))].map((code) => g711("PCMU").decode[code]!));
