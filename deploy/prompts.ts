// Makes the sounds in storage/prompts: spoken words by flite and sox, hold music by the arithmetic below. Run by hand; the files are committed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rate = 8_000;
const folder = join(import.meta.dir, "../storage/prompts");

/** Of the free voices in Debian the one that a recogniser understands best: storage/prompts/README.md has the figures. */
const voice = "rms";

const system: Readonly<Record<string, string>> = {
  welcome: "Welcome.",
  menu: "For account questions, press 1. To speak to somebody, press 2.",
  "enter-number": "Please type your number, then press hash.",
  error: "Sorry, something went wrong here. Please call again later.",
  "your-position-is": "Your place in the queue is number",
  "wait-under-a-minute": "Your wait is less than a minute.",
  "estimated-wait-is-about": "The estimated wait is about",
  minutes: "minutes.",
  "more-than": "more than",
  recorded: "This call is recorded.",
};
/** What the made-up bank of the demo says. */
const demo: Readonly<Record<string, string>> = {
  welcome: "Thank you for calling the savings bank.",
  menu: "For accounts, press 1. For online banking, press 2. For a mortgage, press 3.",
  card: "Please type your card number, then press hash.",
};
const numbers = [...Array.from({ length: 21 }, (_, i) => i), 30, 40, 50, 60, 70, 80, 90];

/** Loud enough beside a person who speaks, and nothing is ever clipped. */
const rmsDb = -20;
const peakDb = -3.2;
/** Above this a peak is bent, not cut: speech has peaks 18 dB above its mean, more than there is room for. */
const kneeDb = -9;
const fadeMs = 5;

const fromDb = (db: number): number => 10 ** (db / 20);

const work = mkdtempSync(join(tmpdir(), "landline-prompts-"));
for (const [key, text] of Object.entries(system)) write(`system.${key}`, speech(text));
for (const [key, text] of Object.entries(demo)) write(`demo.${key}`, speech(text));
for (const number of numbers) write(`number.${number}`, speech(String(number)));
write("music.default", level(music()));
rmSync(work, { recursive: true });

/** One prompt: spoken, held inside a telephone's band, trimmed, levelled, faded. */
function speech(text: string): Float64Array {
  const [spoken, narrow] = [join(work, "spoken.wav"), join(work, "narrow.raw")];
  run("flite", ["-voice", voice, "-t", text, "-o", spoken]);
  // -D: no dither, so that the same words are the same bytes.
  const raw = ["-t", "raw", "-e", "signed-integer", "-b", "16", "-c", "1", "-L"];
  run("sox", ["-D", spoken, ...raw, narrow, "gain", "-6", "rate", "-v", String(rate), "sinc", "-t", "80", "320-3350"]);
  const bytes = readFileSync(narrow);
  const samples = Float64Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2) / 32_768);
  return fade(level(trim(samples)));
}

/** Leaves 20 ms before the first sound and 60 ms after the last, so that words can follow each other. */
function trim(samples: Float64Array): Float64Array {
  const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sounds = (value: number): boolean => Math.abs(value) > loudest * fromDb(-34);
  const from = Math.max(0, samples.findIndex(sounds) - ms(20));
  const to = Math.min(samples.length, samples.findLastIndex(sounds) + ms(60));
  return samples.slice(from, to);
}

/** The same mean level for all: of the frames that sound, so that pauses do not make a sentence louder. */
function level(samples: Float64Array): Float64Array {
  let out = samples;
  // Bending peaks takes a little of the level; a few rounds give it back.
  for (let round = 0; round < 4; round++) {
    const gain = fromDb(rmsDb) / activeRms(out);
    out = out.map((value) => bend(value * gain));
  }
  return out;
}

function activeRms(samples: Float64Array): number {
  const frame = ms(20);
  const energies: number[] = [];
  for (let at = 0; at + frame <= samples.length; at += frame)
    energies.push(samples.subarray(at, at + frame).reduce((sum, value) => sum + value * value, 0) / frame);
  const loudest = Math.max(...energies);
  const active = energies.filter((energy) => energy > loudest / 1_000);
  return Math.sqrt(active.reduce((sum, energy) => sum + energy, 0) / active.length);
}

