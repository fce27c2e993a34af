// Looks whether voice gets through between a browser and us without a call: answers its offer with a stream that lives for moments, and measures it.
import type { CheckedVoice, HeardByBrowser, VoiceCheckPort } from "../core/call/call-control.ts";
import type { Env, Timer } from "../core/env/env.ts";
import { BadInput, Unavailable } from "../core/lib/errors.ts";
import { newId } from "../core/lib/id.ts";
import { hostText } from "../core/lib/ip-address.ts";
import { voiceCheckMs, voiceChecksMax } from "../core/lib/limits.ts";
import type { MediaEvent, MediaPlane, PromptSource, StreamStats } from "./media/plane.ts";
import { unheard, withWindow } from "./media/sound.ts";
import { readOffer, type Understood, writeAnswer } from "./sdp/offer-answer.ts";

/** What the browser hears meanwhile: sound without a pause, so that a packet goes every 20 ms. */
const hum: PromptSource = { kind: "tone", hz: [440], onMs: 1_000, offMs: 0 };
/** What we send between the browser's last look and the end of the stream is not lost: two seconds of it. */
const packetsAfterLook = 100;

type Check = {
  readonly whose: string;
  readonly offer: Understood & { readonly peer: { readonly kind: "webrtc" } };
  readonly resolve: (made: { readonly checkId: string; readonly answer: string }) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
  port: number;
  /** Whoever waits for the figures, once the check is to end. */
  finished: ((stats: StreamStats | null) => void) | null;
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

  answer(offer: string, whose: string): ReturnType<VoiceCheckPort["answer"]> {
    const read = readOffer(Buffer.from(offer, "utf8"));
    if (!read.ok || read.peer.kind !== "webrtc")
      return Promise.reject(new BadInput("The browser offers no audio that we can take.", "offer"));
    if (this.addresses.length === 0)
      return Promise.reject(new Unavailable("This machine has no address besides loopback: browsers get no voice from it."));
    this.cancel(whose);
    if (this.checks.size >= voiceChecksMax) return Promise.reject(new Unavailable("Others are testing just now. Try again in a moment."));
    const streamId = newId(this.env);
    return new Promise((resolve, reject) => {
      const timer = this.env.clock.after(voiceCheckMs, () => this.end(streamId));
      this.checks.set(streamId, { whose, offer: read as Check["offer"], resolve, reject, timer, port: 0, finished: null });
      this.media.send({ kind: "open", streamId, groupId: streamId, transport: "webrtc", localAddress: "0.0.0.0" });
    });
  }

  cancel(whose: string): void {
    for (const [streamId, check] of this.checks) if (check.whose === whose) this.end(streamId);
  }

  async finish(checkId: string, whose: string, heard: HeardByBrowser): Promise<CheckedVoice | null> {
    const check = this.checks.get(checkId);
    if (check === undefined || check.whose !== whose || check.finished !== null) return null;
    const stats = await new Promise<StreamStats | null>((resolve) => {
      check.finished = resolve;
      this.media.send({ kind: "close", streamId: checkId });
    });
    if (stats === null) return null;
    const offered = this.addresses.map((address) => `${hostText(address)}:${check.port}`);
    return { offered, ...figuresOf(stats, heard) };
  }

  private heard(check: Check, event: Extract<MediaEvent, { streamId: string }>): void {
    const { streamId } = event;
    if (event.kind === "stats" && event.final) {
      check.finished?.(event.stats);
      this.forget(streamId, check);
    }
    if (event.kind === "failed") {
      check.reject(new Unavailable("The media port cannot be used."));
      this.end(streamId);
    }
    if (event.kind !== "opened" || event.local.webrtc === null) return;
    check.port = event.local.rtpPort;
    const { peer, direction } = check.offer;
    const ours = event.local.webrtc;
    const local = { kind: "webrtc" as const, addresses: this.addresses, port: event.local.rtpPort, ...ours };
    const { ufrag, pwd, fingerprint, codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs } = peer;
    const remote = { ufrag, pwd, fingerprint, codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs };
    this.media.send({ kind: "connect-webrtc", streamId, ours, remote, direction });
    // Whoever sends nothing only looks whether there is a way, and is gone in a moment: nothing may go on towards a closed port.
    if (direction === "sendrecv") this.media.send({ kind: "play", streamId, playId: streamId, prompts: [hum], loop: true });
    const answer = Buffer.from(writeAnswer(check.offer, local, direction, { sessionId: 1, version: 1 })).toString("utf8");
    check.resolve({ checkId: streamId, answer });
  }

  // A promise that is settled already stays as it is. The stream's last events may come later: they are nobody's, and call control ignores streams that it does not know.
  private end(streamId: string): void {
    const check = this.checks.get(streamId);
    if (check === undefined) return;
    this.forget(streamId, check);
    this.media.send({ kind: "close", streamId });
    check.reject(new Unavailable("The media port did not open."));
    check.finished?.(null);
  }

  private forget(streamId: string, check: Check): void {
    check.timer.cancel();
    this.checks.delete(streamId);
  }
}

/**
 * Both ways as their receivers had them. A receiver knows only of gaps between packets that came: what broke off in the middle is missed by
 * what the sender has sent.
 */
function figuresOf(stats: StreamStats, heard: HeardByBrowser): Omit<CheckedVoice, "offered"> {
  const roundTripMs = heard.roundTripMs ?? stats.roundTripMs;
  const wayOf = (packets: number, lost: number, jitterMs: number) => {
    const lossPercent = packets + lost === 0 ? 0 : (lost * 100) / (packets + lost);
    const mos = packets === 0 ? null : withWindow(unheard, { lossPercent, jitterMs, roundTripMs }).figures!.mos;
    return { packets, lost, jitterMs, mos };
  };
  const lostUp = Math.max(stats.packetsLost, heard.sent - stats.packetsReceived, 0);
  const unseen = stats.packetsSent - heard.packets;
  const lostDown = Math.max(heard.lost, heard.packets === 0 || unseen > packetsAfterLook + heard.lost ? unseen : 0, 0);
  return {
    up: wayOf(stats.packetsReceived, lostUp, stats.jitterMs),
    down: wayOf(heard.packets, lostDown, heard.jitterMs),
    roundTripMs,
  };
}
