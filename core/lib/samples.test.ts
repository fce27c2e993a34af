// What people record becomes a prompt: the right pitch, no fold-back, an even level, no clicks, and errors that say what is wrong.
import { describe, expect, test } from "bun:test";
import { loadSamples, promptSamples, wavOf } from "./samples.ts";

type Shape = { readonly rate: number; readonly channels: 1 | 2; readonly bits: 8 | 16 | 24 | 32; readonly float?: boolean };

/** One second of the tones, each at its level. */
function recorded(shape: Shape, tones: readonly (readonly [hz: number, level: number])[]): Uint8Array {
  const { rate, channels, bits, float = false } = shape;
  const wav = new Uint8Array(44 + (rate * channels * bits) / 8);
  const view = new DataView(wav.buffer);
  const word = (at: number, text: string): void => wav.set(new TextEncoder().encode(text), at);
  word(0, "RIFF");
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, float ? 3 : 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint16(34, bits, true);
  word(36, "data");
  view.setUint32(40, wav.length - 44, true);
  for (let i = 0; i < rate; i++) {
    const value = tones.reduce((sum, [hz, level]) => sum + level * Math.sin((2 * Math.PI * hz * i) / rate), 0);
    for (let channel = 0; channel < channels; channel++) {
      const at = 44 + ((i * channels + channel) * bits) / 8;
      if (float) view.setFloat32(at, value, true);
      else if (bits === 8) view.setUint8(at, Math.round(value * 127) + 128);
      else if (bits === 16) view.setInt16(at, Math.round(value * 32_767), true);
      else if (bits === 32) view.setInt32(at, Math.round(value * 2_147_483_647), true);
      else {
        const scaled = Math.round(value * 8_388_607);
        view.setUint8(at, scaled & 0xff);
        view.setInt16(at + 1, scaled >> 8, true);
      }
    }
  }
  return wav;
}

/** How much of a frequency is in it, full scale 1. */
function level(samples: Int16Array, hz: number): number {
  let [re, im] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    re += sample * Math.cos((2 * Math.PI * hz * i) / 8_000);
    im += sample * Math.sin((2 * Math.PI * hz * i) / 8_000);
  }
  return (2 * Math.hypot(re, im)) / samples.length / 32_768;
}

describe("a recording becomes a prompt", () => {
  const shapes: Shape[] = [
    { rate: 8_000, channels: 1, bits: 16 },
    { rate: 48_000, channels: 2, bits: 16 },
    { rate: 44_100, channels: 2, bits: 32, float: true },
    { rate: 16_000, channels: 1, bits: 8 },
    { rate: 22_050, channels: 1, bits: 24 },
    { rate: 32_000, channels: 2, bits: 32 },
  ];
  for (const shape of shapes) {
    test(`${shape.bits} bits${shape.float ? " float" : ""}, ${shape.channels} channels, ${shape.rate} Hz keeps its pitch and gets our level`, () => {
      const samples = promptSamples(recorded(shape, [[1_000, 0.5]]));
      expect(Math.abs(samples.length - 8_000)).toBeLessThan(3);
      // Root mean square 0.12 is an amplitude of 0.17.
      expect(level(samples, 1_000)).toBeGreaterThan(0.16);
      expect(level(samples, 1_000)).toBeLessThan(0.18);
      expect(level(samples, 1_500)).toBeLessThan(0.005);
    });
  }

  test("what 8 kHz cannot hold does not fold back", () => {
    const samples = promptSamples(
      recorded({ rate: 48_000, channels: 1, bits: 16 }, [
        [700, 0.4],
        [6_000, 0.4],
      ]),
    );
    expect(level(samples, 2_000)).toBeLessThan(level(samples, 700) / 100);
  });

  test("a whisper is raised, a shout lowered, and nothing is cut off", () => {
    const peaks = [0.01, 0.99].map((at) => Math.max(...promptSamples(recorded({ rate: 8_000, channels: 1, bits: 16 }, [[440, at]]))));
    expect(Math.abs(peaks[0]! - peaks[1]!)).toBeLessThan(200);
    expect(Math.max(...peaks)).toBeLessThan(32_000);
  });

  test("it begins and ends in silence, and comes back from its file as it was", () => {
    const samples = promptSamples(recorded({ rate: 8_000, channels: 1, bits: 16 }, [[1_950, 0.9]]));
    expect(Math.max(Math.abs(samples[0]!), Math.abs(samples.at(-1)!))).toBeLessThan(200);
    expect(loadSamples(wavOf(samples))).toEqual(samples);
  });

  test("silence, other files and cut headers are refused with the reason", () => {
    expect(() => promptSamples(recorded({ rate: 8_000, channels: 1, bits: 16 }, []))).toThrow("nothing to hear");
    expect(() => promptSamples(new TextEncoder().encode("ID3 this is an mp3, and long enough to hold a header"))).toThrow("not a WAV file");
    const odd = recorded({ rate: 8_000, channels: 1, bits: 16 }, [[440, 0.5]]);
    new DataView(odd.buffer).setUint32(24, 96_000, true);
    expect(() => promptSamples(odd)).toThrow("8,000 to 48,000");
    expect(() => promptSamples(odd.slice(0, 36))).toThrow("not a WAV file");
  });
});
