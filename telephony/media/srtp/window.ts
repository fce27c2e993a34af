// Which packet indices were seen: a replay window of 128 (RFC 3711 §3.3.2), and the guess of a full index from its low bits (§3.3.1).

export const replayWindow = 128;

/** Indices count to 2^48: more than 32 bits, well within a double. Nothing is allocated after the start. */
export class IndexWindow {
  highest = -1;
  /** Slot i holds the last index seen that is i modulo the window. */
  private readonly seen = new Float64Array(replayWindow).fill(-1);

  /** Whether `index` is new: neither seen nor older than the window. */
  isFresh(index: number): boolean {
    return index >= 0 && index > this.highest - replayWindow && this.seen[index % replayWindow] !== index;
  }

  /** Only for what was authentic: a forged index must not move the window. */
  add(index: number): void {
    this.seen[index % replayWindow] = index;
    if (index > this.highest) this.highest = index;
  }

  /** The 48-bit index nearest to the highest one whose low 16 bits are `sequence` (appendix A); below zero when there is none. */
  guess(sequence: number): number {
    if (this.highest < 0) return sequence;
    const low = this.highest % 0x10000;
    const base = this.highest - low;
    if (low < 0x8000) return base + sequence - (sequence - low > 0x8000 ? 0x10000 : 0);
    return base + sequence + (low - 0x8000 > sequence ? 0x10000 : 0);
  }
}
