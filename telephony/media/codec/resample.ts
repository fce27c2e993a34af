// Between 8 and 16 kHz: a half-band filter of 39 taps, of which every second one is zero but the middle one.

/** 20 samples on either side of the middle one, of which 10 count: flat up to 3.3 kHz, 50 dB down from 4.7 kHz on. */
const reach = 10;
const beta = 4.5;
/** What the sample 1, 3, 5… places off the middle one counts. */
const weights = halfBand();
/** What is taken at once at most: 20 ms at 8 kHz. */
export const blockMax = 160;

/** 8 to 16 kHz, 0.6 ms later. Nothing is allocated for a block. */
export class Doubler {
  private readonly work = new Int16Array(2 * reach - 1 + blockMax);

  /** `size` samples from `from` on become twice as many. */
  double(samples: Int16Array, from: number, size: number, doubled: Int16Array): void {
    const { work } = this;
    const past = 2 * reach - 1;
    for (let i = 0; i < size; i++) work[past + i] = samples[from + i]!;
    for (let i = 0; i < size; i++) {
      const before = i + reach - 1;
      let between = 0;
      for (let k = 0; k < reach; k++) between += weights[k]! * (work[before - k]! + work[before + 1 + k]!);
      doubled[2 * i] = work[before]!;
      doubled[2 * i + 1] = rounded(2 * between);
    }
    work.copyWithin(0, size, size + past);
  }
}

/** 16 to 8 kHz, 1.2 ms later. Nothing is allocated for a block. */
export class Halver {
  private readonly work = new Int16Array(4 * reach - 2 + 2 * blockMax);

  /** Twice `size` samples become `size`, from `to` on. */
  halve(samples: Int16Array, size: number, halved: Int16Array, to: number): void {
    const { work } = this;
    const past = 4 * reach - 2;
    for (let i = 0; i < 2 * size; i++) work[past + i] = samples[i]!;
    for (let i = 0; i < size; i++) {
      const middle = 2 * i + 2 * reach - 1;
      let sum = work[middle]! / 2;
      for (let k = 0; k < reach; k++) sum += weights[k]! * (work[middle - 1 - 2 * k]! + work[middle + 1 + 2 * k]!);
      halved[to + i] = rounded(sum);
    }
    work.copyWithin(0, 2 * size, 2 * size + past);
  }

  reset(): void {
    this.work.fill(0);
  }
}

/** As loud below zero as above: the lowest number of 16 bits is nobody's. */
function rounded(value: number): number {
  return Math.max(-32_767, Math.min(32_767, Math.round(value)));
}

/** The ideal filter under a Kaiser window; its halves weigh a quarter each, so that silence and every even tone keep their level. */
function halfBand(): Float64Array {
  const raw = Float64Array.from({ length: reach }, (_, k) => {
    const off = 2 * k + 1;
    const ideal = Math.sin((Math.PI * off) / 2) / (Math.PI * off);
    return (ideal * bessel(beta * Math.sqrt(1 - (off / (2 * reach)) ** 2))) / bessel(beta);
  });
  const sum = raw.reduce((all, one) => all + one, 0);
  return raw.map((one) => one / (4 * sum));
}

/** The modified Bessel function of order zero, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let n = 1; n < 30; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}
