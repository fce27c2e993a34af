// Both ends of every call: each leg sends 50 packets a second of G.711 and counts what comes back; prints sent and received as JSON.
import type { SrtpSuite } from "../../core/lib/media-encryption.ts";
import { encodeG711 } from "../../telephony/media/codec/g711.ts";
import { writeHeader } from "../../telephony/media/rtp/packet.ts";
import { keysOfText, Srtp } from "../../telephony/media/srtp/srtp.ts";

type Given = {
  readonly firstPort: number;
  readonly to: readonly { readonly port: number; readonly key: string | null }[];
  readonly seconds: number;
  /** Of the legs that have a key, which is what they send under; we send under `key`. */
  readonly suite: SrtpSuite;
  readonly key: string;
};
const { firstPort, to, seconds, suite, key: ours } = JSON.parse(process.argv[2] ?? "{}") as Given;
const srtp = to.map(({ key }) => (key === null ? null : new Srtp(suite, keysOfText(suite, ours), keysOfText(suite, key))));
let received = 0;
let reports = 0;
const sockets = await Promise.all(
  to.map(async (_, i) => ({
    rtp: await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: firstPort + i * 2,
      // What is not authentic was not received.
      socket: {
        data: (_socket, packet) => {
          const secured = srtp[i]!;
          if (secured === null || secured.unprotect(packet) !== null) received += 1;
        },
        error: () => undefined,
      },
    }),
    rtcp: await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: firstPort + i * 2 + 1,
      socket: { data: () => void reports++, error: () => undefined },
    }),
  })),
);
console.log("ready");
// A tone of 400 Hz, 20 ms of which meet themselves: mixes have something to add up.
const packet = new Uint8Array(172);
packet.set(
  encodeG711(
    Int16Array.from({ length: 160 }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * i) / 20))),
    "PCMU",
  ),
  12,
);
const report = new Uint8Array(28);
report.set([0x80, 200, 0, 6]);
const frames = seconds * 50;
let sent = 0;
let frame = 0;
const startedAt = performance.now();
// Legs are spread over the 20 ms, as in life: a twentieth of them every millisecond, as finely as a timer goes.
const slices = 20;
for (let slot = 0; slot < frames * slices; slot++) {
  const slice = slot % slices;
  frame = Math.floor(slot / slices);
  for (let i = slice; i < to.length; i += slices) {
    writeHeader(packet, frame === 0, 0, frame & 0xffff, (frame * 160) >>> 0, 1_000 + i);
    sockets[i]!.rtp.send(srtp[i]?.protect(packet) ?? packet, to[i]!.port, "127.0.0.1");
    sent += 1;
    if (frame % 250 === 249) {
      new DataView(report.buffer).setUint32(4, 1_000 + i);
      sockets[i]!.rtcp.send(srtp[i]?.protectRtcp(report) ?? report, to[i]!.port + 1, "127.0.0.1");
    }
  }
  const dueMs = ((slot + 1) * 20) / slices;
  const leftMs = startedAt + dueMs - performance.now();
  if (leftMs > 0) await Bun.sleep(leftMs);
}
await Bun.sleep(300);
console.log(JSON.stringify({ sent, received, reports }));
process.exit(0);
