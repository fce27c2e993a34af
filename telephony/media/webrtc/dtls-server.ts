// The server's side of a DTLS 1.2 handshake for SRTP keys (RFC 6347, 5764, 7627): one cipher suite, the client's certificate proven and pinned.
import {
  constants,
  createECDH,
  createHash,
  createHmac,
  type ECDH,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
  X509Certificate,
} from "node:crypto";
import type { Clock, Random } from "../../../core/env/env.ts";
import { type Certificate, fingerprintOf } from "./certificate.ts";
import {
  type ClientHello,
  extension,
  type Fragment,
  HandshakeInbox,
  handshakeType,
  type Message,
  offeredProfiles,
  parseCertificate,
  parseCertificateVerify,
  parseClientHello,
  parseClientKeyExchange,
  parseFragments,
  uint,
  vector,
  words,
  writeMessage,
} from "./dtls-messages.ts";
import { contentType, type DtlsRecord, dtls12, parseRecords, RecordProtection, writeRecord } from "./dtls-record.ts";

/** The suite that RFC 8827 §6.5 makes every browser offer, with the curve that goes with it. */
const ecdheEcdsaAes128Gcm = 0xc02b;
const renegotiationScsv = 0x00ff;
const secp256r1 = 23;
const curve = "prime256v1";
/** Signatures we take from clients: ECDSA, and RSA for those who made such a certificate. */
const schemes: Readonly<Record<number, { readonly key: string; readonly padding?: number }>> = {
  1027: { key: "ec" },
  2052: { key: "rsa", padding: constants.RSA_PKCS1_PSS_PADDING },
  1025: { key: "rsa", padding: constants.RSA_PKCS1_PADDING },
};
const ecdsaSha256 = 0x0403;
/** Encrypted records that overtook the keys they need. */
const earlyRecordsMax = 4;
const verifyDataBytes = 12;
/** A client waits at least 50 ms before it repeats itself; what comes twice at once was doubled on the way. */
const repeatMs = 25;

const alert = { handshakeFailure: 40, badCertificate: 42, illegalParameter: 47, decryptError: 51, protocolVersion: 70 } as const;

export type DtlsOptions = {
  readonly certificate: Certificate;
  /** Of the peer, from its SDP. */
  readonly fingerprint: string;
  /** SRTP protection profiles (RFC 5764 §4.1.2), the preferred first. */
  readonly profiles: readonly number[];
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (datagram: Uint8Array) => void;
  readonly onConnected: (profile: number) => void;
  readonly onFailed: (reason: string) => void;
};

/** What is known once the client's hello has been answered. */
type Exchange = {
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly profile: number;
  readonly ecdh: ECDH;
  /** Messages of both sides so far, as one fragment each. */
  readonly transcript: Uint8Array[];
  readonly flight: readonly Uint8Array[];
  certificate: KeyObject | null;
  isProven: boolean;
  master: Buffer | null;
  protection: RecordProtection | null;
};

/**
 * Speaks only when spoken to: a lost flight of ours makes the client repeat its own, and that makes us repeat ours, so no timer is needed.
 * No cookie is asked for (RFC 6347 §4.2.1 lets us): only addresses that ICE has validated get here.
 */
export class DtlsServer {
  private state: "hello" | "exchange" | "connected" | "failed" = "hello";
  private inbox = new HandshakeInbox();
  private exchange: Exchange | null = null;
  private early: DtlsRecord[] = [];
  private sendSequence: [number, number] = [0, 0];
  private sentAtMs = 0;
  private lastFlight: readonly Uint8Array[] = [];

  constructor(private readonly options: DtlsOptions) {}

  get isConnected(): boolean {
    return this.state === "connected";
  }

  /** Never throws; what makes no sense changes nothing. */
  receive(datagram: Uint8Array): void {
    for (const record of parseRecords(datagram)) {
      if (this.state === "failed") return;
      if (record.epoch === 0) this.receivePlain(record);
      else this.receiveSealed(record);
    }
  }

