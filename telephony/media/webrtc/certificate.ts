// Our DTLS certificate: ECDSA P-256, signed by itself, made anew at each start. Browsers know it by the fingerprint in the SDP alone.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type Certificate = {
  readonly der: Uint8Array;
  readonly privateKey: KeyObject;
  /** SHA-256 as SDP writes it: upper-case pairs joined by colons (RFC 8122 §5). */
  readonly fingerprint: string;
};

export function newCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  // RFC 5280 §4.1. The validity is wide and fixed: nobody checks it, as trust comes from the signalling.
  const name = sequence(set(sequence(commonName, der(0x0c, Buffer.from("landline")))));
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1)),
    sequence(ecdsaWithSha256),
    name,
    sequence(der(0x17, Buffer.from("200101000000Z")), der(0x17, Buffer.from("491231235959Z"))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", body, privateKey);
  const bytes = sequence(body, sequence(ecdsaWithSha256), der(0x03, Uint8Array.of(0), signature));
  return { der: bytes, privateKey, fingerprint: fingerprintOf(bytes) };
}

export function fingerprintOf(certificate: Uint8Array): string {
  return createHash("sha256").update(certificate).digest("hex").toUpperCase().match(/../g)!.join(":");
}

/** Tag, length, content (X.690 §8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...parts);
}

function set(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x31, ...parts);
}

const commonName = der(0x06, Uint8Array.of(0x55, 0x04, 0x03));
const ecdsaWithSha256 = der(0x06, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
