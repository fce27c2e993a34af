// One voice on the mixer's clock: packets that come early, late, twice, out of order or never become 160 samples every 20 ms.
import { jitterDelayMsMax } from "../../core/lib/limits.ts";
import { samplesPerMs, samplesPerTick } from "./outgoing.ts";
import { timestampDistance } from "./rtp/packet.ts";

/** A second: what was played lately, so that its duplicates are known, and what waits. A power of two, so that positions find their place by a mask. */
const ringSamples = 8_192;
const ringMask = ringSamples - 1;
const keptSamples = 2_048;
const aheadSamples = ringSamples - keptSamples;
/** What no codec of ours says: here nothing has come. */
const absent = -32_768;

/** Pitch from 66 to 400 Hz. */
const lagMin = 20;
const lagMax = 120;
/** What a lag is judged by. */
const lagWindow = 120;
/** Stretching and skipping work within a frame: by half of it at most. */
const changeMax = samplesPerTick / 2;
const pastSamples = 2 * samplesPerTick;
/** A quarter of the longest period, over which a repeated one meets itself. */
const seamSamples = 30;
/** As in G.711 Appendix I: 10 ms as loud as before, then ever softer until 60 ms. */
const holdSamples = 80;
const fadedSamples = 480;
/** What was made up gives way to what came within 5 ms. */
const blendSamples = 40;

/** Softer than about -45 dBm0: a change of its length is not heard. */
const quietPeak = 160;
/** The zero of A-law is ±8: nothing sounds. */
const silentPeak = 8;
/**
 * With so much too much delay quiet is skipped, and sound where it repeats itself well; with so much too little either is stretched.
 * What a change adds or takes away must not ask for the other.
 */
const quietOff = changeMax;
const lateOff = samplesPerTick;
const earlyOff = changeMax / 2;
const likenessMin = 0.8;
/** Sound is changed by one period in 100 ms at most: 8 % is not heard as another pitch or pace. */
const restFrames = 5;
/** So far off there is no time for that: what is between is left out. */
const jumpSamples = jitterDelayMsMax * samplesPerMs;

/** A mixer's clock: each `take` is 20 ms after the one before. For every packet and every take nothing is allocated. */
export class JitterBuffer {
  /** Packets that came when their time was over. */
  late = 0;
  /** Samples made up for what was lost or late. */
  concealed = 0;
  /** How long what comes fastest waits until it is taken. */
  delayMs = 0;
  private readonly ring = new Int16Array(ringSamples).fill(absent);
  private readonly path = new Path();
  private source = -1;
  /** The newest packet's timestamp, where it lies, and where it ends: positions count samples of the source and do not wrap. */
  private newestTime = 0;
  private newestAt = 0;
  private endAt = 0;
  /** What is taken next. */
  private at = 0;
  /** Nothing is to be played: whatever comes next begins a talk spurt. */
  private isIdle = true;
  /** A spurt has begun; the next take decides where it is played from. */
  private isFresh = false;
  private spurtAt = 0;
  private rest = 0;

  /** What was taken last, then the frame in the making, then room to look ahead. */
  private readonly work = new Int16Array(pastSamples + samplesPerTick + changeMax);
  /** What is repeated in a gap, how long it is, samples into the gap, those of them that came not, and the way back out of it. */
  private readonly period = new Int16Array(lagMax);
  private lag = lagMin;
  private gap = fadedSamples;
  private missing = 0;
  private blend = 0;

  /** The longest wait that is aimed at now. */
  get targetMs(): number {
    return this.path.delay / samplesPerMs;
  }

