// Looks whether voice gets through between a browser and us without a call: answers its offer with a stream that lives for moments.
import type { VoiceCheckPort } from "../core/call/call-control.ts";
import type { Env, Timer } from "../core/env/env.ts";
import { BadInput, Unavailable } from "../core/lib/errors.ts";
import { newId } from "../core/lib/id.ts";
import { voiceCheckMs, voiceChecksMax } from "../core/lib/limits.ts";
import type { MediaEvent, MediaPlane } from "./media/plane.ts";
import { readOffer, type Understood, writeAnswer } from "./sdp/offer-answer.ts";

type Check = {
  readonly offer: Understood & { readonly peer: { readonly kind: "webrtc" } };
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
};

export class VoiceCheck implements VoiceCheckPort {
  private readonly checks = new Map<string, Check>();
  private listener: (event: MediaEvent) => void = () => undefined;
  /** The media plane for whoever has calls: the events of checks are not among its own. */
  readonly beside: MediaPlane;

  constructor(
    private readonly env: Env,
    private readonly media: MediaPlane,
    private readonly addresses: readonly string[],
  ) {
    this.beside = {
      send: (command) => media.send(command),
      onEvent: (listener) => {
        this.listener = listener;
      },
      load: () => media.load(),
      close: () => media.close(),
    };
    media.onEvent((event) => {
      const check = "streamId" in event ? this.checks.get(event.streamId) : undefined;
      if (check === undefined) this.listener(event);
      else this.heard(check, event as Extract<MediaEvent, { streamId: string }>);
    });
  }

  answer(offer: string): Promise<string> {
    const read = readOffer(Buffer.from(offer, "utf8"));
    if (!read.ok || read.peer.kind !== "webrtc")
      return Promise.reject(new BadInput("The browser offers no audio that we can take.", "offer"));
    if (this.addresses.length === 0)
      return Promise.reject(new Unavailable("This machine has no address besides loopback: browsers get no voice from it."));
    if (this.checks.size >= voiceChecksMax) return Promise.reject(new Unavailable("Others are testing just now. Try again in a moment."));
    const streamId = newId(this.env);
    return new Promise((resolve, reject) => {
      const timer = this.env.clock.after(voiceCheckMs, () => this.end(streamId));
      this.checks.set(streamId, { offer: read as Check["offer"], resolve, reject, timer });
      this.media.send({ kind: "open", streamId, groupId: streamId, transport: "webrtc", localAddress: "0.0.0.0" });
    });
  }

  private heard(check: Check, event: Extract<MediaEvent, { streamId: string }>): void {
    const { streamId } = event;
    if (event.kind === "failed") {
      check.reject(new Unavailable("The media port cannot be used."));
      this.end(streamId);
    }
    if (event.kind !== "opened" || event.local.webrtc === null) return;
    const { peer, direction } = check.offer;
    const local = { kind: "webrtc" as const, addresses: this.addresses, port: event.local.rtpPort, ...event.local.webrtc };
    const { ufrag, pwd, fingerprint, codec, payloadType, dtmfPayloadType } = peer;
    const remote = { ufrag, pwd, fingerprint, codec, payloadType, dtmfPayloadType };
    this.media.send({ kind: "connect-webrtc", streamId, remote, direction });
    check.resolve(Buffer.from(writeAnswer(check.offer, local, direction, { sessionId: 1, version: 1 })).toString("utf8"));
  }

  // A promise that is settled already stays as it is. The stream's last events may come later: they are nobody's, and call control ignores streams that it does not know.
  private end(streamId: string): void {
    const check = this.checks.get(streamId);
    if (check === undefined) return;
    check.timer.cancel();
    this.checks.delete(streamId);
    this.media.send({ kind: "close", streamId });
    check.reject(new Unavailable("The media port did not open."));
  }
}
