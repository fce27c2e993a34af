// Opus (RFC 6716) by libopus in WebAssembly, at the 8 kHz that mixes, prompts and recordings have. Between two who both speak it nothing comes here.
import {
  Application,
  createDecoder,
  createEncoder,
  isOpusError,
  loadLibopus,
  type OpusDecoderHandle,
  type OpusEncoderHandle,
} from "libopus-wasm";
import type { Decoder, Encoder } from "./codec.ts";

const sampleRate = 8_000;
const channels = 1;
/** Speech of a telephone's width is not told from the original there. */
const bitrate = 24_000;
/** Of 10: two thirds of what the best costs, and no difference that a listener names. */
const complexity = 5;
/** How much loss the encoder prepares for: what it adds is heard where the packet before was lost. */
const packetLossPercent = 10;
/** Frames that there are, in samples, 20 ms at most: 20, 10, 5 and 2.5 ms (RFC 6716 §2.1.4). */
const frames = [160, 80, 40, 20] as const;
/** 20 ms in which nothing sounds, for any decoder. */
const nothing = Uint8Array.of(0xf8, 0xff, 0xfe);
/** The longest packet, 120 ms (RFC 6716 §3.2.5). */
const packetSamplesMax = 960;

/** Compiles the library, once in a thread: until then nothing is heard of what is encoded or decoded. */
export async function prepareOpus(): Promise<void> {
  await loadLibopus();
}

/** Writes silence over a payload; where it ends then. */
export function silenceOpus(packet: Uint8Array, start: number, end: number): number {
  const size = Math.min(nothing.length, end - start);
  packet.set(nothing.subarray(0, size), start);
  return start + size;
}

/** A handle of the library, whose memory is its own and is given back by hand; it is there a moment after it was asked for. */
class Held<Handle extends { free(): void }> {
  handle: Handle | null = null;
  private isClosed = false;
  private failure: unknown = null;

  constructor(made: Promise<Handle>) {
    made.then(
      (handle) => {
        if (this.isClosed) handle.free();
        else this.handle = handle;
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** Null: not yet. @throws what kept it from being made */
  take(): Handle | null {
    if (this.failure !== null) throw this.failure;
    return this.handle;
  }

  close(): void {
    this.isClosed = true;
    this.handle?.free();
    this.handle = null;
  }
}

export class OpusEncoder implements Encoder {
  private readonly held = new Held<OpusEncoderHandle>(
    createEncoder({ sampleRate, channels, application: Application.Voip, bitrate, complexity, fec: true, packetLossPercent }),
  );

  fits(size: number): number {
    return frames.find((frame) => frame <= size) ?? 0;
  }

  encode(samples: Int16Array, from: number, size: number, codes: Uint8Array, to: number): number {
    const handle = this.held.take();
    if (handle === null) return 0;
    const packet = handle.encode(samples.subarray(from, from + size), { frameSize: size, maxPacketBytes: codes.length - to });
    codes.set(packet, to);
    return packet.length;
  }

  close(): void {
    this.held.close();
  }
}

export class OpusDecoder implements Decoder {
  private held = heldDecoder();

  decode(codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const handle = this.held.take();
    if (handle === null || end <= start) return 0;
    try {
      const heard = handle.decode(codes.subarray(start, end));
      samples.set(heard);
      return heard.length;
    } catch (error) {
      // What is no Opus is not heard; the next packet may be some again.
      if (isOpusError(error)) return 0;
      throw error;
    }
  }

  /** The library forgets only as a whole. */
  reset(): void {
    this.held.close();
    this.held = heldDecoder();
  }

  close(): void {
    this.held.close();
  }
}

function heldDecoder(): Held<OpusDecoderHandle> {
  return new Held(createDecoder({ sampleRate, channels, maxFrameSize: packetSamplesMax }));
}
