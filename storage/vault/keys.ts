// The key file: the master key that unlocks every data key, and the key pair that signs heads and manifests. Kept outside the data.
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Env } from "../../core/env/env.ts";
import { canonicalJson } from "../../core/lib/canonical.ts";
import { AppError } from "../../core/lib/errors.ts";
import { newId } from "../../core/lib/id.ts";
import { parseJson } from "../../core/lib/json.ts";
import { flushPath } from "../files.ts";

/** A key file that is missing, open to others, or broken. */
export class KeyFileError extends AppError {
  override readonly name = "KeyFileError";
  constructor(message: string) {
    super("key.file", message, 500);
  }
}

/** What keys are derived for. A purpose never changes its meaning. */
export type Purpose = "wrap-data-keys" | "journal" | "recordings" | "secrets";

/** What is signed, and so what a signature is worth: none can stand under a statement of another kind. */
export type SignedPurpose = "head" | "recording" | "pruned" | "backup" | "proof";
/** What checks signatures; the public half is enough. */
export type Verifier = {
  readonly keyId: string;
  verify(purpose: SignedPurpose, statement: Statement, signature: string): boolean;
};
export type Statement = { readonly [key: string]: unknown };

const base64Of32 = z.string().refine((text) => Buffer.from(text, "base64").length === 32, "32 bytes in base64");
const keyFileSchema = z.strictObject({
  version: z.literal(1),
  keyId: z.uuid(),
  /** AES-256 and HKDF input. */
  master: base64Of32,
  /** Ed25519 seed (RFC 8032 §5.1.5). */
  signing: base64Of32,
});

// RFC 8410 §7: the DER around a bare Ed25519 seed.
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

export class Keys {
  private readonly derived = new Map<Purpose, Buffer>();
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;

  constructor(
    readonly keyId: string,
    private readonly master: Uint8Array,
    seed: Uint8Array,
  ) {
    this.privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
    this.publicKey = createPublicKey(this.privateKey);
  }

  /** HKDF-SHA-256 (RFC 5869) of the master key for one purpose; 32 bytes. */
  derive(purpose: Purpose): Buffer {
    const known = this.derived.get(purpose);
    if (known !== undefined) return known;
    const key = Buffer.from(hkdfSync("sha256", this.master, new Uint8Array(0), `landline.v1.${purpose}`, 32));
    this.derived.set(purpose, key);
    return key;
  }

  /** Ed25519 over `signedText`, base64. */
  sign(purpose: SignedPurpose, statement: Statement): string {
    return sign(null, signedText(purpose, statement), this.privateKey).toString("base64");
  }

  verify(purpose: SignedPurpose, statement: Statement, signature: string): boolean {
    return isSigned(this.publicKey, purpose, statement, signature);
  }

  /** For whoever checks signatures without the key file. */
  get publicPem(): string {
    return this.publicKey.export({ type: "spki", format: "pem" });
  }
}

/** Checks with the public half alone; null: it is no Ed25519 key in PEM. */
export function verifierOf(keyId: string, publicPem: string): Verifier | null {
  try {
    const key = createPublicKey(publicPem);
    if (key.asymmetricKeyType !== "ed25519") return null;
    return { keyId, verify: (purpose, statement, signature) => isSigned(key, purpose, statement, signature) };
  } catch {
    return null;
  }
}

/** SHA-256 of the public key (DER), in groups that two people can read to each other. */
export function fingerprintOf(publicPem: string): string {
  const der = createPublicKey(publicPem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").match(/.{8}/g)!.join(" ");
}

function isSigned(key: KeyObject, purpose: SignedPurpose, statement: Statement, signature: string): boolean {
  const bytes = Buffer.from(signature, "base64");
  return bytes.length === 64 && verify(null, signedText(purpose, statement), key, bytes);
}

/** `landline.v1.<purpose>`, a line feed, the statement as canonical JSON. */
function signedText(purpose: SignedPurpose, statement: Statement): Buffer {
  return Buffer.from(`landline.v1.${purpose}\n${canonicalJson(statement)}`, "utf8");
}

/** Reads the key file; makes it at the first start. @throws KeyFileError when others may read it, or it is not one */
export function loadOrCreateKeys(env: Env, path: string): Keys {
  if (!existsSync(path)) createKeyFile(env, path);
  return loadKeys(path);
}

/** @throws KeyFileError */
export function loadKeys(path: string): Keys {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw new KeyFileError(`key file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0)
      throw new KeyFileError(`key file ${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`);
    const parsed = keyFileSchema.safeParse(parseJson(readFileSync(fd, "utf8")));
    if (!parsed.success) throw new KeyFileError(`key file ${path} is not one of ours: ${parsed.error.issues[0]!.message}`);
    const { keyId, master, signing } = parsed.data;
    return new Keys(keyId, Buffer.from(master, "base64"), Buffer.from(signing, "base64"));
  } finally {
    closeSync(fd);
  }
}

// O_EXCL: of two processes that start at once, one makes it and both read the same.
function createKeyFile(env: Env, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const base64 = (length: number): string => Buffer.from(env.random.bytes(length)).toString("base64");
  const text = `${JSON.stringify({ version: 1, keyId: newId(env), master: base64(32), signing: base64(32) }, null, 2)}\n`;
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    if (existsSync(path)) return;
    throw new KeyFileError(`key file ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  flushPath(dirname(path));
  env.log.warn("a key file was made; without it the data cannot be read: keep a copy elsewhere", { path });
}
