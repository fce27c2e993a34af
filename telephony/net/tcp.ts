// SIP over TCP and TLS: accepts and makes connections, and never holds more than a bounded number of unsent bytes for a peer that does not read.
import type { Socket } from "bun";
import type { Clock } from "../../core/env/env.ts";
import { sipSendBufferBytesMax } from "../../core/lib/limits.ts";
import type { OwnCertificate } from "../../core/telephony/peer-certificate.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { Connection, Listen, SipNetwork } from "./network.ts";

type State = { flow: Flow | null; readonly outbox: Outbox };
type TcpSocket = Socket<State>;

export function listenTcp(listen: Listen, network: SipNetwork): { readonly local: Endpoint; stop(): void } {
  const server = Bun.listen<State>({
    hostname: listen.address,
    port: listen.port,
    ...(listen.tls === undefined
      ? {}
      : {
          // Whoever has a certificate may show it. What it is worth, and whether there must be one, is asked for each request.
          tls: { key: listen.tls.key, cert: listen.tls.cert, requestCert: true, rejectUnauthorized: false },
        }),
    socket: {
      open(socket) {
        const outbox = new Outbox(socket);
        const remote = { address: socket.remoteAddress, port: socket.remotePort };
        const at = { address: listen.advertise?.(remote.address) ?? listen.address, port: local.port };
        socket.data = { flow: network.adopt(listen.transport, at, remote, outbox), outbox };
        if (socket.data.flow === null) socket.terminate();
      },
      data(socket, bytes) {
        if (socket.data.flow !== null) network.chunk(socket.data.flow, bytes);
      },
      drain(socket) {
        socket.data.outbox.flush();
      },
      close(socket) {
        if (socket.data?.flow) network.gone(socket.data.flow);
      },
      error(socket, error) {
        if (socket.data?.flow) network.warn(`sip socket: ${error.message}`, socket.data.flow);
        socket.terminate();
      },
    },
  });
  const local: Endpoint = { address: listen.address, port: server.port };
  return { local, stop: () => server.stop(true) };
}

/** Why there is no connection. */
export class ConnectError extends Error {
  constructor(readonly why: "refused" | "no-answer" | "certificate") {
    super(why);
  }
}

/** `serverName`: what the peer's certificate must be for; `ca`: who may have issued it, PEM, null: whomever this machine trusts; `own`: what we show. */
export type ClientTls = { readonly serverName: string; readonly ca: string | null; readonly own: OwnCertificate | null };

export type Connect = {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly tls: ClientTls | null;
  readonly ms: number;
  readonly clock: Clock;
};

/**
 * Opens a connection; with `tls` the peer's certificate must be that name's. The flow lives until either side ends it. @throws ConnectError
 */
export function connectTcp(network: SipNetwork, { local, remote, tls, ms, clock }: Connect): Promise<Flow> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const failed = (why: ConnectError["why"]): void => {
      isOver = true;
      late.cancel();
      reject(new ConnectError(why));
    };
    const late = clock.after(ms, () => failed("no-answer"));
    const ready = (socket: TcpSocket): void => {
      late.cancel();
      if (isOver) return void socket.terminate();
      socket.data.flow = network.adopt(tls === null ? "tcp" : "tls", local, remote, socket.data.outbox);
      if (socket.data.flow === null) socket.terminate();
      else resolve(socket.data.flow);
    };
    Bun.connect<State>({
      hostname: remote.address,
      port: remote.port,
      ...(tls === null
        ? {}
        : {
            tls: {
              ...{ serverName: tls.serverName, rejectUnauthorized: true },
              ...(tls.ca === null ? {} : { ca: tls.ca }),
              ...(tls.own === null ? {} : { cert: tls.own.chain, key: tls.own.key }),
            },
          }),
      socket: {
        open(socket) {
          socket.data = { flow: null, outbox: new Outbox(socket) };
          if (tls === null) ready(socket);
        },
        handshake(socket, isDone, error) {
          if (isDone && error === null) return ready(socket);
          failed("certificate");
          socket.terminate();
        },
        data(socket, bytes) {
          if (socket.data.flow !== null) network.chunk(socket.data.flow, bytes);
        },
        drain(socket) {
          socket.data.outbox.flush();
        },
        close(socket) {
          if (socket.data?.flow) network.gone(socket.data.flow);
          else failed(tls === null ? "refused" : "certificate");
        },
        error(socket) {
          socket.terminate();
        },
        connectError() {
          failed("refused");
        },
      },
    }).catch(() => failed("refused"));
  });
}

/** What the kernel did not take yet. */
class Outbox implements Connection {
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isClosing = false;

  constructor(private readonly socket: TcpSocket) {}

  get peerCertificate(): Uint8Array | null {
    return this.socket.getPeerX509Certificate?.()?.raw ?? null;
  }

  send(bytes: Uint8Array): boolean {
    if (this.isClosing) return false;
    if (this.waitingBytes + bytes.length > sipSendBufferBytesMax) {
      // A peer that asks and never reads: its connection ends, its memory is ours again.
      this.isClosing = true;
      this.waiting.length = 0;
      this.socket.terminate();
      return false;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.flush();
    return true;
  }

  flush(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const written = this.socket.write(first);
      if (written < 0) break;
      this.waitingBytes -= written;
      if (written < first.length) {
        this.waiting[0] = first.subarray(written);
        break;
      }
      this.waiting.shift();
    }
    if (this.isClosing && this.waiting.length === 0) this.socket.end();
  }

  /** What was sent before still leaves, a 400 for instance; then the connection ends. */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.flush();
  }
}