function bend(value: number): number {
  const [knee, peak] = [fromDb(kneeDb), fromDb(peakDb)];
  const size = Math.abs(value);
  return size <= knee ? value : Math.sign(value) * (knee + (peak - knee) * Math.tanh((size - knee) / (peak - knee)));
}

function fade(samples: Float64Array): Float64Array {
  const length = ms(fadeMs);
  return samples.map((value, i) => value * Math.min(1, i / length, (samples.length - 1 - i) / length));
}

/**
 * Half a minute of calm: eight bars, a chord each, broken into eighths over a pad. Every note is written round the end into the beginning,
 * so the loop has no seam. All partials lie between 320 and 3,200 Hz: a telephone takes nothing away.
 */
function music(): Float64Array {
  const eighth = 3_750;
  const bar = 8 * eighth;
  const chords = [
    [62, 66, 69, 73, 76],
    [59, 66, 69, 74, 78],
    [67, 71, 74, 78, 81],
    [64, 69, 74, 76, 81],
    [66, 69, 73, 76, 81],
    [67, 71, 74, 79, 81],
    [64, 67, 71, 74, 78],
    [64, 69, 73, 76, 79],
  ];
  const order = [0, 2, 1, 3, 2, 4, 3, 1];
  const out = new Float64Array(chords.length * bar);
  chords.forEach((chord, number) => {
    const start = number * bar;
    for (const note of chord.slice(0, 4)) pad(out, start, bar, hertz(note), 0.05);
    order.forEach((place, i) => {
      // The first of a bar leads, the others follow: nothing pushes.
      pluck(out, start + i * eighth, hertz(chord[place]!), i === 0 ? 0.3 : 0.2 + 0.03 * Math.sin(number * 8 + i));
    });
  });
  return out;
}

/** Equal temperament; what would lie below the telephone's band sounds an octave higher. */
function hertz(note: number): number {
  const frequency = 440 * 2 ** ((note - 69) / 12);
  return frequency < 325 ? frequency * 2 : frequency;
}

/** A soft struck tone: the higher a partial, the weaker and the sooner gone. */
function pluck(out: Float64Array, start: number, frequency: number, loudness: number): void {
  for (const [partial, share] of [1, 0.32, 0.1, 0.04].entries()) {
    const hz = frequency * (partial + 1);
    if (hz > 3_200) continue;
    const decay = 0.9 / (partial + 1);
    for (let i = 0; i < 3 * rate; i++) {
      const seconds = i / rate;
      const attack = Math.min(1, seconds / 0.012) ** 2;
      out[(start + i) % out.length]! += loudness * share * attack * Math.exp(-seconds / decay) * (1 - seconds / 3) * sine(hz, i);
    }
  }
}

/** Two tones a hair apart that swell under a bar and reach into the next. */
function pad(out: Float64Array, start: number, length: number, frequency: number, loudness: number): void {
  const total = Math.round(length * 1.5);
  for (let i = 0; i < total; i++) {
    const swell = Math.sin((Math.PI * i) / total) ** 2;
    const tone = sine(frequency * 0.9985, i) + sine(frequency * 1.0015, i) + (frequency < 1_500 ? 0.25 * sine(frequency * 2, i) : 0);
    out[(start + i) % out.length]! += loudness * swell * tone;
  }
}

function sine(hz: number, sample: number): number {
  return Math.sin((2 * Math.PI * hz * sample) / rate);
}

function ms(length: number): number {
  return (length * rate) / 1_000;
}

function write(key: string, samples: Float64Array): void {
  const file = Buffer.alloc(44 + samples.length * 2);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((value, i) => {
    file.writeInt16LE(Math.round(value * 32_767), 44 + i * 2);
  });
  writeFileSync(join(folder, `${key}.wav`), file);
  console.log(`${key.padEnd(32)} ${(samples.length / rate).toFixed(2)} s`);
}

function run(program: string, words: readonly string[]): void {
  const done = Bun.spawnSync([program, ...words]);
  if (done.exitCode !== 0) throw new Error(`${program}: ${done.stderr.toString()}`);
}
