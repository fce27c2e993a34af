// Sounds as files: 16-bit mono 8 kHz WAV to samples.
import { BadInput } from "./errors.ts";

/** The samples of a WAV file (RIFF, PCM, mono, 16 bits, 8 kHz). @throws BadInput that says what is wrong with the file */
export function loadSamples(wav: Uint8Array): Int16Array {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
  const word = (at: number): string => String.fromCharCode(...wav.subarray(at, at + 4));
  if (wav.length < 44 || word(0) !== "RIFF" || word(8) !== "WAVE") throw new BadInput("This is not a WAV file.");
  for (let at = 12; at + 8 <= wav.length; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === "fmt ") {
      const [format, channels, rate, bits] = [
        view.getUint16(at + 8, true),
        view.getUint16(at + 10, true),
        view.getUint32(at + 12, true),
        view.getUint16(at + 22, true),
      ];
      if (format !== 1 || channels !== 1 || rate !== 8_000 || bits !== 16)
        throw new BadInput("A prompt is a WAV file with PCM, one channel, 16 bits and 8,000 Hz.");
    } else if (word(at) === "data") {
      const samples = new Int16Array(Math.floor(Math.min(size, wav.length - at - 8) / 2));
      for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(at + 8 + i * 2, true);
      return samples;
    }
    at += 8 + size + (size & 1);
  }
  throw new BadInput("This WAV file holds no sound.");
}

/** 16-bit mono 8 kHz as a WAV file. */
export function wavOf(samples: Int16Array): Uint8Array {
  const wav = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(wav.buffer);
  const word = (at: number, text: string): void => wav.set(new TextEncoder().encode(text), at);
  word(0, "RIFF");
  view.setUint32(4, wav.length - 8, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, promptRate, true);
  view.setUint32(28, promptRate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, samples.length * 2, true);
  for (const [i, sample] of samples.entries()) view.setInt16(44 + i * 2, sample, true);
  return wav;
}

const promptRate = 8_000;
/** Speech at about this level is as loud as the prompts that come with the product; full scale is 1. */
const speechLevel = 0.12;
const peakMax = 0.89;
const fadeMs = 8;

/**
 * Whatever a person has recorded, as a prompt: PCM of 8, 16, 24 or 32 bits or 32-bit floats, one or two channels, 8 to 48 kHz. Channels are
 * mixed, the rate is brought to 8 kHz by a windowed sinc, the level to that of our own prompts, and both ends are faded against clicks.
 * @throws BadInput that says what is wrong with the file
 */
export function promptSamples(file: Uint8Array): Int16Array {
  const { rate, mono } = readWav(file);
  const at8k = resample(mono, rate);
  const gain = gainOf(at8k);
  const fade = (promptRate * fadeMs) / 1_000;
  return Int16Array.from(at8k, (value, i) => {
    const edge = Math.min(1, (i + 1) / fade, (at8k.length - i) / fade);
    return Math.round(Math.max(-1, Math.min(1, value * gain * edge)) * 32_767);
  });
}

function readWav(file: Uint8Array): { readonly rate: number; readonly mono: Float32Array } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const word = (at: number): string => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 44 || word(0) !== "RIFF" || word(8) !== "WAVE") throw new BadInput("This is not a WAV file.", "audio");
  let shape: { readonly format: number; readonly channels: number; readonly rate: number; readonly bits: number } | null = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === "fmt " && at + 24 <= file.length) {
      const tag = view.getUint16(at + 8, true);
      // Extensible: the real format is the beginning of its id.
      const format = tag === 0xfffe && at + 34 <= file.length ? view.getUint16(at + 32, true) : tag;
      shape = { format, channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) };
    } else if (word(at) === "data" && shape !== null) {
      return { rate: shape.rate, mono: mixed(view, at + 8, Math.min(size, file.length - at - 8), shape) };
    }
    at += 8 + size + (size & 1);
  }
  throw new BadInput("This WAV file holds no sound.", "audio");
}

function mixed(
  view: DataView,
  from: number,
  size: number,
  { format, channels, rate, bits }: { readonly format: number; readonly channels: number; readonly rate: number; readonly bits: number },
): Float32Array {
  const read = readers[`${format}/${bits}`];
  if (read === undefined) throw new BadInput("A prompt is a WAV file with plain PCM or floats.", "audio");
  if (channels !== 1 && channels !== 2) throw new BadInput("A prompt has one channel or two.", "audio");
  if (rate < promptRate || rate > 48_000) throw new BadInput("A prompt has 8,000 to 48,000 samples a second.", "audio");
  const frame = (bits / 8) * channels;
  const mono = new Float32Array(Math.floor(size / frame));
  for (let i = 0; i < mono.length; i++) {
    const at = from + i * frame;
    mono[i] = channels === 1 ? read(view, at) : (read(view, at) + read(view, at + bits / 8)) / 2;
  }
  return mono;
}

/** By format tag (1 PCM, 3 IEEE float) and bits; −1 to 1. */
const readers: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  "1/8": (view, at) => (view.getUint8(at) - 128) / 128,
  "1/16": (view, at) => view.getInt16(at, true) / 32_768,
  "1/24": (view, at) => ((view.getUint8(at) | (view.getInt16(at + 1, true) << 8)) as number) / 8_388_608,
  "1/32": (view, at) => view.getInt32(at, true) / 2_147_483_648,
  "3/32": (view, at) => {
    const value = view.getFloat32(at, true);
    return Number.isFinite(value) ? value : 0;
  },
};

/** Lanczos over 16 periods of the lower rate: what 8 kHz cannot hold is gone before it could fold back. */
function resample(input: Float32Array, rate: number): Float32Array {
  if (rate === promptRate) return input;
  const step = rate / promptRate;
  const half = 16 * step;
  const output = new Float32Array(Math.floor(input.length / step));
  for (let i = 0; i < output.length; i++) {
    const centre = i * step;
    const [first, last] = [Math.max(0, Math.ceil(centre - half)), Math.min(input.length - 1, Math.floor(centre + half))];
    let sum = 0;
    let weights = 0;
    for (let j = first; j <= last; j++) {
      const x = (j - centre) / step;
      // A little below half the rate, so that the slope of the filter lies inside.
      const weight = sinc(x * 0.95) * sinc(x / 16);
      sum += input[j]! * weight;
      weights += weight;
    }
    output[i] = weights === 0 ? 0 : sum / weights;
  }
  return output;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

// The mean over what is not silence, so that pauses do not make the words louder.
function gainOf(samples: Float32Array): number {
  const blocks: number[] = [];
  let peak = 0;
  for (let at = 0; at < samples.length; at += 160) {
    let sum = 0;
    const end = Math.min(samples.length, at + 160);
    for (let i = at; i < end; i++) {
      sum += samples[i]! ** 2;
      peak = Math.max(peak, Math.abs(samples[i]!));
    }
    blocks.push(sum / (end - at));
  }
  const loudest = Math.max(0, ...blocks);
  if (loudest < 1e-7) throw new BadInput("There is nothing to hear in it.", "audio");
  const heard = blocks.filter((power) => power > loudest / 100);
  const level = Math.sqrt(heard.reduce((sum, power) => sum + power, 0) / heard.length);
  return Math.min(speechLevel / level, peakMax / peak);
}
