// One call of a robot, either side of it: a SIP session, a stream that says a phrase, and an ear. Hosts; what to do is the machines' to decide.
import { isLoopback } from "../../core/lib/ip-address.ts";
import type { MediaCommand, StreamStats } from "../media/plane.ts";
import { readAnswer, readOffer, type Understood, writeAnswer, writeOffer } from "../sdp/offer-answer.ts";
import type { Session } from "../sip/dialog/layer.ts";
import type { SessionEvent } from "../sip/dialog/session.ts";
import { addHeard, type Heard, hear, nothingHeard, type Voice } from "./voice.ts";

export type CallEnd = {
  readonly by: "peer" | "us" | "fault";
  /** The SIP status or the cause, as it stands in a result: `503`, `timeout`, `bye`. */
  readonly why: string;
  readonly heard: Heard;
  /** Null: there was no stream. */
  readonly stats: StreamStats | null;
};

export type RobotCallListener = {
  /** Ours was answered, or the peer has acknowledged our answer: both can speak. */
  connected(): void;
  /** Once a second: what was heard in it. */
  heard(heard: Heard): void;
  /** Once, last. */
  ended(end: CallEnd): void;
};

/** What a call needs of its user agent. */
export type CallDoors = {
  readonly address: string;
  media(command: MediaCommand): void;
  /** Sends the INVITE with this offer. */
  invite(body: Uint8Array): void;
  /** All of it is over. */
  done(call: RobotCall): void;
};

const pressedMs = 120;

export class RobotCall {
  /** Null until the INVITE leaves. */
  session: Session | null = null;
  listener: RobotCallListener = { connected: () => undefined, heard: () => undefined, ended: () => undefined };
  private local: { readonly rtpPort: number; readonly rtcpPort: number } | null = null;
  private state: "idle" | "opening" | "open" | "closing" | "over" = "idle";
  private heard: Heard = nothingHeard;
  private end: { readonly by: CallEnd["by"]; readonly why: string } | null = null;
  private isListening = false;
  private version = 1;

  constructor(
    /** Of the stream and of the recording that is its ear. */
    readonly id: string,
    private readonly voice: Voice,
    private readonly sessionId: number,
    /** What the INVITE that came in offers; null: this call is ours. */
    private readonly offer: Understood | null,
    private readonly doors: CallDoors,
  ) {}

  get isIncoming(): boolean {
    return this.offer !== null;
  }

  /** Calls. */
  start(): void {
    this.open();
  }

  ring(): void {
    this.session?.send({ kind: "ring", status: 180 });
  }

  /** Takes a call that came in. */
  answer(): void {
    if (this.end === null) this.open();
  }

  press(digit: string): void {
    this.doors.media({ kind: "send-digits", streamId: this.id, digits: digit, toneMs: pressedMs, gapMs: pressedMs });
  }

  hangUp(): void {
    if (this.end !== null) return;
    if (this.session === null) this.over("us", "cancel");
    else this.session.send({ kind: "hang-up" });
  }

  // ── From the user agent ──

  opened(local: { readonly rtpPort: number; readonly rtcpPort: number }): void {
    this.local = local;
    if (this.end !== null) return;
    const { address } = this.doors;
    const ours = { kind: "rtp", address, port: local.rtpPort, rtcpPort: local.rtcpPort, keys: null } as const;
    if (this.offer === null) this.doors.invite(writeOffer(ours, "sendrecv", this.numbers()));
    else {
      this.session?.send({ kind: "accept", body: writeAnswer(this.offer, ours, "sendrecv", this.numbers()) });
      this.speak(this.offer);
    }
  }

  mediaFailed(reason: string): void {
    if (this.end !== null) return;
    const { session } = this;
    this.over("fault", reason);
    session?.send({ kind: "hang-up" });
  }

  onSession(event: SessionEvent): void {
    switch (event.kind) {
      case "answered": {
        const answer = readAnswer(event.response.body, "rtp");
        this.session?.send({ kind: "confirm" });
        if (answer.ok) {
          this.speak(answer);
          this.listener.connected();
        } else this.mediaFailed(`answer: ${answer.reason}`);
        return;
      }
      case "acknowledged":
        return this.listener.connected();
      case "offered":
        return this.offeredAgain(event.request.body);
      case "ended":
        return this.over(event.end.by, event.end.status === null ? event.end.cause : String(event.end.status));
      default:
        return;
    }
  }

  /** A second of what came in. */
  hears(samples: Int16Array): void {
    const heard = hear(samples);
    this.heard = addHeard(this.heard, heard);
    if (this.end === null) this.listener.heard(heard);
  }

  /** The ear is closed; nothing is heard after it. */
  deaf(): void {
    this.isListening = false;
    if (this.end !== null) this.doors.media({ kind: "close", streamId: this.id });
  }

  /** The stream is closed, and these are its last facts. */
  measured(stats: StreamStats): void {
    this.finish(stats);
  }

  // ── Inside ──

  private open(): void {
    this.state = "opening";
    this.doors.media({ kind: "open", streamId: this.id, groupId: this.id, transport: "rtp", localAddress: this.doors.address });
  }

  private numbers(): { readonly sessionId: number; readonly version: number } {
    return { sessionId: this.sessionId, version: this.version++ };
  }

  private speak({ peer, direction }: Understood): void {
    // Robots speak on this machine and nowhere else, whatever an answer says.
    if (peer.kind !== "rtp" || peer.address === null || !isLoopback(peer.address)) return this.mediaFailed("the other side is not here");
    const { id } = this;
    this.doors.media({ kind: "connect-rtp", streamId: id, remote: { ...peer, address: peer.address, srtp: null }, direction });
    if (this.isListening) return;
    this.isListening = true;
    this.doors.media({ kind: "play", streamId: id, playId: id, prompts: [{ kind: "key", key: this.voice }], loop: true });
    const target = { path: id, key: new Uint8Array(0), wrappedKey: new Uint8Array(0), header: new Uint8Array(0) };
    this.doors.media({ kind: "record-start", recordingId: id, groupId: id, left: id, right: null, target });
  }

  private offeredAgain(body: Uint8Array): void {
    const offer = readOffer(body);
    if (!offer.ok || this.local === null) {
      this.session?.send({ kind: "reject-offer", status: 488 });
      return;
    }
    const { rtpPort, rtcpPort } = this.local;
    const ours = { kind: "rtp", address: this.doors.address, port: rtpPort, rtcpPort, keys: null } as const;
    this.session?.send({ kind: "answer-offer", body: writeAnswer(offer, ours, offer.direction, this.numbers()) });
    this.speak(offer);
  }

  private over(by: CallEnd["by"], why: string): void {
    if (this.end !== null) return;
    this.end = { by, why };
    if (this.state === "idle") return this.finish(null);
    this.state = "closing";
    // The ear first: what it still holds is part of the result.
    this.doors.media(
      this.isListening ? { kind: "record-stop", recordingId: this.id, groupId: this.id } : { kind: "close", streamId: this.id },
    );
  }

  private finish(stats: StreamStats | null): void {
    if (this.state === "over" || this.end === null) return;
    this.state = "over";
    this.doors.done(this);
    this.listener.ended({ ...this.end, heard: this.heard, stats });
  }
}
