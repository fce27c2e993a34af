// What robots say, and what they make of what they hear: two hummed phrases, one for each side, that no music and no prompt is taken for.

/** Whose voice: the two differ in pitch, so that a recording tells who spoke and a robot knows whom it hears. */
export type Voice = "caller" | "agent";

type Notes = readonly [number, number, number, number];

const samplesPerSecond = 8_000;
/** In hertz. Off the keys of a piano, so that music does not sit on them. */
const notes: Readonly<Record<Voice, Notes>> = { caller: [236, 283, 318, 357], agent: [473, 566, 636, 714] };
/** Which note after which, and for how many ms: like somebody who hums what others say. Zero is a breath. */
const tune: readonly (readonly [note: number | null, ms: number])[] = [
  [0, 240],
  [2, 180],
  [1, 320],
  [null, 120],
  [1, 180],
  [3, 420],
  [2, 240],
  [null, 300],
];
const edgeMs = 20;
const amplitude = 7_000;

/** One phrase of two seconds, 16-bit mono 8 kHz, made to be played again and again. */
export function phrase(voice: Voice): Int16Array {
  return Int16Array.from(
    tune.flatMap(([note, ms]) => {
      const length = (ms * samplesPerSecond) / 1_000;
      const edge = (edgeMs * samplesPerSecond) / 1_000;
      const hz = note === null ? 0 : notes[voice][note]!;
      return Array.from({ length }, (_, i) => {
        const loudness = Math.min(1, i / edge, (length - 1 - i) / edge);
        return Math.round(amplitude * loudness * Math.sin((2 * Math.PI * hz * i) / samplesPerSecond));
      });
    }),
  );
}

/** Ms of what was heard. `sound` is anything that is neither voice nor silence: music, prompts, people. */
export type Heard = { readonly caller: number; readonly agent: number; readonly sound: number; readonly silence: number };

export const nothingHeard: Heard = { caller: 0, agent: 0, sound: 0, silence: 0 };

const windowMs = 100;
const windowSamples = (windowMs * samplesPerSecond) / 1_000;
/** Mean square below which a window is silent: about -50 dBm0. */
const silentPower = 40 * 40;
/** Share of a window's energy that must lie on a voice's notes. */
const voiceShare = 0.6;

/** What these samples hold, in windows of 100 ms; what is left over is not heard. */
export function hear(samples: Int16Array): Heard {
  const heard = { ...nothingHeard } as { -readonly [K in keyof Heard]: number };
  for (let at = 0; at + windowSamples <= samples.length; at += windowSamples) {
    heard[kindOf(samples.subarray(at, at + windowSamples))] += windowMs;
  }
  return heard;
}

export function addHeard(a: Heard, b: Heard): Heard {
  return { caller: a.caller + b.caller, agent: a.agent + b.agent, sound: a.sound + b.sound, silence: a.silence + b.silence };
}

function kindOf(window: Int16Array): keyof Heard {
  let energy = 0;
  for (const sample of window) energy += sample * sample;
  if (energy / window.length < silentPower) return "silence";
  const share = (voice: Voice): number => powerOf(window, notes[voice]) / (window.length * energy);
  if (share("caller") >= voiceShare) return "caller";
  return share("agent") >= voiceShare ? "agent" : "sound";
}

/**
 * Twice the squared magnitudes at a voice's four notes together (Goertzel): that of a pure tone is its energy times the number of samples.
 * The four run side by side, as each waits for its own last step: 0.23 ms for a second of sound in place of 0.6.
 */
function powerOf(samples: Int16Array, [hz0, hz1, hz2, hz3]: Notes): number {
  const [k0, k1, k2, k3] = [factor(hz0), factor(hz1), factor(hz2), factor(hz3)];
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    const c0 = sample + k0 * a0 - b0;
    const c1 = sample + k1 * a1 - b1;
    const c2 = sample + k2 * a2 - b2;
    const c3 = sample + k3 * a3 - b3;
    b0 = a0;
    b1 = a1;
    b2 = a2;
    b3 = a3;
    a0 = c0;
    a1 = c1;
    a2 = c2;
    a3 = c3;
  }
  return power(k0, a0, b0) + power(k1, a1, b1) + power(k2, a2, b2) + power(k3, a3, b3);
}

const factor = (hz: number): number => 2 * Math.cos((2 * Math.PI * hz) / samplesPerSecond);
const power = (k: number, a: number, b: number): number => 2 * (a * a + b * b - k * a * b);
