// SRTP against the RFCs' vectors, and what a replayer, a forger and a wrapping counter meet.
import { describe, expect, test } from "bun:test";
import { createCipheriv } from "node:crypto";
import { type SrtpSuite, srtpKeySizes, srtpSuites } from "../../../core/lib/media-encryption.ts";
import vectors from "../../../tests/corpora/srtp/vectors.json";
import { deriveKey, GcmCipher, KeyStream, packetBytesMax } from "./ciphers.ts";
import { Srtp } from "./srtp.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");

function pair(suite: SrtpSuite): { alice: Srtp; bob: Srtp } {
  const { key, salt } = srtpKeySizes[suite];
  const a = { key: Buffer.alloc(key, 1), salt: Buffer.alloc(salt, 2) };
  const b = { key: Buffer.alloc(key, 3), salt: Buffer.alloc(salt, 4) };
  return { alice: new Srtp(suite, a, b), bob: new Srtp(suite, b, a) };
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
  const session = new Srtp("AES_CM_128_HMAC_SHA1_80", keys, keys);
  expect(Buffer.from(session.protect(hex(rtp))!).toString("hex")).toBe(srtp);
  expect(Buffer.from(session.unprotect(hex(srtp))!).toString("hex")).toBe(rtp);
});

test.each(["AEAD_AES_128_GCM", "AEAD_AES_256_GCM"] as const)("%s: RTP and RTCP are sealed and opened as RFC 7714 seals them", (suite) => {
  // The RFC gives session keys, not master keys; the cipher is the part under test.
  const { session_key, session_salt, rtp, srtp, rtcp, srtcp, srtcp_index } = vectors.vectors.rfc7714[suite];
  const keys = { key: hex(session_key), salt: hex(session_salt) };
  const cipher = new GcmCipher(keys, keys);
  const out = new Uint8Array(200);
  expect(Buffer.from(out.subarray(0, cipher.seal(hex(rtp), 12, 0, out))).toString("hex")).toBe(srtp);
  expect(Buffer.from(out.subarray(0, cipher.open(hex(srtp), 12, 0, out))).toString("hex")).toBe(rtp);
  expect(Buffer.from(cipher.sealRtcp(hex(rtcp), srtcp_index)).toString("hex")).toBe(srtcp);
  expect(Buffer.from(cipher.openRtcp(hex(srtcp))!.plain).toString("hex")).toBe(rtcp);
});

test("the key stream is that of RFC 3711 B.2, in its first blocks and after 65,279 of them", () => {
  const { session_key, session_salt, segment_octets, blocks } = vectors.vectors.rfc3711["B.2"];
  const stream = new KeyStream(hex(session_key), hex(session_salt));
  const block = (n: number): string => {
    const iv = Buffer.alloc(16);
    iv.set(hex(session_salt));
    iv.writeUInt16BE(n, 14);
    const size = Math.min(16, segment_octets - n * 16);
    return createCipheriv("aes-128-ctr", hex(session_key), iv).update(Buffer.alloc(size)).toString("hex");
  };
  // No packet of ours is long enough for the far blocks: they hold our understanding of the counter against the RFC's.
  for (const [n, expected] of Object.entries(blocks)) expect(block(Number(n))).toBe(expected);
  const out = new Uint8Array(packetBytesMax);
  stream.xor(new Uint8Array(12), 8, 0, 0, new Uint8Array(packetBytesMax), out, 0, packetBytesMax);
  for (let n = 0; n < packetBytesMax / 16; n++) expect(Buffer.from(out.subarray(n * 16, n * 16 + 16)).toString("hex")).toBe(block(n));
});

test("the key stream of 256 bits is that of RFC 6188", () => {
  const { session_key, session_salt, keystream32 } = vectors.vectors.rfc6188.AES_256_CM;
  const out = new Uint8Array(32);
  new KeyStream(hex(session_key), hex(session_salt)).xor(new Uint8Array(12), 8, 0, 0, new Uint8Array(32), out, 0, 32);
  expect(Buffer.from(out).toString("hex")).toBe(keystream32);
});