  /** One packet's samples, `size` of them; a mark begins a talk spurt (RFC 3551 §4.1). */
  put(samples: Int16Array, size: number, source: number, timestamp: number, isMarked: boolean, nowMs: number): void {
    let at = this.newestAt + timestampDistance(this.newestTime, timestamp);
    if (size <= 0) return;
    if (source !== this.source) at = this.restart(source);
    const transit = nowMs * samplesPerMs - at;
    // A clock that has jumped is heard when what was left of before has faded; a single packet that is out of all place never is.
    if (!this.isIdle && (at < this.at - keptSamples || at + size > this.at + aheadSamples || transit < this.path.fastest - jumpSamples))
      return;
    if (this.isIdle) this.wake(at, timestamp, transit, isMarked);
    else if (this.ring[at & ringMask] !== absent) return;
    this.path.arrived(transit);
    if (at > this.newestAt) {
      this.newestAt = at;
      this.newestTime = timestamp;
    }
    this.endAt = Math.max(this.endAt, at + size);
    if (this.isFresh) this.spurtAt = Math.min(this.spurtAt, at);
    if (at + size <= this.at) this.late += 1;
    for (let i = 0; i < size; i++) this.ring[(at + i) & ringMask] = samples[i]!;
  }

  /** The next 20 ms into `frame`; false: nothing sounds, and `frame` means nothing. */
  take(frame: Int16Array, atMs: number): boolean {
    if (this.isIdle) return false;
    const wantedAt = Math.round(atMs * samplesPerMs - this.path.fastest - this.path.delay);
    if (this.isFresh) this.begin(wantedAt);
    if (wantedAt - this.at > jumpSamples) this.jump(wantedAt - this.at);
    this.delayMs = atMs - (this.at + this.path.fastest) / samplesPerMs;
    const whole = this.draw();
    const peak = this.peak();
    this.advance(samplesPerTick);
    this.approach(wantedAt + samplesPerTick - this.at, whole, peak < quietPeak);
    const { work } = this;
    for (let i = 0; i < samplesPerTick; i++) frame[i] = work[pastSamples + i]!;
    work.copyWithin(0, samplesPerTick, samplesPerTick + pastSamples);
    if (this.gap >= fadedSamples && this.endAt <= this.at) this.clear();
    return peak > silentPeak;
  }

  /** What waits is never heard; the next packet begins anew. */
  clear(): void {
    if (this.isIdle) return;
    this.isIdle = true;
    this.isFresh = false;
    this.gap = fadedSamples;
    this.blend = 0;
    this.work.fill(0);
  }

  // ── Where packets belong ──

  /** Positions begin anew; what is left of the source before fades. */
  private restart(source: number): number {
    this.source = source;
    this.isIdle = true;
    this.path.restart();
    return 0;
  }

  private wake(at: number, timestamp: number, transit: number, isMarked: boolean): void {
    // A pause that the sender announces was no loss.
    if (isMarked) this.missing = 0;
    else this.commit();
    // The path has become longer, or the sender's clock was set back or stood still while it said nothing.
    if (transit - this.path.fastest > this.path.delay) this.path.restart();
    this.isIdle = false;
    this.isFresh = true;
    this.spurtAt = this.newestAt = this.endAt = at;
    this.newestTime = timestamp;
    this.at = at - jumpSamples;
    this.ring.fill(absent);
  }

  /** The spurt's first word is never cut, should its first packet be a slow one. */
  private begin(wantedAt: number): void {
    this.isFresh = false;
    this.advance(Math.max(0, Math.min(wantedAt, this.spurtAt) - this.at));
  }

  private jump(size: number): void {
    if (this.gap === 0) {
      this.enterGap(pastSamples);
      this.gap = 1;
    }
    this.blend = 0;
    this.advance(size);
  }

  /** What is played now is kept for a while, and the same room ahead becomes free. */
  private advance(size: number): void {
    const from = (this.at - keptSamples) & ringMask;
    const end = from + size;
    this.ring.fill(absent, from, Math.min(end, ringSamples));
    if (end > ringSamples) this.ring.fill(absent, 0, end - ringSamples);
    this.at += size;
  }

  // ── What is heard ──

