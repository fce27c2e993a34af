// Tones made and recognised: a call is verified by what is heard.

/** How long a tone sounds and rests, in ms. */
export type Bursts = { readonly onMs: number; readonly offMs: number };

/** 16-bit WAV of a tone in bursts, the same in every channel: browsers take a steady tone for noise, and whoever talks all the time for an echo, and suppress it. */
export function toneWav(hz: number, seconds: number, bursts: Bursts, rate = 8_000, channels = 1): Buffer {
  const frameBytes = 2 * channels;
  const wav = Buffer.alloc(44 + seconds * rate * frameBytes);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(channels, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * frameBytes, 28);
  wav.writeUInt16LE(frameBytes, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(wav.length - 44, 40);
  const on = Math.round((bursts.onMs * rate) / 1_000);
  const period = on + Math.round((bursts.offMs * rate) / 1_000);
  for (let i = 0; i < seconds * rate; i++) {
    if (i % period >= on) continue;
    const sample = Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / rate));
    for (let channel = 0; channel < channels; channel++) wav.writeInt16LE(sample, 44 + i * frameBytes + channel * 2);
  }
  return wav;
}

/** Samples of a WAV file, left and right (the same when mono); tolerates a header that was never finished. */
export function readWav(wav: Buffer): { readonly left: Int16Array; readonly right: Int16Array; readonly rate: number } {
  const at = wav.indexOf("data") + 8;
  // Its first bytes are still to come.
  if (at < 8 || wav.length < at) return { left: new Int16Array(0), right: new Int16Array(0), rate: 8_000 };
  const channels = wav.readUInt16LE(22);
  const rate = wav.readUInt32LE(24);
  const frames = Math.floor((wav.length - at) / 2 / channels);
  const pick = (channel: number): Int16Array =>
    Int16Array.from({ length: frames }, (_, i) => wav.readInt16LE(at + (i * channels + channel) * 2));
  return { left: pick(0), right: pick(channels - 1), rate };
}

/** The strongest frequency between 100 and 3,700 Hz, and its share of the energy. Half a second of samples is plenty. */
export function strongest(samples: Int16Array, rate = 8_000): { readonly hz: number; readonly share: number } {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  if (energy === 0 || samples.length === 0) return { hz: 0, share: 0 };
  let best = { hz: 0, power: 0 };
  // Steps no wider than 1/T: a tone between two wider ones would be heard by neither.
  const width = Math.max(1, Math.min(20, Math.floor(rate / samples.length)));
  for (let hz = 100; hz <= 3_700; hz += width) {
    const power = powerAt(samples, hz, rate);
    if (power > best.power) best = { hz, power };
  }
  return { hz: best.hz, share: (2 * best.power) / (samples.length * energy) };
}

/** Which of these tones sound, each with at least a twentieth of the energy; the others have less than a hundredth. Null: it cannot be said. */
export function tonesIn(samples: Int16Array, tones: readonly number[], rate = 8_000): readonly number[] | null {
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  if (energy === 0) return [];
  const shares = tones.map((hz) => (2 * powerAt(samples, hz, rate)) / (samples.length * energy));
  if (shares.some((share) => share > 0.01 && share < 0.05)) return null;
  return tones.filter((_, i) => shares[i]! >= 0.05);
}

// Goertzel.
function powerAt(samples: Int16Array, hz: number, rate: number): number {
  const k = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [a, b] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    const c = samples[i]! + k * a - b;
    b = a;
    a = c;
  }
  return a * a + b * b - k * a * b;
}
