// The certificate that a carrier must show: what a trunk demands, and what is wrong with the one that came. Pure; telephony asks it, forms too.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { BadInput } from "../lib/errors.ts";
import { checkCertificate, untimelyBecause } from "../setup/certificate.ts";

/** `issuers`: PEM, or empty where fingerprints say it all. `names`: DNS names or SHA-256 fingerprints; none: whomever the issuers vouch for. */
export type CertificateDemand = { readonly issuers: string; readonly names: readonly string[] };

/** Why whoever comes from a trunk's address is not taken for it. */
export type CertificateTrouble = "not-by-tls" | "none-shown" | "unreadable" | "untimely" | "other-issuer" | "other-name";

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const fingerprint = /^[0-9A-F]{64}$/;
const dnsName = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/**
 * Null: it is the carrier. `shown`: what came in the handshake, DER, whose key the handshake has proved; null: nothing. The issuer must stand in
 * `issuers` itself: who has intermediate ones gives them there. What the certificate may be used for is not asked, as public issuers write
 * client use into none any more.
 */
export function certificateTrouble(demand: CertificateDemand, shown: Uint8Array | null, now: number): CertificateTrouble | null {
  if (shown === null) return "none-shown";
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(shown);
  } catch {
    return "unreadable";
  }
  if (untimelyBecause(certificate, now) !== null) return "untimely";
  const issuers = certificatesIn(demand.issuers);
  if (issuers.length > 0 && !issuers.some((issuer) => vouches(issuer, certificate, now))) return "other-issuer";
  const isNamed = demand.names.length === 0 || demand.names.some((name) => isName(certificate, name));
  return isNamed && (issuers.length > 0 || demand.names.length > 0) ? null : "other-name";
}

/** Self-signed ones vouch for themselves. */
function vouches(issuer: X509Certificate, certificate: X509Certificate, now: number): boolean {
  if (issuer.fingerprint256 === certificate.fingerprint256) return true;
  return issuer.ca && untimelyBecause(issuer, now) === null && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isName(certificate: X509Certificate, name: string): boolean {
  const digits = fingerprintOf(name);
  return digits === null ? certificate.checkHost(name) !== undefined : certificate.fingerprint256.replaceAll(":", "") === digits;
}

/** SHA-256 as 64 capital hex digits; null: it is a name. */
export function fingerprintOf(text: string): string | null {
  const digits = text.replaceAll(":", "").toUpperCase();
  return fingerprint.test(digits) ? digits : null;
}

export function isNameOrFingerprint(text: string): boolean {
  return fingerprintOf(text) !== null || dnsName.test(text);
}

/** What a PEM text holds. @throws what node:crypto throws at a broken one */
function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(block) ?? []).map((one) => new X509Certificate(one));
}

/** @throws BadInput at `field` with the mend */
export function checkIssuers(pem: string, field: string, now: number): void {
  if (pem === "") return;
  let issuers: readonly X509Certificate[];
  try {
    issuers = certificatesIn(pem);
  } catch {
    issuers = [];
  }
  if (issuers.length === 0 || pem.replace(block, "").trim() !== "")
    throw new BadInput("Certificates in PEM form and nothing else: each begins with -----BEGIN CERTIFICATE-----.", field);
  for (const issuer of issuers) {
    const untimely = untimelyBecause(issuer, now);
    if (untimely !== null) throw new BadInput(`${issuer.subject.replaceAll("\n", ", ")}: ${untimely}`, field);
  }
}

export type OwnCertificate = { readonly chain: string; readonly key: string };

/** Chain and key out of one PEM text, as they are handed over. @throws BadInput with the mend */
export function ownCertificateIn(pem: string, field: string, now: number): OwnCertificate {
  const chain = (pem.match(block) ?? []).join("\n");
  const key = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/.exec(pem)?.[0] ?? "";
  if (chain === "" || key === "")
    throw new BadInput("Certificate and private key in PEM form, one after the other; the key without a password.", field);
  try {
    checkCertificate(chain, key, null, now);
    // In one form, whatever it came in.
    return { chain, key: createPrivateKey(key).export({ type: "pkcs8", format: "pem" }).toString() };
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(error.message, field) : error;
  }
}
