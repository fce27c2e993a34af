// The transport layer: bytes in, messages out, and the other way round. Knows flows and framing, nothing of transactions.
import type { Env, Timer } from "../../../core/env/env.ts";
import { sipFirstByteMs, sipHalfMessageMs } from "../../../core/lib/limits.ts";
import type { Draft, SipMessage } from "../message/message.ts";
import { type Parsed, parseDatagram, type Rejected } from "../message/parser.ts";
import { respondToBroken } from "../message/respond.ts";
import { serialise } from "../message/serialiser.ts";
import { type Flow, flowText, type Wire } from "./flow.ts";
import { Framer } from "./framing.ts";
import { brokenResponseFlow, stampVia } from "./routing.ts";

export interface TransportUser {
  receive(message: SipMessage, flow: Flow): void;
  /** Whether a peer may learn from us that its message was broken. Strangers get silence. */
  mayAnswerBroken(flow: Flow): boolean;
  closed(flow: Flow): void;
}

/** Sees every message that passes, for the ladder. What it returns goes out in place of what it saw. */
export type Observe = (direction: "in" | "out", flow: Flow, message: Draft) => Draft | undefined;

type Stream = { readonly flow: Flow; readonly framer: Framer; timer: Timer | null; hasSpoken: boolean };

const pong = new Uint8Array([0x0d, 0x0a]);

export class TransportLayer {
  private readonly streams = new Map<string, Stream>();

  constructor(
    private readonly env: Env,
    private readonly wire: Wire,
    private readonly user: TransportUser,
    private readonly observe: Observe = () => undefined,
  ) {}

  send(flow: Flow, message: Draft): boolean {
    return this.wire.send(flow, serialise(this.observe("out", flow, message) ?? message));
  }

  /** One UDP datagram or one WebSocket message. */
  datagram(flow: Flow, bytes: Uint8Array): void {
    if (isBlank(bytes)) {
      // RFC 5626 §4.4.1 over a connection; over UDP a keep-alive needs no answer.
      if (bytes.length === 4 && flow.transport !== "udp") this.wire.send(flow, pong);
      return;
    }
    this.deliver(parseDatagram(bytes), flow);
  }

  /** A stream connection (TCP, TLS) is there. */
  opened(flow: Flow): void {
    const stream: Stream = { flow, framer: new Framer(), timer: null, hasSpoken: false };
    stream.timer = this.env.clock.after(sipFirstByteMs, () => this.end(stream, "nothing said"));
    this.streams.set(flow.connectionId, stream);
  }

  chunk(flow: Flow, bytes: Uint8Array): void {
    const stream = this.streams.get(flow.connectionId);
    if (stream === undefined) return;
    let isMessage = false;
    for (const frame of stream.framer.push(bytes)) {
      if (frame.kind === "ping") this.wire.send(flow, pong);
      else if (frame.kind === "message") {
        isMessage = true;
        this.deliver(frame.result, flow);
      } else {
        if (frame.rejected !== null) this.answerBroken(frame.rejected, flow);
        this.end(stream, "framing lost");
        return;
      }
    }
    this.watch(stream, isMessage);
  }

  closed(flow: Flow): void {
    const stream = this.streams.get(flow.connectionId);
    stream?.timer?.cancel();
    this.streams.delete(flow.connectionId);
    this.user.closed(flow);
  }

  /** A half message has `sipHalfMessageMs` from its first byte; more bytes buy no more time. */
  private watch(stream: Stream, isMessage: boolean): void {
    if (stream.timer !== null && (isMessage || !stream.framer.isHalf || !stream.hasSpoken)) {
      stream.timer.cancel();
      stream.timer = null;
    }
    stream.hasSpoken = true;
    if (stream.framer.isHalf) stream.timer ??= this.env.clock.after(sipHalfMessageMs, () => this.end(stream, "half message"));
  }

  private end(stream: Stream, reason: string): void {
    stream.timer?.cancel();
    if (!this.streams.delete(stream.flow.connectionId)) return;
    this.env.log.info("sip connection closed", { flow: flowText(stream.flow), reason });
    this.wire.close(stream.flow, reason);
    this.user.closed(stream.flow);
  }

  private deliver(result: Parsed | Rejected, flow: Flow): void {
    if (!result.ok) {
      this.answerBroken(result, flow);
      return;
    }
    const message = result.message.kind === "request" ? stampVia(result.message, flow) : result.message;
    this.observe("in", flow, message);
    this.user.receive(message, flow);
  }

  /** Stateless, to where it came from. Broken responses and ACKs are dropped (RFC 3261 §17, §18.1.2). */
  private answerBroken(rejected: Rejected, flow: Flow): void {
    this.env.log.debug("sip message refused", { flow: flowText(flow), reason: rejected.reason });
    if (rejected.method === null || rejected.method === "ACK" || !this.user.mayAnswerBroken(flow)) return;
    const response = respondToBroken(rejected.headers, rejected.status, rejected.reason, "b");
    if (response !== null) this.send(brokenResponseFlow(rejected.headers, flow), response);
  }
}

function isBlank(bytes: Uint8Array): boolean {
  if (bytes.length > 8) return false;
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0);
}
