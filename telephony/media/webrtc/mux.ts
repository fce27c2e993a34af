// All WebRTC streams of one worker on one UDP port: STUN finds the session, the ICE-validated pair carries DTLS and SRTP (RFC 7983, 8445, 5764).
import { createHash, X509Certificate } from "node:crypto";
import { createSelfSignedCertificate, DtlsServer } from "werift";
import type { Env } from "../../../core/env/env.ts";
import type { RemoteWebRtc } from "../plane.ts";
import { isRtcp } from "../rtp/packet.ts";
import { Srtp, type SrtpProfile, srtpKeySizes } from "../srtp/srtp.ts";
import { openUdp, type UdpSocket } from "../udp.ts";
import { bindingAnswer, hasRightIntegrity, isStun, parseBindingRequest } from "./stun.ts";

/** Code points of RFC 5764 and RFC 7714, GCM preferred: half the cost of CM, and nothing to get wrong between cipher and MAC. */
const profiles = { 7: "SRTP_AEAD_AES_128_GCM", 1: "SRTP_AES128_CM_HMAC_SHA1_80" } as const;
const preferred = [7, 1];
/** Addresses from which one session may have been validated; a browser has a handful of interfaces. */
const addressesPerSessionMax = 8;
/** Handshake datagrams a session may send us before it is up: a flight is six at the most, with room for repeats. */
const handshakeDatagramsMax = 400;

export type Certificate = Awaited<ReturnType<typeof createSelfSignedCertificate>>;

/** ECDSA P-256, self-signed: browsers check it by the fingerprint in the SDP. */
export function newCertificate(): Promise<Certificate> {
  return createSelfSignedCertificate({ signature: 3, hash: 4 }, 23 as never);
}

export type SessionEvents = {
  /** DTLS is done and the peer's certificate is the announced one. */
  onConnected(profile: SrtpProfile): void;
  onRtp(packet: Uint8Array): void;
  onRtcp(packet: Uint8Array): void;
  onFailed(reason: string): void;
};

export class WebRtcMux {
  private readonly sessions = new Map<string, MuxSession>();
  private readonly byAddress = new Map<string, MuxSession>();
  /** SHA-256 of our certificate, as SDP writes it. */
  readonly fingerprint: string;
  /** Packets that belonged to nobody or were not authentic. */
  strangers = 0;

  private constructor(
    private readonly env: Env,
    private readonly socket: UdpSocket,
    readonly certificate: Certificate,
  ) {
    this.fingerprint = new X509Certificate(certificate.certPem).fingerprint256;
  }

  static async open(env: Env, address: string, port: number): Promise<WebRtcMux> {
    let mux: WebRtcMux | null = null;
    const socket = await openUdp(address, port, (packet, from, fromPort) => mux?.received(packet, from, fromPort));
    mux = new WebRtcMux(env, socket, await newCertificate());
    return mux;
  }

  get port(): number {
    return this.socket.port;
  }

  session(events: SessionEvents): MuxSession {
    const word = (bytes: number): string => Buffer.from(this.env.random.bytes(bytes)).toString("hex");
    const session = new MuxSession(this, word(4), word(16), events);
    this.sessions.set(session.ufrag, session);
    return session;
  }

  send(packet: Uint8Array, address: string, port: number): void {
    this.socket.send(packet, port, address);
  }

  /** The session listens to this address from now on; false when it has too many already or another session has it. */
  claim(session: MuxSession, key: string): boolean {
    const owner = this.byAddress.get(key);
    if (owner !== undefined && owner !== session && !owner.isClosed) return false;
    this.byAddress.set(key, session);
    return true;
  }

  forget(session: MuxSession, keys: Iterable<string>): void {
    this.sessions.delete(session.ufrag);
    for (const key of keys) if (this.byAddress.get(key) === session) this.byAddress.delete(key);
  }

  close(): void {
    this.socket.close();
  }

  private received(packet: Uint8Array, address: string, port: number): void {
    if (isStun(packet)) {
      this.check(packet, address, port);
      return;
    }
    const session = this.byAddress.get(`${address} ${port}`);
    if (session === undefined) this.strangers += 1;
    else session.received(packet, address, port);
  }

  // ICE-lite (RFC 8445 §2.5): we only answer checks. Without the right password there is no answer at all.
  private check(packet: Uint8Array, address: string, port: number): void {
    const request = parseBindingRequest(packet);
    const [ours = "", theirs = ""] = request?.username.split(":") ?? [];
    const session = this.sessions.get(ours);
    if (
      request === null ||
      session === undefined ||
      !session.knows(theirs) ||
      !hasRightIntegrity(packet, request.integrityAt, session.pwd)
    ) {
      this.strangers += 1;
      return;
    }
    if (!session.validated(address, port, request.useCandidate)) return;
    this.send(bindingAnswer(request, address, port, session.pwd), address, port);
  }
}

/** What werift's DTLS needs of a transport: it believes it has a socket of its own. */
type FakeTransport = {
  type: string;
  address: object;
  closed: boolean;
  onData: (data: Buffer, from: [string, number]) => void;
  send(data: Buffer): Promise<void>;
  close(): Promise<void>;
};

