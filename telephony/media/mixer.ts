// A mix: on one clock, each member hears the sum of the others that it may hear; who hears the same shares one encoded frame.
import { g711, isLaw, type LawName } from "./codec/g711.ts";
import { JitterBuffer } from "./jitter-buffer.ts";
import { samplesPerTick } from "./outgoing.ts";
import type { StreamId } from "./plane.ts";
import type { MediaStream } from "./stream.ts";

const loudest = 32_767;

type Member = {
  readonly stream: MediaStream;
  heardBy: readonly StreamId[] | null;
  /** Those of `heardBy` that are here. */
  listeners: readonly Member[];
  /** What it says in this tick, if anything sounds, and what it hears. */
  readonly frame: Int16Array;
  sounds: boolean;
  hears: Sum;
};

export class Mixer {
  private readonly members = new Map<StreamId, Member>();
  /** Kept by `arrange`: everybody, those whom everybody hears, and those whom only some hear. */
  private all: readonly Member[] = [];
  private open: readonly Member[] = [];
  private aside: readonly Member[] = [];
  private isArranged = true;
  /** Sums of former ticks are used again. */
  private readonly sums: Sum[] = [new Sum()];
  private used = 0;

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get streams(): MediaStream[] {
    return [...this.members.values()].map(({ stream }) => stream);
  }

  /** Takes a stream in, or changes who hears it: those named, also such as come later; null: everybody. */
  put(stream: MediaStream, heardBy: readonly StreamId[] | null): void {
    const member = this.members.get(stream.streamId);
    if (member !== undefined) member.heardBy = heardBy;
    else {
      const frame = new Int16Array(samplesPerTick);
      this.members.set(stream.streamId, { stream, heardBy, listeners: [], frame, sounds: false, hears: this.sums[0]! });
    }
    this.isArranged = false;
  }

  remove(stream: MediaStream): void {
    this.members.delete(stream.streamId);
    stream.voice = null;
    this.isArranged = false;
  }

  /** The next 20 ms. They are due `atMs`, however late the process is: voices and numbers keep to that. */
  tick(atMs: number): void {
    if (!this.isArranged) this.arrange();
    this.used = 0;
    for (const member of this.open) listen(member, atMs);
    for (const member of this.aside) listen(member, atMs);
    this.add();
    for (const member of this.all) tell(member, atMs);
  }

  /** Decides what each hears. Sums branch only where two hear different things: a thousand who listen hear one. */
  private add(): void {
    const { all, open, aside } = this;
    const everybody = this.next(null);
    for (const { sounds, frame } of open) if (sounds) everybody.add(frame);
    for (const member of all) member.hears = everybody;
    for (const speaker of aside)
      if (speaker.sounds) for (const listener of speaker.listeners) listener.hears = this.branch(listener.hears, speaker);
    for (const speaker of open) {
      if (!speaker.sounds) continue;
      speaker.hears = this.next(speaker.hears);
      speaker.hears.subtract(speaker.frame);
    }
  }

  /** `sum` and `speaker` too, the same for all who heard the same so far. */
  private branch(sum: Sum, speaker: Member): Sum {
    if (sum.branchOf !== speaker || sum.branch === null) {
      const branch = this.next(sum);
      branch.add(speaker.frame);
      sum.branchOf = speaker;
      sum.branch = branch;
    }
    return sum.branch;
  }

  private next(from: Sum | null): Sum {
    if (this.used === this.sums.length) this.sums.push(new Sum());
    const sum = this.sums[this.used++]!;
    sum.begin(from);
    return sum;
  }

  /** Rare beside ticks: here it is found out whom anybody can hear, and only their packets are kept for the mix. */
  private arrange(): void {
    this.isArranged = true;
    this.all = [...this.members.values()];
    for (const member of this.all) {
      const { stream, heardBy } = member;
      member.sounds = false;
      member.listeners = [...new Set(heardBy)].flatMap((id) => (id === stream.streamId ? [] : (this.members.get(id) ?? [])));
      if (heardBy !== null && member.listeners.length === 0) stream.voice = null;
      else stream.voice ??= new JitterBuffer();
    }
    this.open = this.all.filter(({ heardBy }) => heardBy === null);
    this.aside = this.all.filter(({ listeners }) => listeners.length > 0);
  }
}

function listen(member: Member, atMs: number): void {
  const { stream, frame } = member;
  member.sounds = false;
  try {
    member.sounds = stream.voice?.take(frame, atMs) ?? false;
  } catch (error) {
    stream.onBug(error);
  }
}

function tell({ stream, hears }: Member, atMs: number): void {
  try {
    if (stream.hearsMix) hears.reach(stream, atMs);
  } catch (error) {
    stream.onBug(error);
  }
}

/** What some members hear in one tick: added up without loss, encoded once for each law when the first of them hears it; G.722 and Opus for each by itself, as these depend on what that one heard before. */
class Sum {
  branchOf: Member | null = null;
  branch: Sum | null = null;
  private readonly samples = new Int32Array(samplesPerTick);
  /** The same, no louder than the loudest; whether it is what `samples` say. */
  private readonly bounded = new Int16Array(samplesPerTick);
  private isBounded = false;
  private voices = 0;
  private readonly laws = { PCMU: new Law("PCMU"), PCMA: new Law("PCMA") };

  begin(from: Sum | null): void {
    this.branchOf = this.branch = null;
    this.laws.PCMU.isDone = this.laws.PCMA.isDone = this.isBounded = false;
    this.voices = from === null ? 0 : from.voices;
    if (this.voices === 0) this.samples.fill(0);
    else this.samples.set(from!.samples);
  }

  add(frame: Int16Array): void {
    const { samples } = this;
    for (let i = 0; i < samplesPerTick; i++) samples[i] = samples[i]! + frame[i]!;
    this.voices += 1;
  }

  subtract(frame: Int16Array): void {
    const { samples } = this;
    for (let i = 0; i < samplesPerTick; i++) samples[i] = samples[i]! - frame[i]!;
    this.voices -= 1;
  }

  reach(stream: MediaStream, atMs: number): void {
    const { codec } = stream.format!;
    if (!isLaw(codec)) stream.saySamples(this.clamped(), atMs);
    else stream.sayMixed(this.voices === 0 ? this.laws[codec].silence : this.laws[codec].encoded(this.clamped()), atMs);
    if (this.voices > 0) for (const recorder of stream.overheard) recorder.hear(atMs, this.samples);
  }

  /** Louder than the loudest stays the loudest: wrapping round would be a crack. */
  private clamped(): Int16Array {
    const { bounded, samples } = this;
    if (!this.isBounded) for (let i = 0; i < samplesPerTick; i++) bounded[i] = Math.max(-loudest, Math.min(loudest, samples[i]!));
    this.isBounded = true;
    return bounded;
  }
}

/** One sum in one law. */
class Law {
  isDone = false;
  readonly silence: Uint8Array;
  private readonly codes = new Uint8Array(samplesPerTick);
  private readonly encode: Uint8Array;

  constructor(codec: LawName) {
    this.encode = g711(codec).encode;
    this.silence = new Uint8Array(samplesPerTick).fill(g711(codec).silence);
  }

  encoded(samples: Int16Array): Uint8Array {
    const { codes, encode } = this;
    if (this.isDone) return codes;
    for (let i = 0; i < samplesPerTick; i++) codes[i] = encode[samples[i]! & 0xffff]!;
    this.isDone = true;
    return codes;
  }
}
