// The port range of one worker: hands out even ports for RTP with the odd one above for RTCP (RFC 3550 §11), round the range.
import { openUdp, type Receive, type UdpSocket } from "./udp.ts";

export class PortRange {
  private readonly first: number;
  private readonly pairs: number;
  private next = 0;

  constructor(first: number, last: number) {
    this.first = first + (first & 1);
    this.pairs = Math.max(0, (last - this.first + 1) >> 1);
  }

  /** Binds the next free pair; going round gives a port the longest rest before packets of a call that is over could meet another. @throws Error when none is left */
  async bind(address: string, onRtp: Receive, onRtcp: Receive): Promise<{ readonly rtp: UdpSocket; readonly rtcp: UdpSocket }> {
    for (let tries = 0; tries < this.pairs; tries++) {
      const port = this.first + 2 * this.next;
      this.next = (this.next + 1) % this.pairs;
      const rtp = await openIfFree(address, port, onRtp);
      if (rtp === null) continue;
      const rtcp = await openIfFree(address, port + 1, onRtcp);
      if (rtcp !== null) return { rtp, rtcp };
      rtp.close();
    }
    throw new Error(`no free pair of ports among ${this.pairs} from ${this.first}`);
  }
}

async function openIfFree(address: string, port: number, receive: Receive): Promise<UdpSocket | null> {
  try {
    return await openUdp(address, port, receive);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return null;
    throw error;
  }
}
