// G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz sound in two bands, each ADPCM; bit-exact with the ITU's own software library, G.191.
//
//   16 kHz ──► transmit QMF ─┬─ lower band (0 to 4 kHz) ──► 6 bits ─┬─► one code for each two samples:
//                            └─ higher band (4 to 8 kHz) ─► 2 bits ─┘    higher << 6 | lower
//
// Names in capitals are the blocks of the recommendation, §6.2.

/**
 * Says silence, whatever was said before: of all codes only those of 1111 below tell the predictor of no difference, so that it forgets. An
 * encoder that hears nothing wavers between many.
 */
export const g722Silence = 0xff;

/** Table 11 of the recommendation: half of the 24 coefficients, which are symmetric. */
const qmf = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
/** Decision levels of the lower band, and the code on either side of zero. */
const levels6 = Int32Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023],
  ...[1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
const codesBelow = Int32Array.of(
  ...[0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4],
);
const codesAbove = Int32Array.of(
  ...[0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32],
);
/** What a code of 6, 4 and 2 bits says, in units of the scale factor. */
const outputs6 = Int32Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856],
  ...[-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728],
  ...[24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
const outputs4 = Int32Array.of(...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0]);
const outputs2 = Int32Array.of(-7408, -1616, 7408, 1616);
/** How a code moves the logarithm of its band's scale factor. */
const steps4 = Int32Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
const steps2 = Int32Array.of(798, -214, 798, -214);
/** 2048 times two to the power of n/32. */
const powers = Int32Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);
const higherLevel = 564;
const zeros = 6;
const taps = 24;

/** One band's predictor and scale factor: the same in encoder and decoder, led by the code alone. */
class Band {
  /** What is expected next, and the part of it that the zeros say. */
  signal = 0;
  scale: number;
  private fromZeros = 0;
  private log = 0;
  /** Differences and coefficients of the zeros, newest first. */
  private readonly differences = new Int32Array(zeros);
  private readonly coefficients = new Int32Array(zeros);
  private pole1 = 0;
  private pole2 = 0;
  private rebuilt1 = 0;
  private rebuilt2 = 0;
  private partial1 = 0;
  private partial2 = 0;

  constructor(private readonly first: { readonly scale: number; readonly logMax: number; readonly shift: number }) {
    this.scale = first.scale;
  }

  reset(): void {
    this.signal = this.fromZeros = this.log = this.pole1 = this.pole2 = 0;
    this.rebuilt1 = this.rebuilt2 = this.partial1 = this.partial2 = 0;
    this.scale = this.first.scale;
    this.differences.fill(0);
    this.coefficients.fill(0);
  }

  /** LOGSCL and SCALEL, or LOGSCH and SCALEH. */
  rescale(step: number): void {
    const { logMax, shift } = this.first;
    const log = ((this.log * 127) >> 7) + step;
    this.log = Math.max(0, Math.min(logMax, log));
    const by = shift - (this.log >> 11);
    const power = powers[(this.log >> 6) & 31]!;
    this.scale = (by < 0 ? power << -by : power >> by) << 2;
  }

  /** The adaptive predictor takes a quantized difference: RECONS, PARREC, UPPOL2, UPPOL1, UPZERO, DELAYA, FILTEP, FILTEZ, PREDIC. */
  adapt(difference: number): void {
    const rebuilt = saturate(this.signal + difference);
    const partial = saturate(this.fromZeros + difference);
    this.adaptPoles(partial);
    this.partial2 = this.partial1;
    this.partial1 = partial;
    this.fromZeros = this.adaptZeros(difference);
    const fromPoles = saturate(((this.pole1 * saturate(2 * rebuilt)) >> 15) + ((this.pole2 * saturate(2 * this.rebuilt1)) >> 15));
    this.rebuilt2 = this.rebuilt1;
    this.rebuilt1 = rebuilt;
    this.signal = saturate(fromPoles + this.fromZeros);
  }

  private adaptPoles(partial: number): void {
    const isLikeLast = partial < 0 === this.partial1 < 0;
    const four = saturate(this.pole1 * 4);
    const turned = isLikeLast ? Math.min(-four, 32_767) : four;
    const second = (partial < 0 === this.partial2 < 0 ? 128 : -128) + (turned >> 7) + ((this.pole2 * 32_512) >> 15);
    this.pole2 = Math.max(-12_288, Math.min(12_288, second));
    const first = saturate((isLikeLast ? 192 : -192) + ((this.pole1 * 32_640) >> 15));
    const max = saturate(15_360 - this.pole2);
    this.pole1 = Math.max(-max, Math.min(max, first));
  }

  /** What the zeros say of the next sample. */
  private adaptZeros(difference: number): number {
    const { differences, coefficients } = this;
    const step = difference === 0 ? 0 : 128;
    const isBelow = difference < 0;
    let sum = 0;
    let newer = difference;
    for (let i = 0; i < zeros; i++) {
      const older = differences[i]!;
      const coefficient = saturate((older < 0 === isBelow ? step : -step) + ((coefficients[i]! * 32_640) >> 15));
      coefficients[i] = coefficient;
      differences[i] = newer;
      sum += (coefficient * saturate(2 * newer)) >> 15;
      newer = older;
    }
    return saturate(sum);
  }
}

