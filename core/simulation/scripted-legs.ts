// CallControl without wires: callers and agents' devices that behave like people, in virtual time.
import type { CallCommand, CallControl, CallEvent } from "../call/call-control.ts";
import type { Env } from "../env/env.ts";
import type { ConversationId, LegId, StationId, TrunkId, UserId } from "../lib/id.ts";
import type { Faults } from "./faults.ts";
import type { Seeded } from "./virtual-time.ts";

type Leg = {
  readonly id: LegId;
  readonly conversationId: ConversationId;
  readonly stationId: StationId | null;
  state: "new" | "ringing" | "up" | "lost" | "ended";
};

export class ScriptedLegs implements CallControl {
  private listener: (event: CallEvent) => void = () => undefined;
  private readonly legs = new Map<LegId, Leg>();
  private readonly recordings = new Map<string, ConversationId>();

  constructor(
    private readonly env: Env,
    private readonly random: Seeded,
    private readonly users: readonly { readonly id: UserId; readonly stationId: StationId }[],
    private readonly faults: Faults,
  ) {}

  onEvent(listener: (event: CallEvent) => void): void {
    this.listener = listener;
  }

  isRegistered(): boolean {
    return true;
  }

  /** A caller: some hang up early, most press a key, all lose patience some time. */
  ring(conversationId: ConversationId, legId: LegId, random: Seeded): void {
    this.legs.set(legId, { id: legId, conversationId, stationId: null, state: "new" });
    const called = random.chance(0.02) ? "+441632960199" : "+441632960100";
    const caller = { number: "+447700900342", name: "Margaret Ellison" };
    this.listener({ kind: "call.offered", conversationId, legId, origin: { kind: "trunk", trunkId: "trunk" as TrunkId }, caller, called });
    if (random.chance(0.05)) this.later(random.below(3_000), () => this.hangUp(legId));
    this.later(60_000 + random.below(600_000), () => this.hangUp(legId));
  }

  send(command: CallCommand): void {
    switch (command.kind) {
      case "answer":
        return this.answer(command.legId);
      case "reject":
        return this.end(command.legId, "ended-by-us");
      case "hang-up":
        return this.end(command.legId, "ended-by-us");
      case "dial-station":
        return this.dial(command);
      case "play":
        // Prompts last four seconds; what loops never ends by itself.
        if (!command.loop)
          this.later(4_000, () => this.say({ kind: "play.finished", legId: command.legId, playId: command.playId, reason: "done" }));
        return;
      case "record-start":
        this.recordings.set(command.recordingId, command.conversationId);
        return;
      case "record-stop": {
        const { recordingId, conversationId } = command;
        if (!this.recordings.delete(recordingId)) return;
        this.later(50, () =>
          this.listener({
            kind: "recording.closed",
            recordingId,
            conversationId,
            path: "",
            chunks: 1,
            durationMs: 1_000,
            sizeBytes: 1,
            sha256: "",
          }),
        );
        return;
      }
      case "ring":
      case "progress":
      case "dial-trunk":
      case "refer-result":
      case "move":
      case "confirm":
      case "stop-play":
      case "bridge":
      case "unbridge":
      case "mix":
      case "record-channel":
      case "privacy":
      case "record-pause":
        return;
    }
  }

  private answer(legId: LegId): void {
    const leg = this.legs.get(legId);
    if (leg?.state !== "new") return;
    leg.state = "up";
    this.later(30, () => this.say({ kind: "leg.answered", legId }));
    if (this.random.chance(0.9))
      this.later(1_000 + this.random.below(9_000), () => this.say({ kind: "digit", legId, digit: this.random.pick(["1", "2", "2", "7"]) }));
  }

  private dial(command: Extract<CallCommand, { kind: "dial-station" }>): void {
    const { legId, conversationId, stationId, ringMs, autoAnswer } = command;
    const leg: Leg = { id: legId, conversationId, stationId, state: "ringing" };
    this.legs.set(legId, leg);
    if (autoAnswer) return void this.later(200, () => this.accept(leg));
    const mood = this.random.below(100);
    if (mood < 3) return void this.later(100, () => this.end(legId, "unreachable"));
    if (mood < 8) return void this.later(2_000, () => this.end(legId, "declined"));
    if (mood < 18) {
      if (this.faults.strikes("forget-ring-timer")) return;
      return void this.later(ringMs, () => this.end(legId, "no-answer"));
    }
    this.later(500 + this.random.below(Math.max(1, ringMs - 1_000)), () => this.accept(leg));
  }

  private accept(leg: Leg): void {
    if (leg.state !== "ringing") return;
    leg.state = "up";
    this.say({ kind: "leg.answered", legId: leg.id });
    this.later(10_000 + this.random.below(240_000), () => this.hangUp(leg.id));
    if (this.random.chance(0.1)) this.later(5_000, () => this.vanish(leg));
  }

  // A reload comes back in two seconds; a closed tab does not.
  private vanish(leg: Leg): void {
    if (leg.state !== "up") return;
    leg.state = "lost";
    this.say({ kind: "leg.lost", legId: leg.id });
    if (this.random.chance(0.6))
      this.later(2_000, () => this.listener({ kind: "station.registered", stationId: leg.stationId!, userAgent: "browser" }));
  }

  private hangUp(legId: LegId): void {
    this.end(legId, "hung-up");
  }

  private end(legId: LegId, reason: Extract<CallEvent, { kind: "leg.ended" }>["reason"]): void {
    const leg = this.legs.get(legId);
    if (leg === undefined || leg.state === "ended") return;
    leg.state = "ended";
    this.later(10, () => this.listener({ kind: "leg.ended", legId, reason, sipStatus: null }));
  }

  private say(event: Extract<CallEvent, { legId: LegId }>): void {
    if (this.legs.get(event.legId)?.state !== "ended") this.listener(event);
  }

  private later(ms: number, run: () => void): void {
    this.env.clock.after(ms, run);
  }

  /** How many devices there are; agents beyond them have none. */
  get devices(): number {
    return this.users.length;
  }
}