  /** Fills the frame; how much of its end is just what came. */
  private draw(): number {
    const { ring, work, at } = this;
    let whole = 0;
    for (let i = 0; i < samplesPerTick; i++) {
      const sample = ring[(at + i) & ringMask]!;
      if (sample !== absent && this.gap === 0) {
        work[pastSamples + i] = sample;
        whole += 1;
      } else {
        whole = 0;
        work[pastSamples + i] = sample === absent ? this.conceal(at + i, pastSamples + i) : this.leaveGap(sample);
      }
    }
    return whole;
  }

  private peak(): number {
    const { work } = this;
    let peak = 0;
    for (let i = pastSamples; i < pastSamples + samplesPerTick; i++) {
      const size = Math.abs(work[i]!);
      if (size > peak) peak = size;
    }
    return peak;
  }

  private conceal(at: number, index: number): number {
    if (this.gap === 0) this.enterGap(index);
    this.blend = 0;
    if (at >= this.spurtAt) this.missing += 1;
    return this.repeated();
  }

  private leaveGap(sample: number): number {
    const part = ++this.blend / blendSamples;
    const blended = Math.round(this.repeated() * (1 - part) + sample * part);
    if (this.blend === blendSamples) {
      this.gap = this.blend = 0;
      this.commit();
    }
    return blended;
  }

  private commit(): void {
    this.concealed += this.missing;
    this.missing = 0;
  }

  /** The last period before `index`, made to meet itself, is what will be repeated. */
  private enterGap(index: number): void {
    const { work, period } = this;
    const lag = bestLag(work, index - lagWindow, lagWindow, lagMax, 0);
    this.lag = lag;
    for (let i = 0; i < lag; i++) period[i] = work[index - lag + i]!;
    const seam = Math.min(seamSamples, lag);
    for (let i = 0; i < seam; i++) {
      const part = (i + 1) / (seam + 1);
      const slot = lag - seam + i;
      period[slot] = Math.round(period[slot]! * (1 - part) + work[index - lag - seam + i]! * part);
    }
  }

  private repeated(): number {
    const { gap } = this;
    if (gap >= fadedSamples) return 0;
    this.gap = gap + 1;
    const loudness = gap < holdSamples ? 1 : (fadedSamples - gap) / (fadedSamples - holdSamples);
    return Math.round(this.period[gap % this.lag]! * loudness);
  }

  // ── Nearer to the wanted delay ──

  /** `off`: how many samples too many wait; fewer than none, when it is too few. */
  private approach(off: number, whole: number, isQuiet: boolean): void {
    this.rest = Math.max(0, this.rest - 1);
    if (off >= (isQuiet ? quietOff : lateOff) && whole === samplesPerTick) this.skip(isQuiet);
    else if (off <= -earlyOff && whole >= changeMax) this.stretch(isQuiet);
  }

  /** The frame flows into what comes a period later. */
  private skip(isQuiet: boolean): void {
    const { work, ring, at } = this;
    const end = pastSamples + samplesPerTick;
    for (let i = 0; i < changeMax; i++) {
      const sample = ring[(at + i) & ringMask]!;
      if (sample === absent) return;
      work[end + i] = sample;
    }
    const lag = this.lagOfChange(isQuiet, end + changeMax - samplesPerTick);
    if (lag === 0) return;
    for (let i = 0; i < samplesPerTick; i++) {
      const part = (i + 1) / samplesPerTick;
      work[pastSamples + i] = Math.round(work[pastSamples + i]! * (1 - part) + work[pastSamples + lag + i]! * part);
    }
    this.advance(lag);
  }

  /** The frame flows back into what was a period before; its end is taken again. */
  private stretch(isQuiet: boolean): void {
    const { work } = this;
    const lag = this.lagOfChange(isQuiet, pastSamples);
    if (lag === 0) return;
    const fresh = samplesPerTick - lag;
    // From the end, as each sample is made of earlier ones.
    for (let i = samplesPerTick - 1; i >= 0; i--) {
      const part = Math.min(1, (i + 1) / fresh);
      work[pastSamples + i] = Math.round(work[pastSamples + i]! * (1 - part) + work[pastSamples + i - lag]! * part);
    }
    this.at -= lag;
  }

