// A certificate for --https when the operator has none: made once, kept in the data folder, renewed before it ends.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import type { Env } from "../core/env/env.ts";
import { ownAddresses } from "./addresses.ts";
import type { Config } from "./config.ts";

/** PEM, or the files that hold it. */
export type Certificate = { readonly cert: string; readonly key: string };

const lifeMs = 397 * 86_400_000;
const renewMs = 30 * 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Where the one that we make lies. */
export function selfMadePath({ data }: Pick<Config, "data">): Certificate {
  return { cert: join(data, "tls", "self-made.crt"), key: join(data, "tls", "self-made.key") };
}

/** PEM certificate and key; self-signed for this machine's names and addresses. */
export async function makeCertificate(env: Env, config: Config): Promise<Certificate> {
  const { cert: certPath, key: keyPath } = selfMadePath(config);
  if (existsSync(certPath) && existsSync(keyPath)) {
    const cert = readFileSync(certPath, "utf8");
    if (new X509Certificate(cert).notAfter.getTime() - env.clock.now() > renewMs) return { cert, key: readFileSync(keyPath, "utf8") };
  }
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const names = ["localhost", hostname(), ...(config["public-url"] === null ? [] : [new URL(config["public-url"]).hostname])];
  const now = env.clock.now();
  const { SubjectAlternativeNameExtension } = await import("@peculiar/x509");
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${names.at(-1)}`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + lifeMs),
    signingAlgorithm: algorithm,
    keys,
    serialNumber: Buffer.from(env.random.bytes(16)).toString("hex"),
    extensions: [
      new SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: "dns" as const, value })),
        ...["127.0.0.1", ...ownAddresses(config)].map((value) => ({ type: "ip" as const, value })),
      ]),
    ],
  });
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)!.join("\n")}\n-----END PRIVATE KEY-----\n`;
  const cert = certificate.toString("pem");
  mkdirSync(dirname(certPath), { recursive: true, mode: 0o700 });
  writeFileSync(keyPath, key, { mode: 0o600 });
  writeFileSync(certPath, cert);
  return { cert, key };
}