export class MuxSession {
  private remote: RemoteWebRtc | null = null;
  private readonly addresses = new Set<string>();
  /** The nominated pair's far end: where we send, and the only place media is taken from. */
  private selected: { readonly address: string; readonly port: number } | null = null;
  private dtls: DtlsServer | null = null;
  private transport: FakeTransport | null = null;
  private handshakeDatagrams = 0;
  private srtp: Srtp | null = null;
  isClosed = false;

  constructor(
    private readonly mux: WebRtcMux,
    readonly ufrag: string,
    readonly pwd: string,
    private readonly events: SessionEvents,
  ) {}

  get refused(): number {
    return this.srtp?.refused ?? 0;
  }

  get profile(): SrtpProfile | null {
    return this.srtp?.profile ?? null;
  }

  /** The peer's half of the SDP. A second call with the same certificate keeps the keys; another certificate begins anew. */
  setRemote(remote: RemoteWebRtc): void {
    const changed = this.remote !== null && this.remote.fingerprint !== remote.fingerprint;
    this.remote = remote;
    if (changed) this.stopDtls();
  }

  knows(theirUfrag: string): boolean {
    return !this.isClosed && this.remote !== null && this.remote.ufrag === theirUfrag;
  }

  /** An authenticated check came from here. The nominated one decides; until then the first one will do. */
  validated(address: string, port: number, nominated: boolean): boolean {
    const key = `${address} ${port}`;
    if (!this.addresses.has(key)) {
      if (this.addresses.size >= addressesPerSessionMax || !this.mux.claim(this, key)) return false;
      this.addresses.add(key);
    }
    if (nominated || this.selected === null) this.selected = { address, port };
    return true;
  }

  received(packet: Uint8Array, address: string, port: number): void {
    const first = packet[0] ?? 0;
    if (first >= 20 && first < 64) this.handshake(packet, address, port);
    else if (first >= 128 && first < 192 && this.srtp !== null) {
      // A validated address that was not nominated may still carry packets of a moment ago; SRTP says whether they are the peer's.
      if (isRtcp(packet)) {
        const plain = this.srtp.unprotectRtcp(packet);
        if (plain !== null) this.events.onRtcp(plain);
      } else {
        const plain = this.srtp.unprotect(packet);
        if (plain !== null) this.events.onRtp(plain);
      }
    }
  }

  sendRtp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    const sealed = this.srtp.protect(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected.address, this.selected.port);
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    const sealed = this.srtp.protectRtcp(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected.address, this.selected.port);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stopDtls();
    this.mux.forget(this, this.addresses);
  }

  private handshake(packet: Uint8Array, address: string, port: number): void {
    if (this.remote === null || this.isClosed) return;
    // Once up, a peer has little to say here: alerts and repeats of its last flight.
    if (++this.handshakeDatagrams > handshakeDatagramsMax) return;
    if (this.dtls === null) this.startDtls();
    try {
      this.transport!.onData(Buffer.from(packet), [address, port]);
    } catch (error) {
      this.fail(`DTLS: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private startDtls(): void {
    const transport: FakeTransport = {
      type: "udp",
      address: {},
      closed: false,
      onData: () => undefined,
      send: async (data) => {
        if (this.selected !== null && !this.isClosed) this.mux.send(data, this.selected.address, this.selected.port);
      },
      close: async () => undefined,
    };
    const { certificate } = this.mux;
    const dtls = new DtlsServer({
      cert: certificate.certPem,
      key: certificate.keyPem,
      signatureHash: certificate.signatureHash,
      transport: transport as never,
      srtpProfiles: preferred as never,
      extendedMasterSecret: true,
      certificateRequest: true,
    });
    this.transport = transport;
    this.dtls = dtls;
    dtls.onConnect.subscribe(() => {
      if (this.dtls === dtls) this.connected(dtls);
    });
    dtls.onError.subscribe((error) => {
      if (this.dtls === dtls) this.fail(`DTLS: ${error.message}`);
    });
  }

  private connected(dtls: DtlsServer): void {
    const profile = profiles[dtls.srtp.srtpProfile as keyof typeof profiles];
    if (profile === undefined || dtls.remoteCertificate === undefined) return this.fail("DTLS: no SRTP profile or no certificate");
    if (fingerprintOf(dtls.remoteCertificate) !== this.remote?.fingerprint.toUpperCase())
      return this.fail("DTLS: the certificate is not the announced one");
    const sizes = srtpKeySizes[profile];
    const keys = dtls.extractSessionKeys(sizes.key, sizes.salt);
    this.srtp = new Srtp(profile, { key: keys.localKey, salt: keys.localSalt }, { key: keys.remoteKey, salt: keys.remoteSalt });
    this.events.onConnected(profile);
  }

  private fail(reason: string): void {
    if (this.isClosed) return;
    this.stopDtls();
    this.events.onFailed(reason);
  }

  private stopDtls(): void {
    if (this.transport !== null) this.transport.closed = true;
    this.dtls = null;
    this.transport = null;
    this.srtp = null;
    this.handshakeDatagrams = 0;
  }
}

function fingerprintOf(certificate: Buffer | Uint8Array): string {
  return createHash("sha256").update(certificate).digest("hex").toUpperCase().match(/../g)!.join(":");
}
