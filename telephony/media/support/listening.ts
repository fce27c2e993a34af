// What media tests need to listen: a tone's share of what was heard, and waiting for what real sockets bring.
import { rtpPacketBytesMax } from "../../../core/lib/limits.ts";
import { type Decoder, decoderOf, type Encoder } from "../codec/codec.ts";
import type { CodecName } from "../plane.ts";

/** All of it in one codec, as a peer says it. */
export function codesOf(samples: Int16Array, encoder: Encoder): Uint8Array {
  const codes = new Uint8Array(Math.max(samples.length, rtpPacketBytesMax));
  return codes.subarray(0, encoder.encode(samples, 0, samples.length, codes, 0));
}

/** What a peer hears in payloads that follow each other. */
export function samplesOf(payloads: readonly Uint8Array[], codec: CodecName): Int16Array {
  return decodedBy(decoderOf(codec), payloads);
}

/** The same, by a decoder that is ready: one of Opus is so a moment after it was made. */
export function decodedBy(decoder: Decoder, payloads: readonly Uint8Array[]): Int16Array {
  const parts = payloads.map((codes) => {
    const samples = new Int16Array(rtpPacketBytesMax);
    return samples.subarray(0, decoder.decode(codes, 0, codes.length, samples));
  });
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** Share of the energy that lies at `hz`, 0–1 (Goertzel). */
export function share(samples: ArrayLike<number>, hz: number): number {
  let [a, b, energy] = [0, 0, 0];
  const k = 2 * Math.cos((2 * Math.PI * hz) / 8_000);
  for (let i = 0; i < samples.length; i++) {
    const c = samples[i]! + k * a - b;
    b = a;
    a = c;
    energy += samples[i]! ** 2;
  }
  return energy === 0 ? 0 : (2 * (a * a + b * b - k * a * b)) / (samples.length * energy);
}

/** The same of every 100 ms: where a buffer stretched or skipped, phases move, and pitch and loudness do not. */
export function sharesByTenth(samples: Int16Array, hz: number): number[] {
  const shares: number[] = [];
  for (let at = 0; at + 800 <= samples.length; at += 800) shares.push(share(samples.subarray(at, at + 800), hz));
  return shares;
}

/** Looks again after every turn of the event loop until `find` finds something; the test's own time limit bounds it. */
export async function until<T>(find: () => T | null | undefined | false): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((done) => setImmediate(done));
  }
}
