// Asks a TURN server whether it relays for us (RFC 8656): allocates with a browser's credentials, looks whom it would let in, and lets go.
import { createHash, createHmac } from "node:crypto";
import type { Env } from "../../core/env/env.ts";
import { isIpv4, isIpv6 } from "../../core/lib/ip-address.ts";
import { turnAnswerMs } from "../../core/lib/limits.ts";
import type { IceServer } from "../../core/telephony/turn.ts";
import { mappedAddress } from "../media/webrtc/stun.ts";

const method = { allocate: 0x0003, refresh: 0x0004, createPermission: 0x0008 } as const;
const success = 0x0100;
const failure = 0x0110;
const attribute = {
  ...{ username: 0x0006, integrity: 0x0008, errorCode: 0x0009, lifetime: 0x000d, peerAddress: 0x0012 },
  ...{ realm: 0x0014, nonce: 0x0015, requestedTransport: 0x0019 },
} as const;
const magicCookie = 0x2112a442;
const headerBytes = 20;
/** A relayed UDP address. */
const udpTransport = Buffer.from([17, 0, 0, 0]);

/** `open`: it relays, even to whatever runs beside it (TURN-01: it should refuse 127.0.0.1). */
export type TurnVerdict = "relays" | "open" | "refused" | "no-answer" | { readonly error: number };
type Attributes = ReadonlyMap<number, Buffer>;
type Answer = { readonly type: number; readonly attributes: Attributes };
type Server = { readonly host: string; readonly port: number; readonly by: "udp" | "tcp" | "tls" };

export function turnServerOf(url: string): Server {
  const [, scheme = "turn", host = "", port, by] = /^(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/.exec(url) ?? [];
  const isSafe = scheme === "turns";
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port ?? (isSafe ? 5_349 : 3_478)),
    by: isSafe ? "tls" : by === "tcp" ? "tcp" : "udp",
  };
}

/** `addressOf`: what the server's name leads to, for UDP; null: nowhere. */
export async function askTurn(
  env: Pick<Env, "clock" | "random">,
  url: string,
  { username, credential }: Pick<IceServer, "username" | "credential">,
  addressOf: (name: string) => Promise<string | null>,
): Promise<TurnVerdict> {
  const server = turnServerOf(url);
  const address = isIpv4(server.host) || isIpv6(server.host) ? server.host : await addressOf(server.host);
  if (address === null) return "no-answer";
  const wire = await openWire(env, server, address);
  if (wire === null) return "no-answer";
  try {
    const ask = new Asking(env, wire);
    const first = await ask.request(method.allocate, [[attribute.requestedTransport, udpTransport]], null);
    if (first === null) return "no-answer";
    const [realm, nonce] = [first.attributes.get(attribute.realm), first.attributes.get(attribute.nonce)];
    if (realm === undefined || nonce === undefined) return { error: errorOf(first) };
    // RFC 8489 §9.2.2: long-term credentials.
    const key = createHash("md5").update(`${username}:${realm.toString()}:${credential}`).digest();
    const proof = { username: Buffer.from(username), realm, nonce, key };
    const allocated = await ask.request(method.allocate, [[attribute.requestedTransport, udpTransport]], proof);
    if (allocated === null) return "no-answer";
    if (allocated.type !== (method.allocate | success)) return errorOf(allocated) === 401 ? "refused" : { error: errorOf(allocated) };
    const inside = await ask.request(method.createPermission, (id) => [[attribute.peerAddress, mappedAddress("127.0.0.1", 9, id)]], proof);
    await ask.request(method.refresh, [[attribute.lifetime, Buffer.alloc(4)]], proof);
    return inside?.type === (method.createPermission | success) ? "open" : "relays";
  } finally {
    wire.close();
  }
}

/** What stands in ERROR-CODE (RFC 8489 §14.8); 0: nothing. */
function errorOf({ type, attributes }: Answer): number {
  const code = attributes.get(attribute.errorCode);
  return (type & failure) === failure && code !== undefined && code.length >= 4 ? (code[2]! & 7) * 100 + code[3]! : 0;
}

type Proof = { readonly username: Buffer; readonly realm: Buffer; readonly nonce: Buffer; readonly key: Buffer };
type Given = readonly (readonly [number, Uint8Array])[];

/** One question at a time. */
class Asking {
  constructor(
    private readonly env: Pick<Env, "clock" | "random">,
    private readonly wire: Wire,
  ) {}

