// `setup --from FILE`: every step of the first set-up without a browser, by the same commands; and `setup kit`, `key restore`.
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { type ZodType, z } from "zod";
import { organizationSettings } from "../core/directory/organization.ts";
import { offerTotp, putSecret, typedSecret } from "../core/directory/sign-in.ts";
import { AppError, Conflict } from "../core/lib/errors.ts";
import { checkCertificate } from "../core/setup/certificate.ts";
import {
  acknowledgeKitByDigest,
  chooseDemo,
  confirmOwner,
  finishSetup,
  keepNetworkResult,
  makeKit,
  needsSetup,
  setAddress,
  setOrganization,
  setOwner,
  setupOf,
  skipSecondFactor,
} from "../core/setup/commands.ts";
import { digestOf, kitBytesOf } from "../core/setup/kit.ts";
import { addressInput, ownerInput } from "../core/setup/setup.ts";
import { restoreKeyFile } from "../storage/vault/recovery.ts";
import { type Config, ConfigError, hint } from "./config.ts";
import { nodeSettings } from "./kept.ts";
import type { OpenNode } from "./node.ts";
import { machineActor } from "./wire.ts";

const document = z.strictObject({
  organization: z.strictObject({ name: z.string(), language: z.string(), country: z.string(), "time-zone": z.string() }),
  owner: z.strictObject({
    name: z.string(),
    email: z.string(),
    password: z.string().optional(),
    "password-file": z.string().optional(),
    /** Base32; without it the owner signs in with the password alone. */
    "totp-secret": z.string().optional(),
  }),
  address: z.strictObject({
    "public-url": z.string().default(""),
    certificate: z.string(),
    "https-port": z.number().default(8_443),
    "certificate-file": z.string().optional(),
    "private-key-file": z.string().optional(),
    "trusted-proxies": z.array(z.string()).default([]),
  }),
  recovery: z.strictObject({ digest: z.string() }),
  demo: z.strictObject({ load: z.boolean() }),
});
type Document = z.infer<typeof document>;

export type SetupDone = { readonly recoveryCodes: readonly string[]; readonly needsRestart: boolean };

/** Runs all steps and ends the set-up. Everything is looked at before anything is changed. @throws ConfigError that names the key */
export async function setupFrom(node: OpenNode, path: string): Promise<SetupDone> {
  const { app, env } = node;
  const actor = machineActor(node);
  const machine = nodeSettings(env, node.config);
  const text = readSetup(path);
  if (!(await needsSetup(app))) throw new Conflict("There is nothing to set up: this organisation has an owner.");
  const organization = checked(path, "organization", organizationSettings, renamed(text.organization, { "time-zone": "timeZone" }));
  const owner = checked(path, "owner", ownerInput, {
    name: text.owner.name,
    email: text.owner.email,
    password: passwordOf(path, text.owner),
  });
  const secret = text.owner["totp-secret"] === undefined ? null : typedSecret(text.owner["totp-secret"]);
  if (secret === null && text.owner["totp-secret"] !== undefined)
    throw new ConfigError(`${path}, owner.totp-secret: base32 of at least 16 bytes`);
  const address = checked(path, "address", addressInput, {
    publicUrl: text.address["public-url"],
    certificate: text.address.certificate,
    httpsPort: text.address["https-port"],
    chain: fileOf(path, text.address["certificate-file"]),
    privateKey: fileOf(path, text.address["private-key-file"]),
    trustedProxies: text.address["trusted-proxies"],
  });
  await named(path, async () => {
    if (address.certificate === "upload") checkCertificate(address.chain, address.privateKey, address.publicUrl, env.clock.now());
    // The kit first: nobody ends up with a centre that cannot be brought back.
    await acknowledgeKitByDigest(app, actor, text.recovery.digest);
    await setOrganization(app, actor, organization);
    await setOwner(app, actor, owner);
  });
  const recoveryCodes = await secondFactor(node, secret);
  await named(path, async () => {
    await setAddress(app, actor, machine, address);
    await keepNetworkResult(app, actor, { socket: null, voice: null, encrypted: null });
    await chooseDemo(app, actor, text.demo.load, machine.addresses().media);
    await finishSetup(app, actor);
  });
  return { recoveryCodes, needsRestart: machine.needsRestart() };
}