  /** Key material under the exporter's label (RFC 5705, RFC 5764 §4.2). */
  exportKeys(size: number): Buffer {
    const { master, clientRandom, serverRandom } = this.exchange!;
    return prf(master!, "EXTRACTOR-dtls_srtp", Buffer.concat([clientRandom, serverRandom]), size);
  }

  private receivePlain(record: DtlsRecord): void {
    // Alerts in clear may be anybody's, and once connected nothing in clear is believed.
    if (record.type !== contentType.handshake || this.state === "connected") return;
    for (const fragment of parseFragments(record.fragment)) {
      if (fragment.type === handshakeType.finished) continue;
      if (fragment.type === handshakeType.clientHello && this.exchange !== null) this.repeatedHello(fragment);
      this.inbox.add(fragment);
      this.drain();
    }
  }

  private receiveSealed(record: DtlsRecord): void {
    const protection = this.exchange?.protection ?? null;
    if (protection === null) {
      if (this.early.length < earlyRecordsMax) this.early.push({ ...record, fragment: record.fragment.slice() });
      return;
    }
    const plain = protection.open(record);
    if (plain === null || record.type !== contentType.handshake) return;
    for (const fragment of parseFragments(plain)) {
      if (fragment.type !== handshakeType.finished) continue;
      // The client did not hear that we are done.
      if (this.state !== "connected") this.inbox.add(fragment);
      else if (this.mayRepeat()) this.sendDone();
      this.drain();
    }
  }

  private mayRepeat(): boolean {
    return this.options.clock.monotonic() - this.sentAtMs >= repeatMs;
  }

  /** The same hello again: our answer was lost. Another one: the client began anew, and so do we. */
  private repeatedHello(fragment: Fragment): void {
    // A first fragment too short to hold the client's random says nothing.
    if (fragment.offset !== 0 || fragment.sequence !== 0 || fragment.body.length < 34) return;
    if (Buffer.compare(fragment.body.subarray(2, 34), this.exchange!.clientRandom) === 0) {
      if (this.mayRepeat()) this.sendFlight(this.exchange!.flight);
      return;
    }
    this.state = "hello";
    this.inbox = new HandshakeInbox();
    this.exchange = null;
    this.early = [];
  }

  private drain(): void {
    for (let message = this.inbox.take(); message !== null; message = this.inbox.take()) {
      if (this.state === "hello") this.hello(message);
      else if (this.state === "exchange") this.exchanged(message, this.exchange!);
    }
  }

  private hello(message: Message): void {
    const hello = message.type === handshakeType.clientHello ? parseClientHello(message.body) : null;
    if (hello === null) {
      // Not a hello: wait for one from the start.
      this.inbox = new HandshakeInbox();
      return;
    }
    const versions = hello.extensions.get(extension.supportedVersions);
    if (hello.version > dtls12 || (versions !== undefined && !words(versions.subarray(1)).includes(dtls12)))
      return this.fail(alert.protocolVersion, "the peer does not speak DTLS 1.2");
    if (!hello.cipherSuites.includes(ecdheEcdsaAes128Gcm)) return this.fail(alert.handshakeFailure, "no cipher suite in common");
    if (!hello.extensions.has(extension.extendedMasterSecret))
      return this.fail(alert.handshakeFailure, "the peer has no extended master secret");
    const offered = offeredProfiles(hello.extensions.get(extension.useSrtp));
    const profile = this.options.profiles.find((code) => offered.includes(code));
    if (profile === undefined) return this.fail(alert.handshakeFailure, "no SRTP profile in common");
    this.answer(message, hello, profile);
  }