  /** 0: better left as it is for now. */
  private lagOfChange(isQuiet: boolean, index: number): number {
    if (isQuiet) return changeMax;
    if (this.rest > 0) return 0;
    const lag = bestLag(this.work, index, samplesPerTick, changeMax, likenessMin);
    if (lag > 0) this.rest = restFrames;
    return lag;
  }
}

/** Over how many samples the sound from `index` on is most like what was before it; 0 when nothing is as like as `least`. */
function bestLag(samples: Int16Array, index: number, size: number, max: number, least: number): number {
  let energy = 0;
  for (let i = index; i < index + size; i++) energy += samples[i]! ** 2;
  let [best, likeness] = [least > 0 ? 0 : lagMin, Math.max(least, 1e-9)];
  if (energy === 0) return best;
  for (let lag = lagMin; lag <= max; lag++) {
    let product = 0;
    let before = 0;
    for (let i = index; i < index + size; i++) {
      const earlier = samples[i - lag]!;
      product += samples[i]! * earlier;
      before += earlier * earlier;
    }
    if (product <= 0) continue;
    const like = product / Math.sqrt(energy * before);
    if (like > likeness) {
      best = lag;
      likeness = like;
    }
  }
  return best;
}

const binSamples = 5 * samplesPerMs;
const bins = 64;
/** The fastest packet of this many, and of as many before them: clocks drift by a millisecond meanwhile. */
const windowPackets = 100;
/** Every so many packets the delay is found anew, and what was before counts less: half after some five seconds. */
const foundAfter = 16;
const remembered = 0.95;
/** Of a hundred packets two may come too late: waiting for the slowest costs everybody more than a repeated period. */
const inTime = 0.98;
const delayMin = samplesPerTick;
const delayMax = jitterDelayMsMax * samplesPerMs;

/** How packets travel, in samples between the sender's clock and ours: the fastest of late, and how long after it the others come. */
class Path {
  /** Until something is known, two frames: what a network without trouble needs. */
  delay = 2 * samplesPerTick;
  fastest = Infinity;
  private fastestBefore = Infinity;
  private fastestNow = Infinity;
  private packets = 0;
  private readonly slowness = new Float64Array(bins);

  /** Another clock; what was learned of the way to it holds. */
  restart(): void {
    this.fastest = this.fastestBefore = this.fastestNow = Infinity;
    this.packets = 0;
  }

  arrived(transit: number): void {
    if (this.packets > 0 && this.packets % windowPackets === 0) {
      this.fastestBefore = this.fastestNow;
      this.fastestNow = Infinity;
    }
    this.packets += 1;
    this.fastestNow = Math.min(this.fastestNow, transit);
    this.fastest = Math.min(this.fastestNow, this.fastestBefore);
    const bin = Math.min(bins - 1, Math.floor((transit - this.fastest) / binSamples));
    this.slowness[bin] = this.slowness[bin]! + 1;
    if (this.packets % foundAfter === 0) this.findDelay();
  }

  /** A frame is whole when the packet of its last sample has come: 20 ms after the one of its first. */
  private findDelay(): void {
    let all = 0;
    for (let bin = 0; bin < bins; bin++) {
      this.slowness[bin] = this.slowness[bin]! * remembered;
      all += this.slowness[bin]!;
    }
    let bin = 0;
    for (let came = this.slowness[0]!; came < all * inTime && bin < bins - 1; came += this.slowness[bin]!) bin += 1;
    this.delay = Math.max(delayMin, Math.min(delayMax, (bin + 1) * binSamples + samplesPerTick));
  }
}
