// Packet captures as a stranger reads them: what tcpdump says of a file, and its UDP packets one by one.
import { writeFileSync } from "node:fs";

export type Captured = {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly payload: Buffer;
};

/** How many packets tcpdump finds. @throws Error when it refuses the file, or one of its checksums is wrong */
export async function askTcpdump(file: Buffer, path: string): Promise<number> {
  writeFileSync(path, file);
  const asked = Bun.spawn(["/usr/bin/tcpdump", "-nn", "-vv", "-r", path], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([new Response(asked.stdout).text(), new Response(asked.stderr).text(), asked.exited]);
  if (code !== 0) throw new Error(`tcpdump ended with ${code}: ${err}`);
  const wrong = /^.*(bad cksum|bad udp cksum|truncated|invalid).*$/m.exec(out)?.[0];
  if (wrong !== undefined) throw new Error(`tcpdump says: ${wrong}`);
  return (out.match(/^\d\d:\d\d:\d\d\.\d+ IP/gm) ?? []).length;
}

/** Classic pcap, raw IPv4, UDP. */
export function packetsOf(file: Buffer): readonly Captured[] {
  const packets: Captured[] = [];
  for (let at = 24; at < file.length; ) {
    const ip = file.subarray(at + 16, at + 16 + file.readUInt32LE(at + 8));
    const address = (from: number): string => [...ip.subarray(from, from + 4)].join(".");
    packets.push({
      at: file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / 1_000,
      from: `${address(12)}:${ip.readUInt16BE(20)}`,
      to: `${address(16)}:${ip.readUInt16BE(22)}`,
      payload: ip.subarray(28),
    });
    at += 16 + ip.length;
  }
  return packets;
}

/** RTP alone (RFC 5761 §4): its payload type and what is said. */
export function rtpOf(packets: readonly Captured[]): readonly (Captured & { readonly type: number; readonly isBlank: boolean })[] {
  return packets.flatMap((packet) => {
    const [first = 0, second = 0] = packet.payload;
    if (first >> 6 !== 2 || (second >= 192 && second <= 223)) return [];
    const start = 12 + 4 * (first & 0x0f) + ((first & 0x10) === 0 ? 0 : 4 + 4 * packet.payload.readUInt16BE(14 + 4 * (first & 0x0f)));
    return [{ ...packet, type: second & 0x7f, isBlank: packet.payload.subarray(start).every((byte) => byte === 0) }];
  });
}