  // Flight 4 (RFC 6347 §4.2.4): about 800 bytes, so it goes as one datagram.
  private answer(helloMessage: Message, hello: ClientHello, profile: number): void {
    const { certificate, random } = this.options;
    const serverRandom = random.bytes(32);
    const ecdh = createECDH(curve);
    const point = ecdh.generateKeys();
    const parameters = Buffer.concat([uint(1, 3), uint(2, secp256r1), vector(1, point)]);
    const signed = Buffer.concat([hello.random, serverRandom, parameters]);
    const signature = sign("sha256", signed, certificate.privateKey);
    const bodies: readonly [number, Uint8Array][] = [
      [handshakeType.serverHello, serverHello(hello, serverRandom, profile)],
      [handshakeType.certificate, vector(3, vector(3, certificate.der))],
      [handshakeType.serverKeyExchange, Buffer.concat([parameters, uint(2, ecdsaSha256), vector(2, signature)])],
      [handshakeType.certificateRequest, certificateRequest()],
      [handshakeType.serverHelloDone, new Uint8Array()],
    ];
    const flight = bodies.map(([type, body], sequence) => writeMessage({ type, sequence, body }));
    this.exchange = {
      clientRandom: hello.random.slice(),
      serverRandom,
      profile,
      ecdh,
      transcript: [writeMessage(helloMessage), ...flight],
      flight,
      certificate: null,
      isProven: false,
      master: null,
      protection: null,
    };
    this.state = "exchange";
    this.sendFlight(flight);
  }

  // Certificate, ClientKeyExchange, CertificateVerify, Finished: in this order and no other (RFC 5246 §7.3).
  private exchanged(message: Message, exchange: Exchange): void {
    const { type, body } = message;
    if (exchange.certificate === null) {
      if (type !== handshakeType.certificate) return this.fail(alert.badCertificate, "no certificate");
      const certificate = parseCertificate(body);
      if (certificate === null || fingerprintOf(certificate) !== this.options.fingerprint.toUpperCase())
        return this.fail(alert.badCertificate, "the certificate is not the announced one");
      exchange.certificate = publicKeyOf(certificate);
      if (exchange.certificate === null) return this.fail(alert.badCertificate, "the certificate cannot be read");
      exchange.transcript.push(writeMessage(message));
    } else if (exchange.master === null) {
      if (type !== handshakeType.clientKeyExchange) return this.fail(alert.illegalParameter, "messages out of order");
      exchange.transcript.push(writeMessage(message));
      const secret = agree(exchange.ecdh, parseClientKeyExchange(body));
      if (secret === null) return this.fail(alert.illegalParameter, "the key exchange is not a point");
      this.derive(exchange, secret);
    } else if (!exchange.isProven) {
      if (type !== handshakeType.certificateVerify) return this.fail(alert.illegalParameter, "messages out of order");
      if (!isSignedBy(exchange.certificate, Buffer.concat(exchange.transcript), body))
        return this.fail(alert.decryptError, "the peer does not hold its certificate's key");
      exchange.transcript.push(writeMessage(message));
      exchange.isProven = true;
    } else {
      // Only sealed records bring a finished here.
      const expected = this.verifyData(exchange, "client finished");
      if (type !== handshakeType.finished || body.length !== expected.length || !timingSafeEqual(body, expected))
        return this.fail(alert.decryptError, "the peer heard another handshake");
      exchange.transcript.push(writeMessage(message));
      this.lastFlight = [
        writeMessage({
          type: handshakeType.finished,
          sequence: exchange.flight.length,
          body: this.verifyData(exchange, "server finished"),
        }),
      ];
      this.state = "connected";
      this.sendDone();
      this.options.onConnected(exchange.profile);
    }
  }

  // RFC 7627 §4, RFC 5246 §6.3.
  private derive(exchange: Exchange, secret: Uint8Array): void {
    const session = createHash("sha256").update(Buffer.concat(exchange.transcript)).digest();
    const master = prf(secret, "extended master secret", session, 48);
    const block = prf(master, "key expansion", Buffer.concat([exchange.serverRandom, exchange.clientRandom]), 40);
    const client = { key: block.subarray(0, 16), iv: block.subarray(32, 36) };
    const server = { key: block.subarray(16, 32), iv: block.subarray(36, 40) };
    exchange.master = master;
    exchange.protection = new RecordProtection(1, server, client);
    for (const record of this.early.splice(0)) this.receiveSealed(record);
  }

