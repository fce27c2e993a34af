// A key pressed as tones, as packets that sipp plays: G.711 A-law in RTP, UDP, IPv4, Ethernet, in a file of libpcap's.
import { encodeG711 } from "../../telephony/media/codec/g711.ts";
import { soundDigit } from "../../telephony/media/dtmf-tones.ts";
import { writeHeader } from "../../telephony/media/rtp/packet.ts";

const frameMs = 20;
const toneFrames = 6;
/** Silence on both sides of it: whoever listens needs its end. */
const allFrames = 50;
const headBytes = 14 + 20 + 8;

export function keyPcap(digit: string): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  // Ethernet.
  head.writeUInt32LE(1, 20);
  return Buffer.concat([head, ...Array.from({ length: allFrames }, (_, n) => packet(digit, n))]);
}

function packet(digit: string, n: number): Buffer {
  const frame = new Int16Array(160);
  const at = n - 10;
  if (at >= 0 && at < toneFrames) soundDigit(digit, at * 160, frame);
  const rtp = new Uint8Array(12 + 160);
  writeHeader(rtp, n === 0, 8, n, n * 160, 77);
  rtp.set(encodeG711(frame, "PCMA"), 12);
  const size = headBytes + rtp.length;
  const bytes = Buffer.alloc(16 + size);
  bytes.writeUInt32LE(Math.floor((n * frameMs) / 1_000), 0);
  bytes.writeUInt32LE(((n * frameMs) % 1_000) * 1_000, 4);
  bytes.writeUInt32LE(size, 8);
  bytes.writeUInt32LE(size, 12);
  const ip = 16 + 14;
  bytes.writeUInt16BE(0x0800, ip - 2);
  bytes[ip] = 0x45;
  bytes.writeUInt16BE(size - 14, ip + 2);
  bytes[ip + 8] = 64;
  bytes[ip + 9] = 17;
  bytes.writeUInt16BE(33_000, ip + 20);
  bytes.writeUInt16BE(33_000, ip + 22);
  bytes.writeUInt16BE(size - 34, ip + 24);
  bytes.set(rtp, ip + 28);
  return bytes;
}
