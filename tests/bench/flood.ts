// A stranger, or a thousand: so many requests a second to one UDP port for so long; prints how many left and how many answers came, as JSON.
import { setTimeout as pause } from "node:timers/promises";

const { port, perSecond, seconds, sources, payload } = JSON.parse(process.argv[2] ?? "{}") as {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly sources: number;
  /** Hex instead of SIP. */
  readonly payload?: string;
};
let answers = 0;
const sockets = await Promise.all(
  Array.from({ length: sources }, (_, n) =>
    Bun.udpSocket({
      hostname: `127.9.${Math.floor(n / 250)}.${n & 255 || 256 - 1}`,
      socket: { data: () => void answers++, error: () => undefined },
    }),
  ),
);
const methods = ["REGISTER", "OPTIONS", "INVITE", "SUBSCRIBE", "MESSAGE"];
const garbage = payload === undefined ? null : Buffer.from(payload, "hex");
let sent = 0;
const startedAt = performance.now();
for (let slot = 1; slot <= seconds * 100; slot++) {
  for (; sent < (slot * perSecond) / 100; sent++) {
    const method = methods[sent % methods.length]!;
    const text = `${method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.9.0.1;branch=z9hG4bKf${sent};rport\r\nFrom: <sip:f@f>;tag=${sent}\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: f${sent}\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`;
    sockets[sent % sockets.length]!.send(garbage ?? text, port, "127.0.0.1");
  }
  const leftMs = startedAt + slot * 10 - performance.now();
  if (leftMs > 0) await pause(leftMs);
}
console.log(JSON.stringify({ sent, answers, seconds: (performance.now() - startedAt) / 1_000 }));
process.exit(0);
