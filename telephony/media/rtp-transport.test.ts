// Whom an RTP leg listens to and answers: the SDP's address, one learned peer behind NAT, and no stranger; with SRTP, only who has the key.
import { describe, expect, test } from "bun:test";
import { type SrtpSuite, srtpSuites } from "../../core/lib/media-encryption.ts";
import type { RemoteRtp } from "./plane.ts";
import { writeHeader } from "./rtp/packet.ts";
import { RtpTransport } from "./rtp-transport.ts";
import { keysOfText, newKeyTexts, Srtp } from "./srtp/srtp.ts";
import type { Receive } from "./udp.ts";

const sdp: RemoteRtp = {
  address: "127.0.0.10",
  port: 4_000,
  rtcpPort: 4_001,
  codec: "PCMU",
  payloadType: 0,
  dtmfPayloadType: 101,
  dtmfUnitsPerMs: 8,
  ptimeMs: 20,
  srtp: null,
};

const keysOf = (byte: number) => newKeyTexts({ bytes: (size) => Buffer.alloc(size, byte) });

class Leg {
  heard = 0;
  reports = 0;
  readonly sent: string[] = [];
  readonly packets: Buffer[] = [];
  readonly bugs: unknown[] = [];
  private deliver: { rtp: Receive; rtcp: Receive } | null = null;
  transport!: RtpTransport;

  static async open(remote: RemoteRtp | null = sdp): Promise<Leg> {
    const leg = new Leg();
    const socket = (name: string, port: number) => ({
      port,
      lost: 0,
      send: (packet: Uint8Array, toPort: number, address: string) => {
        leg.sent.push(`${name} ${address}:${toPort}`);
        leg.packets.push(Buffer.from(packet));
      },
      close: () => undefined,
    });
    const ports = {
      bind: async (_address: string, rtp: Receive, rtcp: Receive) => {
        leg.deliver = { rtp, rtcp };
        return { rtp: socket("rtp", 5_000), rtcp: socket("rtcp", 5_001) };
      },
    };
    const events = {
      onRtp: () => void leg.heard++,
      onRtcp: () => void leg.reports++,
      onBug: (error: unknown) => void leg.bugs.push(error),
    };
    leg.transport = await RtpTransport.open(ports, "127.0.0.1", events, keysOf(1));
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

  /** A packet from there; how often it was heard. */
  take(packet: Uint8Array, address = "127.0.0.10", port = 4_000): number {
    const before = this.heard;
    this.deliver!.rtp(Uint8Array.from(packet), address, port);
    return this.heard - before;
  }

  takeReport(packet: Uint8Array): number {
    const before = this.reports;
    this.deliver!.rtcp(Uint8Array.from(packet), "127.0.0.10", 4_001);
    return this.reports - before;
  }

  /** Where a packet and a report go now. */
  goesTo(): string[] {
    this.sent.length = 0;
    this.transport.sendRtp(voice(0x7000));
    this.transport.sendRtcp(report);
    return [...this.sent];
  }
}

const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7);
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

/** The other side of an SRTP leg: its key is made of `byte`, ours of ones. */
function bobWith(suite: SrtpSuite, byte: number): { readonly srtp: Srtp; readonly remote: RemoteRtp } {
  const theirs = keysOf(byte)[suite];
  return {
    srtp: new Srtp(suite, keysOfText(suite, theirs), keysOfText(suite, keysOf(1)[suite])),
    remote: { ...sdp, srtp: { suite, key: theirs } },
  };
}

const voice = (sequence: number): Uint8Array => {
  const packet = new Uint8Array(172);
  writeHeader(packet, false, 0, sequence & 0xffff, sequence * 160, 7);
  return packet;
};

