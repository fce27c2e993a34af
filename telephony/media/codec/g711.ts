// G.711 A-law and mu-law by table (ITU-T G.711; bit-exact with the ITU's own software library, G.191).
import { assertNever } from "../../../core/lib/machine.ts";
import type { CodecName } from "../plane.ts";

/** Linear 16-bit sample of each code. */
export const muLawDecode = Int16Array.from({ length: 256 }, (_, code) => expandMuLaw(code));
export const aLawDecode = Int16Array.from({ length: 256 }, (_, code) => expandALaw(code));
/** Code of each linear sample, indexed by the sample's low 16 bits. */
const muLawEncode = Uint8Array.from({ length: 65_536 }, (_, bits) => compressMuLaw((bits << 16) >> 16));
const aLawEncode = Uint8Array.from({ length: 65_536 }, (_, bits) => compressALaw((bits << 16) >> 16));
/** One law's code to the other's, through the linear value. */
export const muLawToALaw = Uint8Array.from({ length: 256 }, (_, code) => aLawEncode[muLawDecode[code]! & 0xffff]!);
export const aLawToMuLaw = Uint8Array.from({ length: 256 }, (_, code) => muLawEncode[aLawDecode[code]! & 0xffff]!);

export type G711 = {
  readonly decode: Int16Array;
  readonly encode: Uint8Array;
  /** The code of a zero sample. */
  readonly silence: number;
};

const muLaw: G711 = { decode: muLawDecode, encode: muLawEncode, silence: muLawEncode[0]! };
const aLaw: G711 = { decode: aLawDecode, encode: aLawEncode, silence: aLawEncode[0]! };

export type LawName = "PCMU" | "PCMA";

export function isLaw(codec: CodecName): codec is LawName {
  return codec === "PCMU" || codec === "PCMA";
}

export function g711(codec: LawName): G711 {
  switch (codec) {
    case "PCMU":
      return muLaw;
    case "PCMA":
      return aLaw;
    default:
      return assertNever(codec);
  }
}

export function encodeG711(samples: Int16Array, codec: LawName): Uint8Array {
  const { encode } = g711(codec);
  const codes = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index++) codes[index] = encode[samples[index]! & 0xffff]!;
  return codes;
}

function compressMuLaw(sample: number): number {
  // 14 bits count, biased by 33; negative values by one's complement, so that the halves mirror each other.
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff);
  const segment = 31 - Math.clz32(magnitude >> 5);
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);
  return ~(sample < 0 ? code | 0x80 : code) & 0xff;
}

function expandMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = (((inverted & 0x0f) * 2 + 33) << ((inverted >> 4) & 7)) - 33;
  return (inverted & 0x80 ? -magnitude : magnitude) * 4;
}

function compressALaw(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = 28 - Math.clz32(magnitude);
  // The two lowest segments share one step, so their code is the magnitude itself.
  const code = magnitude < 32 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
  return (sample < 0 ? code : code | 0x80) ^ 0x55;
}

function expandALaw(code: number): number {
  const inverted = code ^ 0x55;
  const segment = (inverted >> 4) & 7;
  const mantissa = ((inverted & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? mantissa : (mantissa + 0x100) << (segment - 1);
  return inverted & 0x80 ? magnitude : -magnitude;
}
