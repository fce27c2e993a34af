// Packet capture, off unless an admin wants it: who began it, why, until when. It ends by itself, and with the process; every beginning, end and look is an event.
import { z } from "zod";
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { CapturePort, CaptureStatus, CaptureWanted } from "../call/call-control.ts";
import type { Timer } from "../env/env.ts";
import { Conflict, NotFound } from "../lib/errors.ts";
import { type ConversationId, newId, type StationId, type TrunkId } from "../lib/id.ts";
import { captureKeptMs, captureMinutesMax, captureReasonMax } from "../lib/limits.ts";

const id = z.uuid("Choose one of the list, or write a whole id.").nullable();

export const captureInput = z.strictObject({
  reason: z.string().trim().min(3, "Say why: it is written down.").max(captureReasonMax, "At most 200 characters."),
  minutes: z.int("Write a whole number of minutes.").min(1, "At least one minute.").max(captureMinutesMax, "At most 240 minutes."),
  /** Of what was captured the last so many minutes are kept. */
  keepMinutes: z.int("Write a whole number of minutes.").min(1, "At least one minute.").max(captureMinutesMax, "At most 240 minutes."),
  trunkId: id,
  stationId: id,
  conversationId: id,
  withVoice: z.boolean(),
});
export type CaptureInput = z.infer<typeof captureInput>;

export type Capture = CaptureInput & {
  readonly id: string;
  readonly by: string;
  readonly startedAt: number;
  readonly untilAt: number;
  /** Null: it goes on. */
  readonly endedAt: number | null;
};

/** One for a node. */
export class Captures {
  private capture: Capture | null = null;
  private timer: Timer | null = null;

  constructor(
    private readonly app: App,
    private readonly port: CapturePort,
  ) {}

  /** The one that goes on, or the last one while what it took is kept. */
  get last(): Capture | null {
    return this.capture;
  }

  get running(): Capture | null {
    return this.capture?.endedAt === null ? this.capture : null;
  }

  get status(): CaptureStatus {
    return this.port.status();
  }

  /** Takes the place of what an earlier one has left. @throws Forbidden · Conflict when one goes on */
  async start(actor: Actor, input: CaptureInput): Promise<Capture> {
    const { app } = this;
    demand(actor, "telephony:pcap:add", app);
    if (input.withVoice) demand(actor, "recording:recording:view", app);
    if (this.running !== null) throw new Conflict("Packets are captured already: stop that first.");
    const startedAt = app.env.clock.now();
    const untilAt = startedAt + input.minutes * 60_000;
    const capture: Capture = { ...input, id: newId(app.env), by: actor.id, startedAt, untilAt, endedAt: null };
    const before = this.capture;
    // Taken before anybody waits: two who begin in one moment are one too many.
    this.capture = capture;
    try {
      const { reason, keepMinutes, trunkId, stationId, conversationId, withVoice } = input;
      await this.tell("started", capture, actor.id, { reason, untilAt, keepMinutes, trunkId, stationId, conversationId, withVoice });
    } catch (error) {
      if (this.capture === capture) this.capture = before;
      throw error;
    }
    this.port.start(wantedOf(input), input.keepMinutes * 60_000);
    this.timer?.cancel();
    this.timer = app.env.clock.after(untilAt - startedAt, () => void this.end(app.nodeId));
    return capture;
  }

  /** @throws Forbidden · NotFound when none goes on */
  async stop(actor: Actor): Promise<void> {
    demand(actor, "telephony:pcap:add", this.app);
    if (this.running === null) throw new NotFound("capture that goes on");
    await this.end(actor.id);
  }

  /** A pcap file as far as it has come. @throws Forbidden · NotFound when nothing is kept */
  async download(actor: Actor): Promise<{ readonly name: string; readonly file: AsyncIterable<Uint8Array> }> {
    const { capture } = this;
    demand(actor, "telephony:pcap:view", this.app);
    if (capture?.withVoice === true) demand(actor, "recording:recording:view", this.app);
    if (capture === null) throw new NotFound("capture of which anything is kept");
    await this.tell("downloaded", capture, actor.id, { ...this.port.status() });
    return { name: `capture-${capture.id}.pcap`, file: this.port.file() };
  }

  /** First nothing more is taken, then it is told. */
  private async end(by: string): Promise<void> {
    const { running } = this;
    if (running === null) return;
    const { clock, log } = this.app.env;
    this.port.stop();
    this.timer?.cancel();
    this.capture = { ...running, endedAt: clock.now() };
    this.timer = clock.after(captureKeptMs, () => this.forget());
    try {
      await this.tell("ended", running, by, { ...this.port.status() });
    } catch (error) {
      log.error("end of a packet capture not kept", { capture: running.id, reason: String(error) });
      if (by !== this.app.nodeId) throw error;
    }
  }

  private forget(): void {
    this.capture = null;
    this.port.discard();
  }

  private async tell(
    what: "started" | "ended" | "downloaded",
    capture: Capture,
    actorId: string,
    facts: Readonly<Record<string, string | number | boolean | null>>,
  ): Promise<void> {
    const { app } = this;
    const subjects = [capture.id, capture.trunkId, capture.stationId, capture.conversationId, actorId].filter((one) => one !== null);
    const event = newEvent(app, {
      type: `telephony.capture.${what}`,
      actorId,
      subjectIds: [...new Set(subjects)],
      payload: { captureId: capture.id, nodeId: app.nodeId, ...facts },
    });
    await app.unit.run(async () => ({ value: undefined, events: [event] }));
  }
}

function wantedOf({ trunkId, stationId, conversationId, withVoice }: CaptureInput): CaptureWanted {
  return {
    trunkId: trunkId as TrunkId | null,
    stationId: stationId as StationId | null,
    conversationId: conversationId as ConversationId | null,
    withVoice,
  };
}
