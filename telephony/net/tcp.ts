// SIP over TCP and TLS: accepts connections, and never holds more than a bounded number of unsent bytes for a peer that does not read.
import type { Socket } from "bun";
import { sipSendBufferBytesMax } from "../../core/lib/limits.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { Connection, Listen, SipNetwork } from "./network.ts";

type State = { flow: Flow | null; readonly outbox: Outbox };
type TcpSocket = Socket<State>;

export function listenTcp(listen: Listen, network: SipNetwork): { readonly local: Endpoint; stop(): void } {
  const server = Bun.listen<State>({
    hostname: listen.address,
    port: listen.port,
    ...(listen.tls === undefined ? {} : { tls: { key: listen.tls.key, cert: listen.tls.cert } }),
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

/** What the kernel did not take yet. */
class Outbox implements Connection {
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isClosing = false;

  constructor(private readonly socket: TcpSocket) {}

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
