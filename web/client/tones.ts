// The tones of a telephone, made by the browser: it rings over there, it is busy. Beside the call's sound, never in it.

type Burst = { readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number };
type Name = "ringback" | "busy";

/** About −13 dBm0, as a telephone's. */
const level = 0.12;
/** Rise and fall, so that nothing clicks. */
const edgeS = 0.005;

/** One at a time; a new one ends the one before. */
export class Tones {
  private context: AudioContext | null = null;
  private next: ReturnType<typeof setTimeout> | undefined;
  /** One of the country's; repeats until `stop`, or for `forMs`. */
  play(name: Name, forMs?: number): void {
    this.repeat((JSON.parse(document.body.dataset.tones ?? "{}") as Partial<Record<Name, readonly Burst[]>>)[name] ?? [], forMs);
  }

  repeat(bursts: readonly Burst[], forMs?: number): void {
    this.stop();
    if (bursts.length === 0) return;
    const context = new AudioContext();
    this.context = context;
    const round = (at: number): void => {
      const end = bursts.reduce((from, burst) => sound(context, burst, from), at);
      // Scheduled a moment early: the next round begins where this one ends.
      this.next = setTimeout(() => round(end), Math.max(0, (end - context.currentTime) * 1_000 - 200));
    };
    round(context.currentTime + 0.05);
    if (forMs !== undefined) setTimeout(() => this.context === context && this.stop(), forMs);
  }

  stop(): void {
    clearTimeout(this.next);
    void this.context?.close();
    this.context = null;
  }
}

/** Seconds in the context's time; returns where the pause after it ends. */
function sound(context: AudioContext, { hz, onMs, offMs }: Burst, from: number): number {
  const to = from + onMs / 1_000;
  const gain = context.createGain();
  gain.connect(context.destination);
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(level / hz.length, from + edgeS);
  gain.gain.setValueAtTime(level / hz.length, to - edgeS);
  gain.gain.linearRampToValueAtTime(0, to);
  for (const frequency of hz) {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(gain);
    oscillator.start(from);
    oscillator.stop(to);
  }
  return to + offMs / 1_000;
}
