// TCP connections of browsers whose network lets no UDP through (RFC 6544, passive): bounded in number, in patience, and in what waits for a slow reader.
import type { Socket, TCPSocketListener } from "bun";
import type { Env, Timer } from "../../../core/env/env.ts";
import {
  framedPacketBytesMax,
  mediaConnectionsUnprovenMax,
  mediaConnectionsUnprovenPerAddressMax,
  mediaConnectionUnprovenMs,
  mediaUnsentBytesMax,
  packetsWaitingForReaderMax,
} from "../../../core/lib/limits.ts";
import { limitUnsent } from "../socket-options.ts";
import { FrameReader, framed, lengthBytes } from "./framing.ts";

export type TcpEvents = {
  /** The packet's memory is the receiver's until it returns. */
  onPacket(packet: Uint8Array, connection: TcpConnection): void;
  onClosed(connection: TcpConnection): void;
};

type Held = { connection: TcpConnection | null };
const sweepMs = 1_000;
const room = new Uint8Array(lengthBytes + framedPacketBytesMax);

export class TcpListener {
  /** Accepted, and nothing is known of them; the oldest first. */
  private readonly unproven = new Set<TcpConnection>();
  private sweeping: Timer | null = null;

  private constructor(
    private readonly env: Env,
    private readonly events: TcpEvents,
  ) {}

  /** Listens when it returns. @throws with EADDRINUSE and its kind */
  static open(env: Env, address: string, port: number, events: TcpEvents): { readonly port: number; close(): void } {
    const listener = new TcpListener(env, events);
    const server: TCPSocketListener<Held> = Bun.listen<Held>({
      hostname: address,
      port,
      socket: {
        open: (socket) => {
          socket.data = { connection: listener.accept(socket) };
        },
        data: ({ data }, piece) => listener.received(data.connection, piece),
        drain: ({ data }) => data.connection?.drained(),
        close: ({ data }) => listener.gone(data?.connection ?? null),
        error: (socket) => void socket.terminate(),
      },
    });
    return {
      port: server.port,
      close: () => {
        listener.sweeping?.cancel();
        server.stop(true);
      },
    };
  }

  // Whoever floods us meets its own connections: the oldest of its address makes room, and of all when many addresses do so. A browser proves
  // itself within a round trip.
  private accept(socket: Socket<Held>): TcpConnection {
    socket.setNoDelay(true);
    limitUnsent((socket as unknown as { readonly fd?: number }).fd, mediaUnsentBytesMax);
    const connection = new TcpConnection(socket, this.env.clock.monotonic(), () => this.unproven.delete(connection));
    const same = [...this.unproven].filter(({ address }) => address === connection.address);
    const crowd = same.length >= mediaConnectionsUnprovenPerAddressMax ? same : [...this.unproven];
    if (crowd === same || crowd.length >= mediaConnectionsUnprovenMax) crowd[0]!.close();
    this.unproven.add(connection);
    this.sweep();
    return connection;
  }

  private sweep(): void {
    this.sweeping ??= this.env.clock.after(sweepMs, () => {
      this.sweeping = null;
      const nowMs = this.env.clock.monotonic();
      for (const connection of this.unproven) if (nowMs - connection.sinceMs > mediaConnectionUnprovenMs) connection.close();
      if (this.unproven.size > 0) this.sweep();
    });
  }

  private received(connection: TcpConnection | null, piece: Uint8Array): void {
    if (connection === null || connection.isClosed) return;
    const isReadable = connection.reader.push(piece, (packet) => {
      this.events.onPacket(packet, connection);
      return !connection.isClosed;
    });
    if (!isReadable) connection.close();
  }

  private gone(connection: TcpConnection | null): void {
    if (connection === null) return;
    connection.close();
    this.events.onClosed(connection);
  }
}

export class TcpConnection {
  readonly reader = new FrameReader();
  readonly address: string;
  readonly port: number;
  isClosed = false;
  /** Packets that were dropped, as their reader was too slow. */
  dropped = 0;
  /** What the kernel has begun to take: it must be ended, or nothing after it could be read. */
  private rest: Uint8Array | null = null;
  private readonly waiting: Uint8Array[] = [];

  constructor(
    private readonly socket: Socket<Held>,
    readonly sinceMs: number,
    /** Somebody has shown that it is theirs, or it is over: it takes no stranger's place any more. */
    readonly settled: () => void,
  ) {
    this.address = socket.remoteAddress;
    this.port = socket.remotePort;
  }

  get waitingPackets(): number {
    return this.waiting.length;
  }

  /** Voice that waits is worth less than voice that comes: for a reader that is too slow the oldest is dropped. */
  send(packet: Uint8Array): void {
    if (this.isClosed || packet.length > framedPacketBytesMax) return;
    const frame = framed(packet, room);
    if (this.rest !== null || this.waiting.length > 0) {
      if (this.waiting.length >= packetsWaitingForReaderMax) {
        this.waiting.shift();
        this.dropped += 1;
      }
      this.waiting.push(frame.slice());
    } else if (!this.write(frame)) this.waiting.push(frame.slice());
  }

  drained(): void {
    const { rest } = this;
    if (rest !== null) {
      this.rest = null;
      if (!this.write(rest)) this.rest = rest;
    }
    while (this.rest === null && this.waiting.length > 0 && !this.isClosed) {
      if (!this.write(this.waiting[0]!)) return;
      this.waiting.shift();
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.waiting.length = 0;
    this.rest = null;
    this.settled();
    this.socket.terminate();
  }

  /** False: nothing of it was taken. Of what was begun the rest is kept. */
  private write(frame: Uint8Array): boolean {
    const written = this.socket.write(frame);
    if (written <= 0) return false;
    if (written < frame.length) this.rest = frame.slice(written);
    return true;
  }
}
