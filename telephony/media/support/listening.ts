// What media tests need to listen: a tone's share of what was heard, and waiting for what real sockets bring.

/** Share of the energy that lies at `hz`, 0–1 (Goertzel). */
export function share(samples: ArrayLike<number>, hz: number): number {
  let [a, b, energy] = [0, 0, 0];
  const k = 2 * Math.cos((2 * Math.PI * hz) / 8_000);
  for (let i = 0; i < samples.length; i++) {
    const c = samples[i]! + k * a - b;
    b = a;
    a = c;
    energy += samples[i]! ** 2;
  }
  return energy === 0 ? 0 : (2 * (a * a + b * b - k * a * b)) / (samples.length * energy);
}

/** The same of every 100 ms: where a buffer stretched or skipped, phases move, and pitch and loudness do not. */
export function sharesByTenth(samples: Int16Array, hz: number): number[] {
  const shares: number[] = [];
  for (let at = 0; at + 800 <= samples.length; at += 800) shares.push(share(samples.subarray(at, at + 800), hz));
  return shares;
}

/** Looks again after every turn of the event loop until `find` finds something; the test's own time limit bounds it. */
export async function until<T>(find: () => T | null | undefined | false): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((done) => setImmediate(done));
  }
}
