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