const lowerBand = { scale: 32, logMax: 18_432, shift: 8 };
const higherBand = { scale: 8, logMax: 22_528, shift: 10 };

/** Nothing is allocated for a frame. */
export class G722Encoder {
  private readonly lower = new Band(lowerBand);
  private readonly higher = new Band(higherBand);
  /** The last 24 samples, newest last, written twice so that they always lie in one piece. */
  private readonly past = new Int32Array(2 * taps);
  private at = 0;

  /** `size` samples at 16 kHz (an even number) as half as many codes, from `codes[to]` on. */
  encode(samples: Int16Array, size: number, codes: Uint8Array, to: number): void {
    for (let i = 0; i < size; i += 2) codes[to + (i >> 1)] = this.code(samples[i]!, samples[i + 1]!);
  }

  private code(first: number, second: number): number {
    const { past } = this;
    past[this.at] = past[this.at + taps] = first;
    past[this.at + 1] = past[this.at + 1 + taps] = second;
    this.at = (this.at + 2) % taps;
    let odd = 0;
    let even = 0;
    for (let i = 0; i < taps / 2; i++) {
      odd += past[this.at + 2 * i]! * qmf[i]!;
      even += past[this.at + 2 * i + 1]! * qmf[taps / 2 - 1 - i]!;
    }
    return (this.codeHigher(narrowed((even - odd) >> 14)) << 6) | this.codeLower(narrowed((even + odd) >> 14));
  }

  /** SUBTRA, QUANTL, INVQAL. */
  private codeLower(sample: number): number {
    const { lower } = this;
    const error = saturate(sample - lower.signal);
    const size = error < 0 ? ~error : error;
    let level = 1;
    while (level < 30 && size >= (levels6[level]! * lower.scale) >> 12) level += 1;
    const code = (error < 0 ? codesBelow : codesAbove)[level]!;
    const difference = (lower.scale * outputs4[code >> 2]!) >> 15;
    lower.rescale(steps4[code >> 2]!);
    lower.adapt(difference);
    return code;
  }

  /** SUBTRA, QUANTH, INVQAH. */
  private codeHigher(sample: number): number {
    const { higher } = this;
    const error = saturate(sample - higher.signal);
    const size = error < 0 ? ~error : error;
    const isLarge = size >= (higherLevel * higher.scale) >> 12;
    const code = (error < 0 ? 0 : 2) + (isLarge ? 0 : 1);
    const difference = (higher.scale * outputs2[code]!) >> 15;
    higher.rescale(steps2[code]!);
    higher.adapt(difference);
    return code;
  }
}

/** Nothing is allocated for a frame. */
export class G722Decoder {
  private readonly lower = new Band(lowerBand);
  private readonly higher = new Band(higherBand);
  /** Sums and differences of the bands, newest last, written twice so that they always lie in one piece. */
  private readonly past = new Int32Array(2 * taps);
  private at = 0;

  /** Another sender: it begins as ours would. */
  reset(): void {
    this.lower.reset();
    this.higher.reset();
    this.past.fill(0);
  }

  /** The codes between `start` and `end` as twice as many samples at 16 kHz. */
  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): void {
    const { past } = this;
    for (let i = start; i < end; i++) {
      const code = codes[i]!;
      const low = this.lowerSample(code & 0x3f);
      const high = this.higherSample(code >> 6);
      past[this.at] = past[this.at + taps] = low + high;
      past[this.at + 1] = past[this.at + 1 + taps] = low - high;
      this.at = (this.at + 2) % taps;
      let first = 0;
      let second = 0;
      for (let tap = 0; tap < taps / 2; tap++) {
        second += past[this.at + 2 * tap]! * qmf[tap]!;
        first += past[this.at + 2 * tap + 1]! * qmf[taps / 2 - 1 - tap]!;
      }
      samples[2 * (i - start)] = saturate(first >> 11);
      samples[2 * (i - start) + 1] = saturate(second >> 11);
    }
  }

  /** INVQBL and INVQAL: the listener hears 6 bits, the predictor is led by 4. */
  private lowerSample(code: number): number {
    const { lower } = this;
    const sample = narrowed(lower.signal + ((lower.scale * outputs6[code]!) >> 15));
    const difference = (lower.scale * outputs4[code >> 2]!) >> 15;
    lower.rescale(steps4[code >> 2]!);
    lower.adapt(difference);
    return sample;
  }

  private higherSample(code: number): number {
    const { higher } = this;
    const difference = (higher.scale * outputs2[code]!) >> 15;
    const sample = narrowed(higher.signal + difference);
    higher.rescale(steps2[code]!);
    higher.adapt(difference);
    return sample;
  }
}

const saturate = (value: number): number => Math.max(-32_768, Math.min(32_767, value));
/** LIMIT: a band has 15 bits. */
const narrowed = (value: number): number => Math.max(-16_384, Math.min(16_383, value));