  async request(type: number, given: Given | ((id: Uint8Array) => Given), proof: Proof | null): Promise<Answer | null> {
    const id = Buffer.from(this.env.random.bytes(12));
    const attributes = typeof given === "function" ? given(id) : given;
    const message = messageOf(type, id, attributes, proof);
    return new Promise((resolve) => {
      const late = this.env.clock.after(turnAnswerMs, () => done(null));
      // Over UDP one may get lost (RFC 8489 §6.2.1).
      const again = this.wire.isReliable ? null : this.env.clock.after(turnAnswerMs / 3, () => this.wire.send(message));
      const done = (answer: Answer | null): void => {
        late.cancel();
        again?.cancel();
        this.wire.onMessage = () => undefined;
        resolve(answer);
      };
      this.wire.onMessage = (bytes) => {
        const answer = answerOf(bytes, id);
        if (answer !== null) done(answer);
      };
      this.wire.onClosed = () => done(null);
      this.wire.send(message);
    });
  }
}

function messageOf(type: number, id: Uint8Array, given: Given, proof: Proof | null): Buffer {
  const all: Given =
    proof === null
      ? given
      : [...given, [attribute.username, proof.username], [attribute.realm, proof.realm], [attribute.nonce, proof.nonce]];
  const body = Buffer.concat(all.map(([kind, value]) => attributeBytes(kind, value)));
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length + (proof === null ? 0 : 24), 2);
  head.writeUInt32BE(magicCookie, 4);
  head.set(id, 8);
  const message = Buffer.concat([head, body]);
  if (proof === null) return message;
  return Buffer.concat([message, attributeBytes(attribute.integrity, createHmac("sha1", proof.key).update(message).digest())]);
}

function attributeBytes(kind: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(kind, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

/** Null: it is no answer to that. */
function answerOf(bytes: Buffer, id: Uint8Array): Answer | null {
  if (bytes.length < headerBytes || bytes.readUInt32BE(4) !== magicCookie || !bytes.subarray(8, headerBytes).equals(id)) return null;
  const attributes = new Map<number, Buffer>();
  for (let at = headerBytes; at + 4 <= bytes.length; ) {
    const size = bytes.readUInt16BE(at + 2);
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + size));
    at += 4 + ((size + 3) & ~3);
  }
  return { type: bytes.readUInt16BE(0), attributes };
}

// ── The way there ──

type Wire = {
  readonly isReliable: boolean;
  onMessage: (bytes: Buffer) => void;
  onClosed: () => void;
  send(bytes: Uint8Array): void;
  close(): void;
};
const nothing = (): void => undefined;

async function openWire(env: Pick<Env, "clock">, { host, port, by }: Server, address: string): Promise<Wire | null> {
  return by === "udp" ? udpWire(address, port) : streamWire(env, by, host, address, port);
}

async function udpWire(address: string, port: number): Promise<Wire> {
  const wire: Wire = { isReliable: false, onMessage: nothing, onClosed: nothing, send: nothing, close: nothing };
  const socket = await Bun.udpSocket({
    socket: {
      data: (_socket, packet) => wire.onMessage(Buffer.from(packet)),
      // ICMP: nobody is at that port.
      error: () => wire.onClosed(),
    },
    connect: { hostname: address, port },
  });
  wire.send = (bytes) => void socket.send(bytes);
  wire.close = () => socket.close();
  return wire;
}

function streamWire(env: Pick<Env, "clock">, by: "tcp" | "tls", host: string, address: string, port: number): Promise<Wire | null> {
  return new Promise((resolve) => {
    const wire: Wire = { isReliable: true, onMessage: nothing, onClosed: nothing, send: nothing, close: nothing };
    const late = env.clock.after(turnAnswerMs, () => over());
    const over = (): void => {
      late.cancel();
      resolve(null);
      wire.onClosed();
    };
    const ready = (socket: { write(bytes: Uint8Array): unknown; terminate(): void }): void => {
      late.cancel();
      wire.send = (bytes) => void socket.write(bytes);
      wire.close = () => socket.terminate();
      resolve(wire);
    };
    let read = Buffer.alloc(0);
    Bun.connect({
      hostname: address,
      port,
      ...(by === "tcp" ? {} : { tls: { serverName: host, rejectUnauthorized: true } }),
      socket: {
        open(socket) {
          if (by === "tcp") ready(socket);
        },
        handshake(socket, isDone, error) {
          if (isDone && error === null) return ready(socket);
          socket.terminate();
          over();
        },
        data(_socket, bytes) {
          read = Buffer.concat([read, bytes]);
          for (let size = sizeOf(read); size > 0 && read.length >= size; size = sizeOf(read)) {
            wire.onMessage(read.subarray(0, size));
            read = read.subarray(size);
          }
        },
        close: over,
        error: over,
        connectError: over,
      },
    }).catch(over);
  });
}

/** RFC 8489 §6.2.2: a message says how long it is. 0: not known yet. */
function sizeOf(bytes: Buffer): number {
  return bytes.length < headerBytes ? 0 : headerBytes + bytes.readUInt16BE(2);
}
