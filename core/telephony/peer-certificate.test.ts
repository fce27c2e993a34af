// Whose certificate is taken for a carrier's, and what is said of the others.
import { beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateTrouble, checkIssuers, ownCertificateIn } from "./peer-certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "landline-peer-"));
const file = (name: string): string => join(folder, name);
const pem = (name: string): string => readFileSync(file(`${name}.pem`), "utf8");
const der = (name: string): Uint8Array => new X509Certificate(pem(name)).raw;
// After what is made below, whose times are whole seconds.
const now = Date.now() + 60_000;
const dayMs = 86_400_000;

function openssl(...words: readonly string[]): void {
  const done = Bun.spawnSync(["openssl", ...words]);
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
}

function issuer(name: string): void {
  openssl(
    ..."req -x509 -newkey rsa:2048 -nodes -days 2".split(" "),
    "-subj",
    `/CN=${name}`,
    "-keyout",
    file(`${name}.key`),
    "-out",
    file(`${name}.pem`),
  );
}

function signed(name: string, by: string, dns: string): void {
  const request = [
    "-subj",
    `/CN=${dns}`,
    "-addext",
    `subjectAltName=DNS:${dns}`,
    "-keyout",
    file(`${name}.key`),
    "-out",
    file(`${name}.csr`),
  ];
  openssl(..."req -newkey rsa:2048 -nodes".split(" "), ...request);
  const signing = [
    "-in",
    file(`${name}.csr`),
    "-CA",
    file(`${by}.pem`),
    "-CAkey",
    file(`${by}.key`),
    "-CAcreateserial",
    "-out",
    file(`${name}.pem`),
  ];
  openssl(..."x509 -req -days 2 -copy_extensions copy".split(" "), ...signing);
}

beforeAll(() => {
  issuer("ours");
  issuer("others");
  signed("carrier", "ours", "sip.carrier.example");
  signed("stranger", "others", "sip.carrier.example");
  // Signed by a certificate that may sign nothing.
  signed("forged", "carrier", "sip.carrier.example");
});

describe("the certificate that a trunk demands", () => {
  const issued = (names: readonly string[] = []) => ({ issuers: pem("ours"), names });

  test("is one of its issuers', and of its names where it has some", () => {
    expect(certificateTrouble(issued(), der("carrier"), now)).toBeNull();
    expect(certificateTrouble(issued(["other.example", "sip.carrier.example"]), der("carrier"), now)).toBeNull();
    expect(certificateTrouble(issued(["other.example"]), der("carrier"), now)).toBe("other-name");
  });

  test("is not another issuer's for the same name, nor signed by who may not sign", () => {
    expect(certificateTrouble(issued(["sip.carrier.example"]), der("stranger"), now)).toBe("other-issuer");
    expect(certificateTrouble({ issuers: pem("carrier"), names: [] }, der("forged"), now)).toBe("other-issuer");
  });

  test("may be known by its fingerprint alone, with colons or without", () => {
    const digits = new X509Certificate(pem("carrier")).fingerprint256;
    expect(certificateTrouble({ issuers: "", names: [digits] }, der("carrier"), now)).toBeNull();
    expect(certificateTrouble({ issuers: "", names: [digits.replaceAll(":", "").toLowerCase()] }, der("carrier"), now)).toBeNull();
    expect(certificateTrouble({ issuers: "", names: [digits] }, der("stranger"), now)).toBe("other-name");
  });

  test("holds now, and was shown at all", () => {
    expect(certificateTrouble(issued(), null, now)).toBe("none-shown");
    expect(certificateTrouble(issued(), new Uint8Array([1, 2, 3]), now)).toBe("unreadable");
    expect(certificateTrouble(issued(), der("carrier"), now + 3 * dayMs)).toBe("untimely");
  });

  test("of nobody is nobody's", () => expect(certificateTrouble({ issuers: "", names: [] }, der("carrier"), now)).toBe("other-name"));
});

describe("what an admin pastes", () => {
  test("issuers are certificates that hold, and nothing else", () => {
    expect(() => checkIssuers("", "peerIssuers", now)).not.toThrow();
    expect(() => checkIssuers(`${pem("ours")}\n${pem("others")}`, "peerIssuers", now)).not.toThrow();
    expect(() => checkIssuers("sip.carrier.example", "peerIssuers", now)).toThrow("PEM");
    expect(() => checkIssuers(`${pem("ours")} and more`, "peerIssuers", now)).toThrow("nothing else");
    expect(() => checkIssuers(pem("ours"), "peerIssuers", now + 3 * dayMs)).toThrow("valid until");
  });

  test("our own is a certificate and the key that belongs to it", () => {
    const key = (name: string): string => readFileSync(file(`${name}.key`), "utf8");
    const { chain, key: kept } = ownCertificateIn(`${pem("carrier")}${pem("ours")}${key("carrier")}`, "certificate", now);
    expect(chain.split("BEGIN CERTIFICATE")).toHaveLength(3);
    expect(kept).toStartWith("-----BEGIN PRIVATE KEY-----");
    expect(() => ownCertificateIn(pem("carrier"), "certificate", now)).toThrow("private key");
    expect(() => ownCertificateIn(`${pem("carrier")}${key("stranger")}`, "certificate", now)).toThrow("does not belong");
  });
});