  private verifyData(exchange: Exchange, label: string): Buffer {
    const hash = createHash("sha256").update(Buffer.concat(exchange.transcript)).digest();
    return prf(exchange.master!, label, hash, verifyDataBytes);
  }

  private sendFlight(messages: readonly Uint8Array[]): void {
    this.sentAtMs = this.options.clock.monotonic();
    this.options.send(Buffer.concat(messages.map((message) => writeRecord(contentType.handshake, 0, this.sendSequence[0]++, message))));
  }

  private sendDone(): void {
    this.sentAtMs = this.options.clock.monotonic();
    const change = writeRecord(contentType.changeCipherSpec, 0, this.sendSequence[0]++, Uint8Array.of(1));
    const finished = this.lastFlight.map((message) =>
      this.exchange!.protection!.seal(contentType.handshake, this.sendSequence[1]++, message),
    );
    this.options.send(Buffer.concat([change, ...finished]));
  }

  private fail(description: number, reason: string): void {
    this.state = "failed";
    this.options.send(writeRecord(contentType.alert, 0, this.sendSequence[0]++, Uint8Array.of(2, description)));
    this.options.onFailed(reason);
  }
}

function serverHello(hello: ClientHello, random: Uint8Array, profile: number): Uint8Array {
  const entry = (code: number, body: Uint8Array): Uint8Array => Buffer.concat([uint(2, code), vector(2, body)]);
  const extensions = [
    entry(extension.useSrtp, Buffer.concat([vector(2, uint(2, profile)), uint(1, 0)])),
    entry(extension.extendedMasterSecret, new Uint8Array()),
  ];
  if (hello.extensions.has(extension.renegotiationInfo) || hello.cipherSuites.includes(renegotiationScsv))
    extensions.push(entry(extension.renegotiationInfo, uint(1, 0)));
  if (hello.extensions.has(extension.ecPointFormats)) extensions.push(entry(extension.ecPointFormats, vector(1, uint(1, 0))));
  return Buffer.concat([uint(2, dtls12), random, vector(1), uint(2, ecdheEcdsaAes128Gcm), uint(1, 0), vector(2, ...extensions)]);
}

// RFC 5246 §7.4.4: ecdsa_sign and rsa_sign, our schemes, any issuer.
function certificateRequest(): Uint8Array {
  const codes = Object.keys(schemes).map((code) => uint(2, Number(code)));
  return Buffer.concat([vector(1, Uint8Array.of(64, 1)), vector(2, ...codes), vector(2)]);
}

function publicKeyOf(certificate: Uint8Array): KeyObject | null {
  try {
    return new X509Certificate(certificate).publicKey;
  } catch {
    return null;
  }
}

function agree(ecdh: ECDH, point: Uint8Array): Buffer | null {
  try {
    return ecdh.computeSecret(point);
  } catch {
    return null;
  }
}

/** That the peer holds the key of the certificate it showed: without this anybody could show a copy of it. */
function isSignedBy(key: KeyObject, transcript: Uint8Array, body: Uint8Array): boolean {
  const { scheme, signature } = parseCertificateVerify(body);
  const kind = schemes[scheme];
  if (kind === undefined || key.asymmetricKeyType !== kind.key) return false;
  try {
    return verify("sha256", transcript, kind.padding === undefined ? key : { key, padding: kind.padding }, signature);
  } catch {
    return false;
  }
}

/** TLS 1.2's pseudo-random function with SHA-256 (RFC 5246 §5). */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, size: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, "ascii"), seed]);
  const blocks: Buffer[] = [];
  let a: Uint8Array = labelled;
  for (let made = 0; made < size; made += 32) {
    a = createHmac("sha256", secret).update(a).digest();
    blocks.push(createHmac("sha256", secret).update(a).update(labelled).digest());
  }
  return Buffer.concat(blocks).subarray(0, size);
}
