// What the set-up keeps for the next start: read behind everything that was given, with a certificate that fits or not at all.
import "reflect-metadata";
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BadInput } from "../core/lib/errors.ts";
import { checkCertificate } from "../core/setup/certificate.ts";
import { type AddressInput, addressInput } from "../core/setup/setup.ts";
import { testFolder } from "../tests/support/postgres.ts";
import { makeCertificate } from "./certificate.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { realEnv } from "./env.ts";
import { nodeSettings } from "./kept.ts";

const env = realEnv("error");
const dayMs = 86_400_000;
const input = (fields: Partial<AddressInput>): AddressInput => ({
  ...{ publicUrl: null, certificate: "none", httpsPort: 8_443, chain: "", privateKey: "", trustedProxies: [] },
  ...fields,
});

function start(data: string, flags: Readonly<Record<string, string>> = {}) {
  return loadConfig({ data, "key-file": `${data}-keys/landline.key`, ...flags }, {}, null);
}

test("a certificate made here: https from the next start on, and only from then on", async () => {
  const data = testFolder();
  const running = start(data);
  const settings = nodeSettings(env, running);
  expect(settings.needsRestart()).toBe(false);
  await settings.keepAddress(input({ certificate: "self-made", publicUrl: "https://desk.example.org" }));
  expect([running.https, settings.needsRestart()]).toEqual([null, true]);
  const next = start(data);
  expect([next.https, next["public-url"], next.given]).toEqual(["0.0.0.0:8443", "https://desk.example.org", ["data", "key-file"]]);
  expect(nodeSettings(env, next).needsRestart()).toBe(false);
});

test("what was given at start wins, and is no reason to start again", async () => {
  const data = testFolder();
  const flags = { "public-url": "https://given.example.org", https: "127.0.0.1:9443", "trusted-proxies": "10.0.0.9" };
  const settings = nodeSettings(env, start(data, flags));
  await settings.keepAddress(input({ certificate: "proxy", publicUrl: "https://kept.example.org", trustedProxies: ["10.0.0.2"] }));
  expect(settings.needsRestart()).toBe(false);
  expect(start(data, flags)["public-url"]).toBe("https://given.example.org");
  expect(start(data)["trusted-proxies"]).toEqual(["10.0.0.2"]);
});

test("an uploaded pair lies in the data, its key for nobody else, and is found", async () => {
  const data = testFolder();
  const pair = await makeCertificate(env, start(testFolder()));
  await nodeSettings(env, start(data)).keepAddress(input({ certificate: "upload", chain: pair.cert, privateKey: pair.key }));
  const next = start(data);
  expect(readFileSync(next["https-cert"]!, "utf8").trim()).toBe(pair.cert.trim());
  expect(statSync(next["https-key"]!).mode & 0o077).toBe(0);
  expect(existsSync(`${next["https-key"]}.new`)).toBe(false);
});

test("a kept file that somebody broke is named, with the key and its nearest", () => {
  const data = testFolder();
  writeFileSync(join(data, "kept.toml"), 'htps = "0.0.0.0:8443"\n');
  expect(() => start(data)).toThrow(ConfigError);
  expect(() => start(data)).toThrow(/kept\.toml: unknown key htps \(did you mean https\?\)/);
});

test("a certificate is refused with its reason: no PEM, another's key, out of date, for another name", async () => {
  const [one, other] = [await makeCertificate(env, start(testFolder())), await makeCertificate(env, start(testFolder()))];
  const now = env.clock.now();
  const reason = (work: () => void): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof BadInput) return `${error.field}: ${error.message}`;
      throw error;
    }
    return "";
  };
  for (const url of ["https://localhost", "https://127.0.0.1:8443", null])
    expect(reason(() => checkCertificate(one.cert, one.key, url, now))).toBe("");
  expect(reason(() => checkCertificate(one.cert, one.key, "https://198.51.100.7", now))).toContain("chain: It is not for 198.51.100.7");
  expect(reason(() => checkCertificate("nonsense", one.key, null, now))).toContain("chain: This is no certificate");
  expect(reason(() => checkCertificate(one.cert, "nonsense", null, now))).toContain("privateKey: This is no private key");
  expect(reason(() => checkCertificate(one.cert, other.key, null, now))).toContain("privateKey: This key does not belong");
  expect(reason(() => checkCertificate(one.cert, one.key, null, now + 500 * dayMs))).toContain("chain: It was valid until");
  expect(reason(() => checkCertificate(one.cert, one.key, null, now - dayMs))).toContain("chain: It is valid only from");
  expect(reason(() => checkCertificate(one.cert, one.key, "https://desk.example.org", now))).toContain(
    "chain: It is not for desk.example.org",
  );
});

test("an address is one thing: no path, https with a certificate, a proxy with its addresses", () => {
  const wrong = (fields: object): string[] => {
    const parsed = addressInput.safeParse({ publicUrl: "", certificate: "none", httpsPort: "8443", ...fields });
    return parsed.success ? [] : parsed.error.issues.map((issue) => String(issue.path[0]));
  };
  expect(wrong({})).toEqual([]);
  expect(wrong({ publicUrl: "http://desk.example.org:8080/" })).toEqual([]);
  for (const publicUrl of ["desk.example.org", "https://desk.example.org/path", "ftp://desk.example.org", "https://a:b@desk.example.org"])
    expect(wrong({ publicUrl })).toContain("publicUrl");
  expect(wrong({ publicUrl: "https://desk.example.org" })).toEqual(["publicUrl"]);
  expect(wrong({ certificate: "upload" })).toEqual(["chain", "privateKey"]);
  expect(wrong({ certificate: "proxy" })).toEqual(["trustedProxies", "publicUrl"]);
  expect(wrong({ certificate: "self-made", httpsPort: "99999" })).toEqual(["httpsPort"]);
});
