// CPU of a packet between two streams, in µs, by what becomes of it: passed on, its law changed, transcoded, mixed; without sockets; asserts nothing.
import { realEnv } from "../../cmd/env.ts";
import { rtpPacketBytesMax } from "../../core/lib/limits.ts";
import { encoderOf, unitsPerMs } from "../../telephony/media/codec/codec.ts";
import { prepareOpus } from "../../telephony/media/codec/opus.ts";
import { Mixer } from "../../telephony/media/mixer.ts";
import type { CodecName } from "../../telephony/media/plane.ts";
import { writeHeader } from "../../telephony/media/rtp/packet.ts";
import { MediaStream } from "../../telephony/media/stream.ts";
import { endlessTone } from "../../telephony/media/tone.ts";
import { median } from "./measuring.ts";

const runs = Number(process.argv[2] ?? 5);
const packets = 20_000;
const types: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };
/** As fast as the processor, and 20 ms for each packet all the same. */
let nowMs = 0;
const real = realEnv("error");
const env = { ...real, clock: { ...real.clock, monotonic: () => nowMs } };
const nothing = (): void => undefined;

function stream(id: string, codec: CodecName): MediaStream {
  const made = new MediaStream(id, env, {
    ...{ onConnected: nothing, onDigit: nothing, onTrouble: nothing, onStats: nothing },
    onBug: (error) => {
      throw error;
    },
  });
  made.format = { codec, payloadType: types[codec], dtmfPayloadType: null, dtmfUnitsPerMs: 8 };
  made.direction = "sendrecv";
  made.transport = {
    ...{
      isReady: true,
      refused: 0,
      refusedFrom: "",
      peerAddress: "",
      isBrowser: false,
      isGone: false,
      protocol: "udp",
      protection: "none",
    },
    ...{ sendRtp: nothing, sendRtcp: nothing, housekeep: nothing, close: nothing },
  };
  return made;
}

/** A second of a tone, packet by packet. */
async function said(codec: CodecName): Promise<Uint8Array[]> {
  const [encoder, tone] = [encoderOf(codec), endlessTone([440, 1_000])];
  await ready();
  return Array.from({ length: 50 }, (_, n) => {
    const packet = new Uint8Array(rtpPacketBytesMax);
    return packet.slice(0, 12 + encoder.encode(tone, n * 160, 160, packet, 12));
  });
}

/** What is made of Opus is there a moment later. */
async function ready(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

/** µs for each packet that `from` says; `after`: what happens 20 ms later. */
async function cost(from: MediaStream, after: () => void): Promise<number> {
  const room = new Uint8Array(rtpPacketBytesMax);
  let sequence = 0;
  const { codec, payloadType } = from.format!;
  const sound = await said(codec);
  const step = 20 * unitsPerMs(codec);
  const run = (size: number): number => {
    const before = process.cpuUsage();
    for (let n = 0; n < size; n++) {
      const payload = sound[n % 50]!;
      room.set(payload);
      writeHeader(room, false, payloadType, sequence & 0xffff, (sequence * step) >>> 0, 77);
      sequence += 1;
      from.onRtp(room.subarray(0, payload.length));
      nowMs += 20;
      after();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / size;
  };
  // The first second is the compiler's.
  run(packets / 4);
  return run(packets);
}

await prepareOpus();
console.log(`${packets} packets of 20 ms, medians of ${runs}`);
for (const [a, b] of [
  ["PCMA", "PCMA"],
  ["PCMA", "PCMU"],
  ["G722", "G722"],
  ["G722", "PCMA"],
  ["PCMA", "G722"],
  ["OPUS", "OPUS"],
  ["OPUS", "PCMA"],
  ["PCMA", "OPUS"],
] as const) {
  const [bridged, mixed]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    const [from, to] = [stream("from", a), stream("to", b)];
    [from.partner, to.partner] = [to, from];
    bridged.push(await cost(from, nothing));
    const mixer = new Mixer();
    const [speaker, listener] = [stream("from", a), stream("to", b)];
    mixer.put(speaker, null);
    mixer.put(listener, []);
    mixed.push(await cost(speaker, () => mixer.tick(nowMs)));
    for (const each of [from, to, speaker, listener]) each.close();
  }
  console.log(`${a} to ${b}`.padEnd(16), `bridged ${median(bridged).toFixed(1)} µs`.padEnd(20), `mixed ${median(mixed).toFixed(1)} µs`);
}
process.exit(0);
