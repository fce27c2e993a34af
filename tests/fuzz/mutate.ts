// Makes inputs from seeds: one number gives one endless row of them, the same on every machine.

export type Below = (limit: number) => number;

/** Whole numbers from 0 up to but without `limit` (Marsaglia's xorshift: chance need not be strong here, only repeatable and quick). */
export function chance(seed: number): Below {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e3779b9) >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return limit === 0 ? 0 : state % limit;
  };
}

/** One to four changes of one seed: bytes, cuts, repeats, words that a parser knows, pieces of other seeds. */
export function mutate(seeds: readonly Buffer[], spices: readonly Buffer[], below: Below): Buffer {
  let bytes: Buffer = Buffer.from(seeds[below(seeds.length)]!);
  for (let count = 1 + below(4); count > 0; count--) bytes = changed(bytes, seeds, spices, below);
  return bytes;
}

function changed(bytes: Buffer, seeds: readonly Buffer[], spices: readonly Buffer[], below: Below): Buffer {
  const at = below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (below(8)) {
    case 0:
      if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
      return bytes;
    case 1:
      if (bytes.length > 0) bytes[below(bytes.length)]! ^= 1 << below(8);
      return bytes;
    case 2:
      return Buffer.concat([before, bytes.subarray(at + 1 + below(20))]);
    case 3:
      return before;
    case 4: {
      const end = Math.min(bytes.length, at + below(80));
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
    }
    case 5: {
      const other = seeds[below(seeds.length)]!;
      const from = below(other.length);
      return Buffer.concat([before, other.subarray(from, from + below(200)), bytes.subarray(at)]);
    }
    case 6: {
      // What is quick for one copy and slow for a thousand shows itself here.
      if (below(64) !== 0) return bytes;
      const piece = spices[below(spices.length)] ?? bytes.subarray(at, at + 4);
      return Buffer.concat([before, ...new Array<Buffer>(below(2_000)).fill(piece), bytes.subarray(at)]);
    }
    default:
      return Buffer.concat([before, spices[below(spices.length)] ?? Buffer.of(below(256)), bytes.subarray(at)]);
  }
}