/** The secret is the operator's own, who vouches for it: no first code is asked. */
async function secondFactor(node: OpenNode, secret: Uint8Array | null): Promise<readonly string[]> {
  const { app } = node;
  const actor = machineActor(node);
  const { ownerId, stepsDone } = await setupOf(app);
  if (ownerId === null || stepsDone.includes("second-factor")) return [];
  if (secret === null) {
    await skipSecondFactor(app, actor);
    return [];
  }
  await offerTotp(app, actor, ownerId);
  await app.unit.run(async (stores) => ({ value: undefined, events: await putSecret(stores, app, actor.id, ownerId, secret) }));
  return confirmOwner(app, actor, null, null);
}

/** A new recovery kit and its digest; the kit before opens nothing any more. */
export async function newRecoveryKit(node: OpenNode): Promise<{ readonly kit: string; readonly digest: string }> {
  const kit = await makeKit(node.app, machineActor(node), nodeSettings(node.env, node.config));
  return { kit, digest: digestOf(kit) };
}

/** Makes the key file from its sealed copy. @throws ConfigError when what was typed is no kit · KeyFileError */
export function restoreKey(config: Config, typed: string): void {
  const kit = kitBytesOf(typed);
  if (kit === null) throw new ConfigError("this is no recovery kit: eight groups of four letters and digits");
  restoreKeyFile(config.data, config["key-file"], kit);
}

function readSetup(path: string): Document {
  if (!existsSync(path)) throw new ConfigError(`${path}: there is no such file`);
  let table: unknown;
  try {
    table = parseToml(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof TomlError) throw new ConfigError(`${path}, line ${error.line}: ${error.message.split("\n")[0]}`);
    throw error;
  }
  const parsed = document.safeParse(table);
  if (parsed.success) return parsed.data;
  // A key that is mistyped is unknown and missing: the first is the one to say.
  const issue = parsed.error.issues.find(({ code }) => code === "unrecognized_keys") ?? parsed.error.issues[0]!;
  if (issue.code !== "unrecognized_keys") throw new ConfigError(`${path}, ${issue.path.join(".")}: ${issue.message}`);
  const place = issue.path.map(String);
  const [key] = issue.keys;
  const known = place.length === 0 ? document.shape : (document.shape[place[0] as keyof Document].shape as object);
  throw new ConfigError(`${path}: unknown key ${[...place, key].join(".")}${hint(key!, Object.keys(known), "")}`);
}

/** By the schema of the pages; the message names the file's own key. */
function checked<T>(path: string, section: string, schema: ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new ConfigError(`${path}, ${section}.${fileKey(String(issue.path[0]))}: ${issue.message}`);
}

// Refusals of the commands name fields as the pages have them.
async function named(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    throw new ConfigError(`${path}${error.field === undefined ? "" : `, ${fileKey(error.field)}`}: ${error.message}`);
  }
}

const fileKeys: Readonly<Record<string, string>> = {
  timeZone: "time-zone",
  publicUrl: "public-url",
  httpsPort: "https-port",
  chain: "certificate-file",
  privateKey: "private-key-file",
  trustedProxies: "trusted-proxies",
};

function fileKey(field: string): string {
  return fileKeys[field] ?? field;
}

function renamed(table: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [names[key] ?? key, value]));
}

function passwordOf(path: string, owner: Document["owner"]): string | undefined {
  return owner["password-file"] === undefined ? owner.password : fileOf(path, owner["password-file"]).replace(/\r?\n$/, "");
}

/** Paths in the file are as seen from the file. */
function fileOf(path: string, name: string | undefined): string {
  if (name === undefined) return "";
  const file = resolve(dirname(path), name);
  if (!existsSync(file)) throw new ConfigError(`${path}: ${file} is not there`);
  return readFileSync(file, "utf8");
}
