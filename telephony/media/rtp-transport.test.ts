// Whom a plain RTP leg listens to and answers: the SDP's address, one learned peer behind NAT, and no stranger.
import { describe, expect, test } from "bun:test";
import type { RemoteRtp } from "./plane.ts";
import { writeHeader } from "./rtp/packet.ts";
import { RtpTransport } from "./rtp-transport.ts";
import type { Receive } from "./udp.ts";

const sdp: RemoteRtp = {
  address: "127.0.0.10",
  port: 4_000,
  rtcpPort: 4_001,
  codec: "PCMU",
  payloadType: 0,
  dtmfPayloadType: 101,
  ptimeMs: 20,
};

class Leg {
  heard = 0;
  reports = 0;
  readonly sent: string[] = [];
  readonly bugs: unknown[] = [];
  private deliver: { rtp: Receive; rtcp: Receive } | null = null;
  transport!: RtpTransport;

  static async open(remote: RemoteRtp | null = sdp): Promise<Leg> {
    const leg = new Leg();
    const socket = (name: string, port: number) => ({
      port,
      lost: 0,
      send: (_packet: Uint8Array, toPort: number, address: string) => void leg.sent.push(`${name} ${address}:${toPort}`),
      close: () => undefined,
    });
    const ports = {
      bind: async (_address: string, rtp: Receive, rtcp: Receive) => {
        leg.deliver = { rtp, rtcp };
        return { rtp: socket("rtp", 5_000), rtcp: socket("rtcp", 5_001) };
      },
    };
    leg.transport = await RtpTransport.open(ports, "127.0.0.1", {
      onRtp: () => void leg.heard++,
      onRtcp: () => void leg.reports++,
      onBug: (error) => void leg.bugs.push(error),
    });
    if (remote !== null) leg.transport.setRemote(remote);
    return leg;
  }

  /** Packets from there, numbered from `first`; how many of them were heard. */
  from(address: string, port: number, count: number, { first = 1, ssrc = 7 } = {}): number {
    const before = this.heard;
    for (let n = 0; n < count; n++) {
      const packet = new Uint8Array(172);
      writeHeader(packet, false, 0, (first + n) & 0xffff, n * 160, ssrc);
      this.deliver!.rtp(packet, address, port);
    }
    return this.heard - before;
  }

  report(address: string, port: number, on: "rtp" | "rtcp" = "rtcp"): number {
    const before = this.reports;
    this.deliver![on](Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1), address, port);
    return this.reports - before;
  }

  /** Where a packet and a report go now. */
  goesTo(): string[] {
    this.sent.length = 0;
    this.transport.sendRtp(new Uint8Array(172));
    this.transport.sendRtcp(new Uint8Array(8));
    return [...this.sent];
  }
}

const toSdp = ["rtp 127.0.0.10:4000", "rtcp 127.0.0.10:4001"];

test("RTP-01: until the peer is known nothing is heard or sent", async () => {
  const leg = await Leg.open(null);
  expect(leg.from("127.0.0.10", 4_000, 5)).toBe(0);
  expect(leg.goesTo()).toEqual([]);
  expect(leg.transport.isReady).toBe(false);
});

test("the SDP's address is heard and answered from the first packet", async () => {
  const leg = await Leg.open();
  expect(leg.from("127.0.0.10", 4_000, 5)).toBe(5);
  expect(leg.goesTo()).toEqual(toSdp);
});

test("RTP-01: once the SDP's address has spoken no stranger is heard or followed", async () => {
  const leg = await Leg.open();
  leg.from("127.0.0.10", 4_000, 1);
  expect(leg.from("127.0.0.66", 4_000, 100)).toBe(0);
  expect(leg.from("127.0.0.10", 4_002, 100)).toBe(0);
  expect(leg.transport.refused).toBe(200);
  expect(leg.goesTo()).toEqual(toSdp);
});

describe("behind NAT", () => {
  test("RTP-01: a peer is learned after three packets in a row, once", async () => {
    const leg = await Leg.open();
    expect(leg.from("127.0.0.20", 9_000, 5)).toBe(3);
    expect(leg.goesTo()).toEqual(["rtp 127.0.0.20:9000", "rtcp 127.0.0.20:9001"]);
    expect(leg.from("127.0.0.66", 9_000, 100)).toBe(0);
    expect(leg.goesTo()).toEqual(["rtp 127.0.0.20:9000", "rtcp 127.0.0.20:9001"]);
  });

  test("reports go where the learned peer's reports come from", async () => {
    const leg = await Leg.open();
    leg.from("127.0.0.20", 9_000, 3);
    expect(leg.report("127.0.0.66", 1)).toBe(0);
    expect(leg.report("127.0.0.20", 9_777)).toBe(1);
    expect(leg.goesTo()[1]).toBe("rtcp 127.0.0.20:9777");
  });

  test("RTP-01: the SDP's address wins whenever it speaks, and for good", async () => {
    const leg = await Leg.open();
    leg.from("127.0.0.66", 9_000, 10);
    expect(leg.from("127.0.0.10", 4_000, 1)).toBe(1);
    expect(leg.goesTo()).toEqual(toSdp);
    expect(leg.from("127.0.0.66", 9_000, 100)).toBe(0);
  });

  test("RTP-01: scattered, numberless or senseless packets are nobody", async () => {
    const leg = await Leg.open();
    for (let n = 0; n < 10; n++) {
      leg.from("127.0.0.66", 9_000 + n, 1);
      leg.from("127.0.0.66", 8_000, 1, { first: n * 10 });
      leg.from("127.0.0.66", 8_000, 1, { ssrc: n });
    }
    expect(leg.heard).toBe(0);
    expect(leg.goesTo()).toEqual(toSdp);
  });

  test("RTP-01: a spray of strangers ends the learning; the SDP's address is still heard", async () => {
    const leg = await Leg.open();
    for (let n = 0; n < 100; n++) leg.from("127.0.0.66", 10_000 + n, 1);
    expect(leg.from("127.0.0.20", 9_000, 20)).toBe(0);
    expect(leg.from("127.0.0.10", 4_000, 1)).toBe(1);
  });
});

test("the same address again keeps what was learned, another one begins anew", async () => {
  const leg = await Leg.open();
  leg.from("127.0.0.20", 9_000, 3);
  leg.transport.setRemote({ ...sdp, codec: "PCMA" });
  expect(leg.goesTo()[0]).toBe("rtp 127.0.0.20:9000");
  leg.transport.setRemote({ ...sdp, port: 4_100, rtcpPort: 4_101 });
  expect(leg.goesTo()).toEqual(["rtp 127.0.0.10:4100", "rtcp 127.0.0.10:4101"]);
  expect(leg.from("127.0.0.20", 9_000, 1, { first: 4 })).toBe(0);
});

test("a peer that shares one port for both gets and sends reports there", async () => {
  const leg = await Leg.open({ ...sdp, rtcpPort: sdp.port });
  expect(leg.report("127.0.0.10", 4_000, "rtp")).toBe(1);
  expect(leg.heard).toBe(0);
  expect(leg.goesTo()).toEqual(["rtp 127.0.0.10:4000", "rtp 127.0.0.10:4000"]);
});

test("port zero is held: nothing is sent", async () => {
  const leg = await Leg.open({ ...sdp, port: 0 });
  expect(leg.goesTo()).toEqual([]);
});

test("IPv6 is one address in any spelling", async () => {
  const leg = await Leg.open({ ...sdp, address: "0:0:0:0:0:0:0:1" });
  expect(leg.from("::1", 4_000, 1)).toBe(1);
});
