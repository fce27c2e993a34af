// A certificate that somebody gave us: whether it can be served, and what is wrong with it, before the next start finds out.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { BadInput } from "../lib/errors.ts";
import { isIpv4, isIpv6 } from "../lib/ip-address.ts";

/** Reads a PEM pair. @throws BadInput at `chain` or `privateKey` with the mend */
export function checkCertificate(chain: string, privateKey: string, publicUrl: string | null, now: number): void {
  const certificate = read("chain", "This is no certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----.", () => {
    return new X509Certificate(chain);
  });
  const key: KeyObject = read("privateKey", "This is no private key in PEM form, or it has a password: take the password off first.", () =>
    createPrivateKey(privateKey),
  );
  if (!certificate.checkPrivateKey(key)) throw new BadInput("This key does not belong to the certificate.", "privateKey");
  const untimely = untimelyBecause(certificate, now);
  if (untimely !== null) throw new BadInput(untimely, "chain");
  const host = publicUrl === null ? null : new URL(publicUrl).hostname.replace(/^\[|\]$/g, "");
  if (host === null) return;
  const isFor = isIpv4(host) || isIpv6(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  if (isFor === undefined)
    throw new BadInput(`It is not for ${host}, but for ${certificate.subjectAltName ?? certificate.subject}.`, "chain");
}

/** Why a certificate does not hold now, and what to do; null: it does. */
export function untimelyBecause(certificate: X509Certificate, now: number): string | null {
  if (Date.parse(certificate.validTo) <= now) return `It was valid until ${certificate.validTo}: get a newer one.`;
  if (Date.parse(certificate.validFrom) > now)
    return `It is valid only from ${certificate.validFrom} on: get another one, unless it is this server's clock that is wrong.`;
  return null;
}

function read<T>(field: string, message: string, make: () => T): T {
  try {
    return make();
  } catch {
    throw new BadInput(message, field);
  }
}