for (const suite of srtpSuites) {
  describe(suite, () => {
    test("what one protects the other opens, RTP and RTCP", () => {
      const { alice, bob } = pair(suite);
      expect(Buffer.from(bob.unprotect(Buffer.from(alice.protect(packet(7))!))!).equals(packet(7))).toBe(true);
      const report = Buffer.from("81c9000700000001cafebabe000000000000000000000000000000000000000000000000", "hex");
      expect(Buffer.from(bob.unprotectRtcp(Buffer.from(alice.protectRtcp(report)!))!).equals(report)).toBe(true);
    });

    test("what was received is not changed by opening it, whatever kind of bytes it is", () => {
      const { alice, bob } = pair(suite);
      const report = Buffer.from(alice.protectRtcp(hex("80c8000200000007aabbccdd"))!);
      const before = report.toString("hex");
      expect(bob.unprotectRtcp(report)).not.toBeNull();
      expect(report.toString("hex")).toBe(before);
    });

    test("RTP-03: a replayed packet and a replayed report are refused", () => {
      const { alice, bob } = pair(suite);
      const sealed = Buffer.from(alice.protect(packet(1))!);
      expect(bob.unprotect(sealed)).not.toBeNull();
      expect(bob.unprotect(sealed)).toBeNull();
      const report = Buffer.from(alice.protectRtcp(Buffer.from("80c9000100000001", "hex"))!);
      expect(bob.unprotectRtcp(report)).not.toBeNull();
      expect(bob.unprotectRtcp(report)).toBeNull();
      expect(bob.refused).toBe(2);
    });

    test("RTP-03: any flipped bit is refused, and changes nothing for the next packet", () => {
      const { alice, bob } = pair(suite);
      const sealed = Buffer.from(alice.protect(packet(1))!);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const forged = Buffer.from(sealed);
        forged[bit >> 3]! ^= 1 << (bit & 7);
        expect(bob.unprotect(forged)).toBeNull();
      }
      expect(bob.unprotect(sealed)).not.toBeNull();
    });

    test("the rollover counter follows the sequence number around, late packets included", () => {
      const { alice, bob } = pair(suite);
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
      const { alice } = pair(suite);
      expect(alice.protect(packet(7, "first"))).not.toBeNull();
      expect(alice.protect(packet(7, "other"))).toBeNull();
      expect(alice.protect(packet(6, "late"))).not.toBeNull();
    });

    test("RTP-03: a forged packet half a circle ahead does not turn the rollover counter", () => {
      const { alice, bob } = pair(suite);
      bob.unprotect(Buffer.from(alice.protect(packet(0xfff0))!));
      const forged = Buffer.from(alice.protect(packet(0xfff1))!);
      forged.writeUInt16BE(5, 2);
      expect(bob.unprotect(forged)).toBeNull();
      expect(bob.unprotect(Buffer.from(alice.protect(packet(0xfff2))!))).not.toBeNull();
    });

    test("another key of the peer begins anew, and our own indices go on", () => {
      const { alice, bob } = pair(suite);
      const before = Buffer.from(alice.protect(packet(0x1ffff))!);
      expect(bob.unprotect(before)).not.toBeNull();
      bob.protect(packet(9));
      const { key, salt } = srtpKeySizes[suite];
      bob.receiveWith({ key: Buffer.alloc(key, 9), salt: Buffer.alloc(salt, 9) });
      expect(bob.unprotect(before)).toBeNull();
      expect(bob.unprotect(Buffer.from(alice.protect(packet(0x20000))!))).toBeNull();
      expect(bob.protect(packet(9))).toBeNull();
      expect(alice.unprotect(Buffer.from(bob.protect(packet(10))!))).not.toBeNull();
    });

    test("no more sources are remembered than a peer may have", () => {
      const { alice, bob } = pair(suite);
      for (let source = 0; source < 40; source++) {
        const said = packet(1);
        said.writeUInt32BE(source, 8);
        const sealed = alice.protect(said);
        expect(sealed === null).toBe(source >= 16);
        if (sealed !== null) expect(bob.unprotect(Buffer.from(sealed))).not.toBeNull();
      }
    });

    test("a report in clear is refused even under a right tag", () => {
      const { alice, bob } = pair(suite);
      const report = Buffer.from(alice.protectRtcp(Buffer.from("80c9000100000001", "hex"))!);
      const flag = suite.startsWith("AEAD") ? report.length - 4 : report.length - 14;
      report[flag]! &= 0x7f;
      expect(bob.unprotectRtcp(report)).toBeNull();
    });

    test("a packet older than the window is refused", () => {
      const { alice, bob } = pair(suite);
      const old = Buffer.from(alice.protect(packet(1))!);
      bob.unprotect(Buffer.from(alice.protect(packet(400))!));
      expect(bob.unprotect(old)).toBeNull();
    });

    test("RTP-03: garbage of every length is refused without harm", () => {
      const { bob } = pair(suite);
      for (let size = 0; size < 80; size++) {
        expect(bob.unprotect(Buffer.alloc(size, 0x80))).toBeNull();
        expect(bob.unprotectRtcp(Buffer.alloc(size, 0x80))).toBeNull();
      }
    });
  });
}