for (const suite of srtpSuites) {
  describe(suite, () => {
    test("RTP-02: what is not under the peer's key is not heard, from wherever it comes", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const mallory = bobWith(suite, 3);
      const leg = await Leg.open(remote);
      expect(leg.transport.protection).toBe(suite);
      expect([leg.from("127.0.0.10", 4_000, 5), leg.from("127.0.0.66", 6_666, 20)]).toEqual([0, 0]);
      for (let n = 0; n < 50; n++) leg.take(mallory.srtp.protect(voice(n))!, n % 2 === 0 ? "127.0.0.10" : "127.0.0.66");
      expect([leg.heard, leg.transport.refused]).toEqual([0, 75]);
      expect(leg.goesTo()).toEqual(toSdp);
      expect(leg.take(srtp.protect(voice(1))!)).toBe(1);
      expect([leg.report("127.0.0.10", 4_001), leg.report("127.0.0.10", 4_000, "rtp")]).toEqual([0, 0]);
      expect(leg.takeReport(srtp.protectRtcp(report)!)).toBe(1);
      expect(leg.bugs).toEqual([]);
    });

    test("RTP-01: only authentic packets teach where the peer is, and a spray of others does not stand in their way", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const leg = await Leg.open(remote);
      expect(leg.from("127.0.0.66", 6_666, 500)).toBe(0);
      for (let n = 1; n <= 10; n++) leg.take(srtp.protect(voice(n))!, "127.0.0.20", 4_700);
      expect(leg.heard).toBeGreaterThan(0);
      expect(leg.goesTo()[0]).toBe("rtp 127.0.0.20:4700");
    });

    test("RTP-03: a packet that was here before is refused, also from another address and after a re-offer with the same keys", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const leg = await Leg.open(remote);
      const sealed = Buffer.from(srtp.protect(voice(1))!);
      expect([leg.take(sealed), leg.take(sealed), leg.take(sealed, "127.0.0.66")]).toEqual([1, 0, 0]);
      leg.transport.setRemote({ ...remote, port: 4_010 });
      leg.transport.setRemote(remote);
      expect(leg.take(sealed)).toBe(0);
    });

    test("the counters go round both ways, and through a hold", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const leg = await Leg.open(remote);
      for (let n = 0xfff0; n < 0x20010; n += 16) {
        expect(leg.take(srtp.protect(voice(n))!)).toBe(1);
        leg.packets.length = 0;
        leg.transport.sendRtp(voice(n));
        expect(Buffer.from(srtp.unprotect(leg.packets[0]!)!).equals(voice(n))).toBe(true);
        if (n === 0x10000) leg.transport.setRemote({ ...remote });
      }
    });

    test("a new key of the peer ends its old one; ours is never used anew, whatever suite was in between", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const next = bobWith(suite, 4);
      const other = bobWith(suite === "AEAD_AES_128_GCM" ? "AES_CM_128_HMAC_SHA1_80" : "AEAD_AES_128_GCM", 5);
      const leg = await Leg.open(remote);
      leg.transport.sendRtp(voice(1));
      leg.transport.setRemote(next.remote);
      expect([leg.take(srtp.protect(voice(2))!), leg.take(next.srtp.protect(voice(2))!)]).toEqual([0, 1]);
      leg.transport.setRemote(other.remote);
      expect(leg.take(other.srtp.protect(voice(3))!)).toBe(1);
      leg.transport.setRemote(next.remote);
      leg.packets.length = 0;
      leg.transport.sendRtp(voice(1));
      expect(leg.packets).toEqual([]);
      leg.transport.sendRtp(voice(2));
      expect(next.srtp.unprotect(leg.packets[0]!)).not.toBeNull();
    });

    test("nothing leaves in clear", async () => {
      const { srtp, remote } = bobWith(suite, 2);
      const leg = await Leg.open(remote);
      leg.transport.sendRtp(voice(1));
      leg.transport.sendRtcp(report);
      expect(leg.packets.map(({ length }) => length > 172 || (length > report.length && length < 172))).toEqual([true, true]);
      expect([srtp.unprotect(leg.packets[0]!), srtp.unprotectRtcp(leg.packets[1]!)].includes(null)).toBe(false);
    });
  });
}
