// A codec as a stream uses it: codes to samples at 8 kHz and back. G.711 and G.722 have a code for each 125 µs, so that each is one sample; Opus has packets.
import type { CodecName } from "../plane.ts";
import { aLawToMuLaw, type G711, g711, isLaw, muLawToALaw } from "./g711.ts";
import { G722Decoder, G722Encoder, g722Silence } from "./g722.ts";
import { OpusDecoder, OpusEncoder, silenceOpus } from "./opus.ts";
import { blockMax, Doubler, Halver } from "./resample.ts";

export interface Encoder {
  /** How many of `size` samples a packet takes; 0: too few for one. */
  fits(size: number): number;
  /** `size` samples from `from` on, as codes from `codes[to]` on: how many these are, 0 when there are none yet. */
  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): number;
  /** Nothing follows. */
  close(): void;
}

export interface Decoder {
  /** The codes between `start` and `end`, as samples: how many these are, 0 for what cannot be understood. */
  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): number;
  /** Another sender. */
  reset(): void;
  /** Nothing follows. */
  close(): void;
}

/** For one direction of one stream: what G.722 and Opus say depends on what they said before. */
export function encoderOf(codec: CodecName): Encoder {
  if (codec === "OPUS") return new OpusEncoder();
  return codec === "G722" ? new WideEncoder() : new LawEncoder(g711(codec));
}

export function decoderOf(codec: CodecName): Decoder {
  if (codec === "OPUS") return new OpusDecoder();
  return codec === "G722" ? new WideDecoder() : new LawDecoder(g711(codec));
}

/** What its RTP timestamps count in a millisecond: Opus 48, whatever it carries (RFC 7587 §4.1), G.722 as if it were G.711. */
export function unitsPerMs(codec: CodecName): 8 | 48 {
  return codec === "OPUS" ? 48 : 8;
}

/** Writes what says nothing over a payload; where it ends then. */
export function silence(codec: CodecName, packet: Uint8Array, start: number, end: number): number {
  if (codec === "OPUS") return silenceOpus(packet, start, end);
  packet.fill(codec === "G722" ? g722Silence : g711(codec).silence, start, end);
  return end;
}

/** How `from` becomes `to`: as it is, each code by itself by a table, or by way of its samples. */
export function wayBetween(from: CodecName, to: CodecName): "same" | "samples" | Uint8Array {
  if (from === to) return "same";
  if (!isLaw(from) || !isLaw(to)) return "samples";
  return from === "PCMU" ? muLawToALaw : aLawToMuLaw;
}

/** One that has a code for each sample, and no memory that must be given back. */
abstract class Plain {
  fits(size: number): number {
    return size;
  }

  close(): void {
    // Nothing is held.
  }
}

class LawEncoder extends Plain implements Encoder {
  constructor(private readonly law: G711) {
    super();
  }

  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): number {
    const { encode } = this.law;
    for (let i = 0; i < size; i++) codes[to + i] = encode[samples[from + i]! & 0xffff]!;
    return size;
  }
}

class LawDecoder extends Plain implements Decoder {
  constructor(private readonly law: G711) {
    super();
  }

  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const { decode } = this.law;
    for (let i = start; i < end; i++) samples[i - start] = decode[codes[i]!]!;
    return end - start;
  }

  reset(): void {
    // Each code stands for itself.
  }
}

class WideEncoder extends Plain implements Encoder {
  private readonly encoder = new G722Encoder();
  private readonly doubler = new Doubler();
  private readonly wide = new Int16Array(2 * blockMax);

  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): number {
    for (let done = 0; done < size; done += blockMax) {
      const block = Math.min(blockMax, size - done);
      this.doubler.double(samples, from + done, block, this.wide);
      this.encoder.encode(this.wide, 2 * block, codes, to + done);
    }
    return size;
  }
}

class WideDecoder extends Plain implements Decoder {
  private readonly decoder = new G722Decoder();
  private readonly halver = new Halver();
  private readonly wide = new Int16Array(2 * blockMax);

  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    for (let at = start; at < end; at += blockMax) {
      const block = Math.min(blockMax, end - at);
      this.decoder.decode(codes, at, at + block, this.wide);
      this.halver.halve(this.wide, block, samples, at - start);
    }
    return end - start;
  }

  reset(): void {
    this.decoder.reset();
    this.halver.reset();
  }
}
