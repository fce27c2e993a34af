// A codec as a stream uses it: codes to samples at 8 kHz and back, one sample for each code, as every codec here has a code for each 125 µs.
import type { CodecName } from "../plane.ts";
import { aLawToMuLaw, type G711, g711, muLawToALaw } from "./g711.ts";
import { G722Decoder, G722Encoder, g722Silence } from "./g722.ts";
import { blockMax, Doubler, Halver } from "./resample.ts";

export interface Encoder {
  /** `size` samples from `from` on, as as many codes from `codes[to]` on. */
  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): void;
}

export interface Decoder {
  /** The codes between `start` and `end`, as as many samples. */
  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): void;
  /** Another sender. */
  reset(): void;
}

/** For one direction of one stream: what G.722 says depends on what it said before. */
export function encoderOf(codec: CodecName): Encoder {
  return codec === "G722" ? new WideEncoder() : new LawEncoder(g711(codec));
}

export function decoderOf(codec: CodecName): Decoder {
  return codec === "G722" ? new WideDecoder() : new LawDecoder(g711(codec));
}

/** The code that says nothing. */
export function silenceOf(codec: CodecName): number {
  return codec === "G722" ? g722Silence : g711(codec).silence;
}

/** How `from` becomes `to`: as it is, each code by itself by a table, or by way of its samples. */
export function wayBetween(from: CodecName, to: CodecName): "same" | "samples" | Uint8Array {
  if (from === to) return "same";
  if (from === "G722" || to === "G722") return "samples";
  return from === "PCMU" ? muLawToALaw : aLawToMuLaw;
}

class LawEncoder implements Encoder {
  constructor(private readonly law: G711) {}

  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): void {
    const { encode } = this.law;
    for (let i = 0; i < size; i++) codes[to + i] = encode[samples[from + i]! & 0xffff]!;
  }
}

class LawDecoder implements Decoder {
  constructor(private readonly law: G711) {}

  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): void {
    const { decode } = this.law;
    for (let i = start; i < end; i++) samples[i - start] = decode[codes[i]!]!;
  }

  reset(): void {
    // Each code stands for itself.
  }
}

class WideEncoder implements Encoder {
  private readonly encoder = new G722Encoder();
  private readonly doubler = new Doubler();
  private readonly wide = new Int16Array(2 * blockMax);

  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): void {
    for (let done = 0; done < size; done += blockMax) {
      const block = Math.min(blockMax, size - done);
      this.doubler.double(samples, from + done, block, this.wide);
      this.encoder.encode(this.wide, 2 * block, codes, to + done);
    }
  }
}

class WideDecoder implements Decoder {
  private readonly decoder = new G722Decoder();
  private readonly halver = new Halver();
  private readonly wide = new Int16Array(2 * blockMax);

  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): void {
    for (let at = start; at < end; at += blockMax) {
      const block = Math.min(blockMax, end - at);
      this.decoder.decode(codes, at, at + block, this.wide);
      this.halver.halve(this.wide, block, samples, at - start);
    }
  }

  reset(): void {
    this.decoder.reset();
    this.halver.reset();
  }
}
