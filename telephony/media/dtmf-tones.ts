// Digits as tones in the voice itself (ITU-T Q.23), of peers that have no telephone events: heard, and sent.

const low = [697, 770, 852, 941];
const high = [1_209, 1_336, 1_477, 1_633];
/** By row, then by column. */
const keys = "123A456B789C*0#D";
const rate = 8_000;
/** Goertzel's, of each tone. */
const [lowCoefficients, highCoefficients] = [low, high].map((tones) => tones.map((hz) => 2 * Math.cos((2 * Math.PI * hz) / rate))) as [
  number[],
  number[],
];

/** A look at the sound: 12.75 ms, in which neighbours among the tones can be told apart. The next one begins in the middle of it. */
const blockSamples = 102;
const stepSamples = 51;
/** Of a tone of 40 ms, which Q.24 wants heard, five looks have enough, wherever it begins; of one of 23 ms, which it wants passed over, four. */
const looksToBegin = 5;
/** A gap of 10 ms within a tone is a disturbance, one of 40 ms is between two. */
const looksToEnd = 4;
/** About -36 dBm0 for each tone: what is softer is an echo or somebody else's. */
const levelMin = 250;
/** The high tone may be 4 dB louder than the low one, or 8 dB softer (Q.24); 2 dB more for what a look misses beside their places. */
const [louderMax, softerMax] = [10 ** 0.6, 10 ** 1];
/** Each tone stands 6 dB above the others of its group, into which a louder one of the other group leaks. */
const peakMin = 10 ** 0.6;
/** Of all that sounds so much is the two tones: speech has more beside them. Tones 1.8 % off their place still have it. */
const shareMin = 0.6;

/** Hears the digits of one source, each once, at its end. */
export class ToneReceiver {
  private readonly block = new Int16Array(blockSamples);
  private filled = 0;
  /** What the last looks saw, and how many of them in a row. */
  private seen = -1;
  private looks = 0;
  /** The digit that sounds, by its place in `keys`; -1: none. */
  private digit = -1;
  private misses = 0;
  private blocks = 0;

  /** Whether a digit sounds now. */
  get isSounding(): boolean {
    return this.digit >= 0;
  }

  /** `size` samples at 8 kHz, right after the last ones. The digit that ended in them; null: none did. */
  push(samples: Int16Array, size: number): { readonly digit: string; readonly durationMs: number } | null {
    let ended: ReturnType<ToneReceiver["push"]> = null;
    for (let i = 0; i < size; i++) {
      this.block[this.filled++] = samples[i]!;
      if (this.filled < blockSamples) continue;
      ended = this.look(keyIn(this.block)) ?? ended;
      this.block.copyWithin(0, stepSamples);
      this.filled = blockSamples - stepSamples;
    }
    return ended;
  }

  reset(): void {
    this.filled = this.looks = this.misses = this.blocks = 0;
    this.seen = this.digit = -1;
  }

  private look(key: number): ReturnType<ToneReceiver["push"]> {
    this.looks = key === this.seen ? this.looks + 1 : 1;
    this.seen = key;
    if (this.digit < 0) {
      if (key >= 0 && this.looks >= looksToBegin) this.begin(key);
      return null;
    }
    this.blocks += 1;
    this.misses = key === this.digit ? 0 : this.misses + 1;
    if (this.misses < looksToEnd) return null;
    const ended = { digit: keys[this.digit]!, durationMs: Math.round(((this.blocks - this.misses) * stepSamples * 1_000) / rate) };
    this.digit = -1;
    // The next one may have begun already.
    if (key >= 0 && this.looks >= looksToBegin) this.begin(key);
    return ended;
  }

  private begin(key: number): void {
    this.digit = key;
    this.misses = 0;
    this.blocks = looksToBegin;
  }
}

/** Which key's tones a block is; -1: of none. */
function keyIn(block: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < blockSamples; i++) energy += block[i]! * block[i]!;
  // Both tones at the least level.
  if (energy < blockSamples * levelMin * levelMin) return -1;
  const [row, rowPower] = strongest(block, lowCoefficients);
  if (row < 0) return -1;
  const [column, columnPower] = strongest(block, highCoefficients);
  if (column < 0) return -1;
  if (columnPower > rowPower * louderMax || rowPower > columnPower * softerMax) return -1;
  return ((rowPower + columnPower) * 2) / blockSamples < shareMin * energy ? -1 : row * 4 + column;
}

/** The one of a group that stands out, and its power; -1: none does. */
function strongest(block: Int16Array, group: readonly number[]): [number, number] {
  const powers = group.map((coefficient) => powerAt(block, coefficient));
  const power = Math.max(...powers);
  const at = powers.indexOf(power);
  return [powers.every((other, i) => i === at || other * peakMin < power) ? at : -1, power];
}

/** Goertzel's: the square of the spectrum at one frequency, by its coefficient. */
function powerAt(block: Int16Array, k: number): number {
  let [a, b] = [0, 0];
  for (let i = 0; i < blockSamples; i++) {
    const c = block[i]! + k * a - b;
    b = a;
    a = c;
  }
  return a * a + b * b - k * a * b;
}

/** About -10 dBm0 for each tone, as phones have it. */
const amplitude = 7_000;

/** Fills `frame` with the two tones of a digit; `from`: how many samples of it have sounded before. */
export function soundDigit(digit: string, from: number, frame: Int16Array): void {
  const at = keys.indexOf(digit);
  const [row, column] = [low[at >> 2]!, high[at & 3]!];
  for (let i = 0; i < frame.length; i++) {
    const t = (2 * Math.PI * (from + i)) / rate;
    frame[i] = Math.round(amplitude * (Math.sin(row * t) + Math.sin(column * t)));
  }
}
