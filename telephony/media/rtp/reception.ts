// What one RTP source's packets tell about the path: loss, duplicates and jitter (RFC 3550 A.1, A.3, A.8).
import { sequenceDistance, timestampDistance } from "./packet.ts";

/** RFC 3550 A.1: a jump beyond these is a restarted source, once a second packet confirms it. */
const dropoutMax = 3_000;
const misorderMax = 100;

export class Reception {
  received = 0;
  duplicates = 0;
  /** In timestamp units, as in A.8 (not scaled by 16). */
  jitter = 0;
  highest = -1;
  cycles = 0;
  private base = 0;
  /** Loss and arrivals of sources and runs before the present one. */
  private lostBefore = 0;
  private receivedInRun = 0;
  private awaitedAfterJump = -1;
  private transit = 0;
  private hasTransit = false;
  private expectedAtReport = 0;
  private receivedAtReport = 0;

  /** A new source starts: what it lost so far stays counted. */
  restart(sequence: number): void {
    this.lostBefore = this.lost();
    this.base = this.highest = sequence;
    this.cycles = 0;
    this.receivedInRun = 0;
    this.awaitedAfterJump = -1;
    this.hasTransit = false;
    this.expectedAtReport = 0;
    this.receivedAtReport = 0;
  }

  /** Counts one packet; false when its sequence number is so far off that it must not be used. */
  arrived(sequence: number): boolean {
    if (this.highest < 0) this.restart(sequence);
    const distance = sequenceDistance(this.highest, sequence);
    if (distance > dropoutMax || distance < -misorderMax) {
      // Two packets in a row at the new place: the source restarted without telling (A.1).
      if (sequence !== this.awaitedAfterJump) {
        this.awaitedAfterJump = (sequence + 1) & 0xffff;
        return false;
      }
      this.restart(sequence);
    } else if (distance > 0) {
      if (sequence < this.highest) this.cycles += 0x10000;
      this.highest = sequence;
    } else if (this.receivedInRun > 0 && distance === 0) {
      this.duplicates++;
    }
    this.received++;
    this.receivedInRun++;
    return true;
  }

  /** Interarrival jitter (A.8); `arrivedAt` is in timestamp units of any fixed origin. */
  measure(rtpTimestamp: number, arrivedAt: number): void {
    // Both live on a 32-bit circle, so their difference does; subtraction there never loses precision.
    const transit = (Math.floor(arrivedAt) - rtpTimestamp) | 0;
    if (this.hasTransit) this.jitter += (Math.abs(timestampDistance(this.transit, transit)) - this.jitter) / 16;
    this.transit = transit;
    this.hasTransit = true;
  }

  /** Cumulative; duplicates can make a run's own count negative (A.3), the sum shown to people is not. */
  lost(): number {
    return this.lostBefore + (this.highest < 0 ? 0 : Math.max(0, this.expectedInRun() - this.receivedInRun));
  }

  /** The fields of a report block about this source since the last call (A.3). */
  report(): { readonly fractionLost: number; readonly packetsLost: number; readonly highestSequence: number; readonly jitter: number } {
    const expected = this.expectedInRun();
    const expectedNow = expected - this.expectedAtReport;
    const lostNow = expectedNow - (this.receivedInRun - this.receivedAtReport);
    this.expectedAtReport = expected;
    this.receivedAtReport = this.receivedInRun;
    return {
      fractionLost: expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow)),
      packetsLost: expected - this.receivedInRun,
      highestSequence: (this.cycles + this.highest) >>> 0,
      jitter: Math.floor(this.jitter),
    };
  }

  private expectedInRun(): number {
    return this.cycles + this.highest - this.base + 1;
  }
}
