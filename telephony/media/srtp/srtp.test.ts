// SRTP against the RFCs' vectors, and what a replayer, a forger and a wrapping counter meet.
import { describe, expect, test } from "bun:test";
import vectors from "../../../tests/corpora/srtp/vectors.json";
import { deriveKey, Srtp, type SrtpProfile, srtpKeySizes } from "./srtp.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const profiles = Object.keys(srtpKeySizes) as SrtpProfile[];

function pair(profile: SrtpProfile): { alice: Srtp; bob: Srtp } {
  const { key, salt } = srtpKeySizes[profile];
  const a = { key: Buffer.alloc(key, 1), salt: Buffer.alloc(salt, 2) };
  const b = { key: Buffer.alloc(key, 3), salt: Buffer.alloc(salt, 4) };
  return { alice: new Srtp(profile, a, b), bob: new Srtp(profile, b, a) };
}

function packet(sequence: number, text = "hello"): Buffer {
  const bytes = Buffer.alloc(12 + text.length);
  bytes[0] = 0x80;
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE(sequence * 160, 4);
  bytes.writeUInt32BE(0xcafebabe, 8);
  bytes.write(text, 12);
  return bytes;
}

test("session keys are those of RFC 3711 B.3", () => {
  const { master_key, master_salt, cipher_key, cipher_salt, auth_key_94 } = vectors.vectors.rfc3711["B.3"];
  const keys = { key: hex(master_key), salt: hex(master_salt) };
  expect(deriveKey(keys, 0, 16).toString("hex")).toBe(cipher_key);
  expect(deriveKey(keys, 2, 14).toString("hex")).toBe(cipher_salt);
  expect(deriveKey(keys, 1, 94).toString("hex")).toBe(auth_key_94);
});

test("a packet is sealed as libsrtp seals it", () => {
  const { master_key, master_salt, rtp, srtp } = vectors.vectors.libsrtp_srtp_validate;
  const keys = { key: hex(master_key), salt: hex(master_salt) };
  const session = new Srtp("SRTP_AES128_CM_HMAC_SHA1_80", keys, keys);
  expect(Buffer.from(session.protect(hex(rtp))!).toString("hex")).toBe(srtp);
  expect(Buffer.from(session.unprotect(hex(srtp))!).toString("hex")).toBe(rtp);
});

for (const profile of profiles) {
  describe(profile, () => {
    test("what one protects the other opens, RTP and RTCP", () => {
      const { alice, bob } = pair(profile);
      expect(Buffer.from(bob.unprotect(Buffer.from(alice.protect(packet(7))!))!).equals(packet(7))).toBe(true);
      const report = Buffer.from("81c9000700000001cafebabe000000000000000000000000000000000000000000000000", "hex");
      expect(Buffer.from(bob.unprotectRtcp(Buffer.from(alice.protectRtcp(report)!))!).equals(report)).toBe(true);
    });

    test("a replayed packet and a replayed report are refused", () => {
      const { alice, bob } = pair(profile);
      const sealed = Buffer.from(alice.protect(packet(1))!);
      expect(bob.unprotect(sealed)).not.toBeNull();
      expect(bob.unprotect(sealed)).toBeNull();
      const report = Buffer.from(alice.protectRtcp(Buffer.from("80c9000100000001", "hex"))!);
      expect(bob.unprotectRtcp(report)).not.toBeNull();
      expect(bob.unprotectRtcp(report)).toBeNull();
      expect(bob.refused).toBe(2);
    });

    test("any flipped bit is refused, and changes nothing for the next packet", () => {
      const { alice, bob } = pair(profile);
      const sealed = Buffer.from(alice.protect(packet(1))!);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const forged = Buffer.from(sealed);
        forged[bit >> 3]! ^= 1 << (bit & 7);
        expect(bob.unprotect(forged)).toBeNull();
      }
      expect(bob.unprotect(sealed)).not.toBeNull();
    });

    test("the rollover counter follows the sequence number around, late packets included", () => {
      const { alice, bob } = pair(profile);
      const before = Buffer.from(alice.protect(packet(0xfffe))!);
      const late = Buffer.from(alice.protect(packet(0xffff))!);
      const after = Buffer.from(alice.protect(packet(0x10000))!);
      expect(bob.unprotect(before)).not.toBeNull();
      expect(bob.unprotect(after)).not.toBeNull();
      expect(Buffer.from(bob.unprotect(late)!).equals(packet(0xffff))).toBe(true);
      for (let sequence = 0x10001; sequence < 0x30010; sequence += 97) {
        expect(bob.unprotect(Buffer.from(alice.protect(packet(sequence))!))).not.toBeNull();
      }
    });

    test("a packet older than the window is refused", () => {
      const { alice, bob } = pair(profile);
      const old = Buffer.from(alice.protect(packet(1))!);
      bob.unprotect(Buffer.from(alice.protect(packet(400))!));
      expect(bob.unprotect(old)).toBeNull();
    });

    test("garbage of every length is refused without harm", () => {
      const { bob } = pair(profile);
      for (let size = 0; size < 80; size++) {
        expect(bob.unprotect(Buffer.alloc(size, 0x80))).toBeNull();
        expect(bob.unprotectRtcp(Buffer.alloc(size, 0x80))).toBeNull();
      }
    });
  });
}
