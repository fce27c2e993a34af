// SIP over TCP and TLS: accepts and makes connections, and never holds more than a bounded number of unsent bytes for a peer that does not read.
import type { Socket } from "bun";
import type { HopCertificateFault } from "../../core/call/call-control.ts";
import type { Clock } from "../../core/env/env.ts";
import { sipSendBufferBytesMax } from "../../core/lib/limits.ts";
import { cleanRemoteText } from "../../core/lib/remote-text.ts";
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

type ConnectTrouble =
  | { readonly kind: "refused" | "no-answer" }
  | { readonly kind: "certificate"; readonly fault: HopCertificateFault | null; readonly shown: string };

/** Why there is no connection. */
export class ConnectError extends Error {
  constructor(readonly trouble: ConnectTrouble) {
    super(trouble.kind);
  }
}

/** What the TLS library calls it, by what people can do about it. */
const faults: Readonly<Record<string, HopCertificateFault>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "other-name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-issuer",
  CERT_UNTRUSTED: "unknown-issuer",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet",
};

/** Whom a certificate names, who has issued it, and until when it is valid. */
function shownBy(socket: TcpSocket): string {
  const certificate = socket.getPeerX509Certificate?.();
  if (certificate === undefined) return "";
  const { subject, subjectAltName, issuer, validTo } = certificate;
  return cleanRemoteText(`${subjectAltName ?? subject}; ${issuer}; ${validTo}`);
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
    const failed = (trouble: ConnectTrouble): void => {
      isOver = true;
      late.cancel();
      reject(new ConnectError(trouble));
    };
    const late = clock.after(ms, () => failed({ kind: "no-answer" }));
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
          const code = error !== null && "code" in error ? String(error.code) : "";
          failed({ kind: "certificate", fault: faults[code] ?? "other", shown: shownBy(socket) });
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
          else failed(tls === null ? { kind: "refused" } : { kind: "certificate", fault: null, shown: "" });
        },
        error(socket) {
          socket.terminate();
        },
        connectError() {
          failed({ kind: "refused" });
        },
      },
    }).catch(() => failed({ kind: "refused" }));
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
