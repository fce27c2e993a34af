// Wraps decrypted samples into a WAV file while they stream.

const rate = 8_000;
const channels = 2;
const bytesPerMs = (rate * channels * 2) / 1_000;

/** A 44-byte RIFF header for `durationMs` of 16-bit stereo at 8 kHz, then the samples. A broken recording breaks the stream: half a truth is none. */
export async function* wavOf(samples: AsyncIterable<Uint8Array>, durationMs: number): AsyncGenerator<Uint8Array> {
  yield header(Math.round(durationMs * bytesPerMs));
  yield* samples;
}

function header(dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + dataBytes, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, dataBytes, true);
  return bytes;
}
