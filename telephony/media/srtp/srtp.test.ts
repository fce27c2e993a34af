// SRTP against the RFCs' vectors, and what a replayer, a forger and a wrapping counter meet.
import { describe, expect, test } from "bun:test";
import vectors from "../../../tests/corpora/srtp/vectors.json";
import { deriveKey, GcmCipher, KeyStream } from "./ciphers.ts";
import { Srtp, type SrtpProfile, srtpKeySizes } from "./srtp.ts";

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

test("RTP and RTCP are sealed and opened as RFC 7714 seals them", () => {
  // The RFC gives session keys, not master keys; the cipher is the part under test.
  const { session_key, session_salt, rtp, srtp, rtcp, srtcp, srtcp_index } = vectors.vectors.rfc7714.AEAD_AES_128_GCM;
  const keys = { key: hex(session_key), salt: hex(session_salt) };
  const cipher = new GcmCipher(keys, keys);
  const out = new Uint8Array(200);
  expect(Buffer.from(out.subarray(0, cipher.seal(hex(rtp), 12, 0, out))).toString("hex")).toBe(srtp);
  expect(Buffer.from(out.subarray(0, cipher.open(hex(srtp), 12, 0, out))).toString("hex")).toBe(rtp);
  expect(Buffer.from(cipher.sealRtcp(hex(rtcp), srtcp_index)).toString("hex")).toBe(srtcp);
  expect(Buffer.from(cipher.openRtcp(hex(srtcp))!.plain).toString("hex")).toBe(rtcp);
});

test("the key stream is that of RFC 3711 B.2", () => {
  const { session_key, session_salt, blocks } = vectors.vectors.rfc3711["B.2"];
  const stream = new KeyStream(hex(session_key), hex(session_salt));
  const zeros = new Uint8Array(48);
  const out = new Uint8Array(48);
  stream.xor(new Uint8Array(12), 8, 0, 0, zeros, out, 0, 48);
  expect(Buffer.from(out).toString("hex")).toBe(blocks["0"] + blocks["1"] + blocks["2"]);
});

for (const profile of profiles) {
  describe(profile, () => {
    test("what one protects the other opens, RTP and RTCP", () => {
      const { alice, bob } = pair(profile);
      expect(Buffer.from(bob.unprotect(Buffer.from(alice.protect(packet(7))!))!).equals(packet(7))).toBe(true);
      const report = Buffer.from("81c9000700000001cafebabe000000000000000000000000000000000000000000000000", "hex");
      expect(Buffer.from(bob.unprotectRtcp(Buffer.from(alice.protectRtcp(report)!))!).equals(report)).toBe(true);
    });

    test("what was received is not changed by opening it, whatever kind of bytes it is", () => {
      const { alice, bob } = pair(profile);
      const report = Buffer.from(alice.protectRtcp(hex("80c8000200000007aabbccdd"))!);
      const before = report.toString("hex");
      expect(bob.unprotectRtcp(report)).not.toBeNull();
      expect(report.toString("hex")).toBe(before);
    });

    test("RTP-03: a replayed packet and a replayed report are refused", () => {
      const { alice, bob } = pair(profile);
      const sealed = Buffer.from(alice.protect(packet(1))!);
      expect(bob.unprotect(sealed)).not.toBeNull();
      expect(bob.unprotect(sealed)).toBeNull();
      const report = Buffer.from(alice.protectRtcp(Buffer.from("80c9000100000001", "hex"))!);
      expect(bob.unprotectRtcp(report)).not.toBeNull();
      expect(bob.unprotectRtcp(report)).toBeNull();
      expect(bob.refused).toBe(2);
    });

    test("RTP-03: any flipped bit is refused, and changes nothing for the next packet", () => {
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

    test("one sequence number is never sealed twice, whatever is in it", () => {
      const { alice } = pair(profile);
      expect(alice.protect(packet(7, "first"))).not.toBeNull();
      expect(alice.protect(packet(7, "other"))).toBeNull();
      expect(alice.protect(packet(6, "late"))).not.toBeNull();
    });

    test("RTP-03: a forged packet half a circle ahead does not turn the rollover counter", () => {
      const { alice, bob } = pair(profile);
      bob.unprotect(Buffer.from(alice.protect(packet(0xfff0))!));
      const forged = Buffer.from(alice.protect(packet(0xfff1))!);
      forged.writeUInt16BE(5, 2);
      expect(bob.unprotect(forged)).toBeNull();
      expect(bob.unprotect(Buffer.from(alice.protect(packet(0xfff2))!))).not.toBeNull();
    });

    test("no more sources are remembered than a peer may have", () => {
      const { alice, bob } = pair(profile);
      for (let source = 0; source < 40; source++) {
        const said = packet(1);
        said.writeUInt32BE(source, 8);
        const sealed = alice.protect(said);
        expect(sealed === null).toBe(source >= 16);
        if (sealed !== null) expect(bob.unprotect(Buffer.from(sealed))).not.toBeNull();
      }
    });

    test("a report in clear is refused even under a right tag", () => {
      const { alice, bob } = pair(profile);
      const report = Buffer.from(alice.protectRtcp(Buffer.from("80c9000100000001", "hex"))!);
      const flag = profile === "SRTP_AEAD_AES_128_GCM" ? report.length - 4 : report.length - 14;
      report[flag]! &= 0x7f;
      expect(bob.unprotectRtcp(report)).toBeNull();
    });

    test("a packet older than the window is refused", () => {
      const { alice, bob } = pair(profile);
      const old = Buffer.from(alice.protect(packet(1))!);
      bob.unprotect(Buffer.from(alice.protect(packet(400))!));
      expect(bob.unprotect(old)).toBeNull();
    });

    test("RTP-03: garbage of every length is refused without harm", () => {
      const { bob } = pair(profile);
      for (let size = 0; size < 80; size++) {
        expect(bob.unprotect(Buffer.alloc(size, 0x80))).toBeNull();
        expect(bob.unprotectRtcp(Buffer.alloc(size, 0x80))).toBeNull();
      }
    });
  });
}
