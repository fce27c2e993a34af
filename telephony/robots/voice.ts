// What robots say, and what they make of what they hear: two hummed phrases, one for each side, that no music and no prompt is taken for.

/** Whose voice: the two differ in pitch, so that a recording tells who spoke and a robot knows whom it hears. */
export type Voice = "caller" | "agent";

const samplesPerSecond = 8_000;
/** In hertz. Off the keys of a piano, so that music does not sit on them. */
const notes: Readonly<Record<Voice, readonly number[]>> = { caller: [236, 283, 318, 357], agent: [473, 566, 636, 714] };
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
  const share = (voice: Voice): number => notes[voice].reduce((sum, hz) => sum + powerAt(window, hz), 0) / (window.length * energy);
  if (share("caller") >= voiceShare) return "caller";
  return share("agent") >= voiceShare ? "agent" : "sound";
}

/** Twice the squared magnitude at `hz` (Goertzel): that of a pure tone is its energy times the number of samples. */
function powerAt(samples: Int16Array, hz: number): number {
  const k = 2 * Math.cos((2 * Math.PI * hz) / samplesPerSecond);
  let [a, b] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    const c = samples[i]! + k * a - b;
    b = a;
    a = c;
  }
  return 2 * (a * a + b * b - k * a * b);
}
