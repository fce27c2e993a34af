// The first set-up without a browser: the link and what it guards, the TOML twin, sign-in with a code, and the recovery kit put to the test.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeAt, stepOf } from "../../core/directory/second-factor.ts";
import { fromBase32 } from "../../core/lib/base32.ts";
import { Landline, password } from "../support/landline.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

const landline = new Landline(["--sip", "127.0.0.1:15067", "--media-ports", "19067", "--metrics", "127.0.0.1:9467"], false);
const plain = new Landline(["--sip", "127.0.0.1:15067", "--media-ports", "19067", "--metrics", "127.0.0.1:9467"], false);
const trial = new Landline(["--trial", "--sip", "127.0.0.1:15067", "--media-ports", "19067", "--metrics", "127.0.0.1:9467"], false);
const origin = landline.http;
const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const secretsMade: string[] = [totpSecret, password];

/** The newest set-up secret that was printed. */
const printed = (): string =>
  landline.log
    .match(/Set up: \S+\/setup\/(\S+)/g)
    ?.at(-1)
    ?.split("/setup/")[1] ?? "";

function get(path: string, cookie = ""): Promise<Response> {
  return fetch(`${origin}${path}`, { redirect: "manual", headers: { cookie } });
}

function post(path: string, cookie: string, fields: Readonly<Record<string, string>>, from = origin): Promise<Response> {
  return fetch(`${origin}${path}`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, origin: from },
    body: new URLSearchParams(fields),
  });
}

const cookieOf = (answer: Response): string => answer.headers.get("set-cookie")?.split(";")[0] ?? "";
const csrfIn = async (answer: Response): Promise<string> => /name="csrf" value="([^"]+)"/.exec(await answer.text())?.[1] ?? "";

/** Password right, code awaited: the cookie and the form token of the second page. */
async function passwordGiven(email: string): Promise<{ readonly cookie: string; readonly csrf: string }> {
  const answer = await post("/sign-in", "", { email, password });
  expect(answer.status === 303 && answer.headers.get("location") === "/sign-in/code", `the password leads to the code: ${answer.status}`);
  expect(!(answer.headers.get("set-cookie") ?? "").includes("landline_session"), "no session before the code");
  const cookie = cookieOf(answer);
  return { cookie, csrf: await csrfIn(await get("/sign-in/code", cookie)) };
}

/** The step after this one, awaited: a code of the present one counts once. */
async function freshCode(after: number): Promise<{ readonly code: string; readonly at: number }> {
  await eventually("the next time step", () => stepOf(Date.now()) > after, 35_000);
  const at = stepOf(Date.now());
  return { code: codeAt(fromBase32(totpSecret)!, at), at };
}

function toml(digest: string, more = ""): string {
  return `${more}[organization]
name = "Northmere Health"
language = "en-GB"
country = "GB"
time-zone = "Europe/London"
[owner]
name = "Ada Northmere"
email = "ada@example.org"
password-file = "password.txt"
totp-secret = "${totpSecret}"
[address]
public-url = "https://desk.example.org"
certificate = "proxy"
trusted-proxies = ["127.0.0.1"]
[recovery]
digest = "${digest}"
[demo]
load = true
`;
}

await program(
  async () => {
    await step(
      "a centre without an owner prints a link; the next start prints another, and the older one is void",
      async () => {
        await landline.start();
        const first = await eventually("the link is printed", printed);
        secretsMade.push(first);
        expect(Buffer.from(first, "base64url").length >= 16, "at least 128 bits");
        expect((await get(`/setup/${first}`)).status === 302, "the link opens");
        await landline.stop();
        await landline.start();
        const second = await eventually("another link is printed", () => (printed() === first ? null : printed()));
        secretsMade.push(second);
        expect((await get(`/setup/${first}`)).status === 404, "the older one is void");
        const answer = await get(`/setup/${second}`);
        expect(answer.status === 302 && answer.headers.get("referrer-policy") === "same-origin", "the newer one opens");
        expect(
          /HttpOnly/i.test(answer.headers.get("set-cookie")!) && /SameSite=Lax/i.test(answer.headers.get("set-cookie")!),
          "its cookie",
        );
      },
      { must: true },
    );

    await step("nobody else gets in: no cookie, a wrong secret, another site's form; a guesser is barred", async () => {
      for (const path of ["/setup", "/setup/owner", "/setup/finish", `/setup/${"x".repeat(43)}`])
        expect((await get(path)).status === 404, path);
      const cookie = `landline_setup=${printed()}`;
      const csrf = await csrfIn(await get("/setup/organization", cookie));
      const fields = { csrf, name: "Taken", language: "en-GB", country: "GB", timeZone: "UTC" };
      expect((await post("/setup/organization", cookie, fields, "https://evil.example")).status === 403, "another origin");
      expect((await post("/setup/organization", cookie, { ...fields, csrf: "wrong" })).status === 403, "another token");
      expect((await post("/setup/organization", "landline_setup=wrong", fields)).status === 404, "another secret");
      const wrong = await post("/setup/organization", cookie, { ...fields, timeZone: "Mars/Olympus" });
      expect(wrong.status === 422 && (await wrong.text()).includes('id="timeZone-error"'), "an error stands beside its field");
      for (let i = 0; i < 25; i++) await get(`/setup/${"y".repeat(42)}${i % 10}`);
      expect((await get(`/setup/${printed()}`)).status === 404, "an address that guesses is barred");
    });

    await step("the file: unknown keys name the nearest, a wrong value names its key, and the kit comes first", async () => {
      const path = join(landline.folder, "setup.toml");
      writeFileSync(join(landline.folder, "password.txt"), `${password}\n`);
      const refused = (text: string, pattern: RegExp): void => {
        writeFileSync(path, text);
        const { code, error } = landline.run(["setup", "--from", path]);
        expect(code === 2 && pattern.test(error), `${pattern}: ${code} ${error}`);
      };
      refused(toml("x").replace("time-zone", "timezone"), /unknown key organization\.timezone \(did you mean time-zone\?\)/);
      refused(toml("x").replace("[demo]", "[demos]"), /unknown key demos \(did you mean demo\?\)/);
      refused(toml("x").replace('country = "GB"', 'country = "XX"'), /organization\.country: Choose a country/);
      refused(toml("x").replace("https://desk", "http://desk"), /address\.public-url: With a certificate the address begins with https/);
      refused(toml("x").replace('"127.0.0.1"', '"proxy"'), /address\.trusted-proxies/);
      refused(toml("x"), /there is no recovery kit yet/);
    });

    let kit = "";
    let codes: readonly string[] = [];
    await step(
      "the set-up ends; its pages are gone; the running node knows the name; a restart brings the address",
      async () => {
        const made = JSON.parse(landline.run(["setup", "kit", "--json"]).out) as { kit: string; digest: string };
        kit = made.kit;
        secretsMade.push(kit);
        const path = join(landline.folder, "setup.toml");
        writeFileSync(path, toml(made.digest));
        const { code, out, error } = landline.run(["setup", "--from", path, "--json"]);
        expect(code === 0, `${code} ${error}${out}`);
        const done = JSON.parse(out) as { recoveryCodes: string[]; needsRestart: boolean };
        codes = done.recoveryCodes;
        secretsMade.push(...codes);
        expect(codes.length === 10 && done.needsRestart, out);
        expect((await get("/setup/organization", `landline_setup=${printed()}`)).status === 404, "the set-up is gone");
        expect(landline.run(["setup", "--from", path]).code === 1, "it is done once");
        await eventually("the name is on the sign-in page", async () =>
          (await (await get("/sign-in")).text()).includes("Northmere Health"),
        );
        await landline.stop();
        const before = landline.log.length;
        await landline.start();
        expect(!landline.log.slice(before).includes("/setup/"), "no link is printed any more");
      },
      { must: true },
    );

    await step("sign-in: password, then a code; no code counts twice; each recovery code works once", async () => {
      const { code, at } = await freshCode(0);
      const first = await passwordGiven("ada@example.org");
      const wrong = await post("/sign-in/code", first.cookie, { csrf: first.csrf, code: "000000" });
      expect(wrong.status === 422 && cookieOf(wrong) === "", `a wrong code: ${wrong.status}`);
      const right = await post("/sign-in/code", first.cookie, { csrf: first.csrf, code });
      const session = right.headers.getSetCookie().find((entry) => entry.startsWith("landline_session="));
      expect(right.status === 303 && session !== undefined, `the right code: ${right.status}`);
      expect((await get("/", session!.split(";")[0]!)).status === 200, "the session opens the desk");
      const second = await passwordGiven("ada@example.org");
      const replayed = await post("/sign-in/code", second.cookie, { csrf: second.csrf, code });
      expect(replayed.status === 422 && (await replayed.text()).includes("has been used"), "the same code again");
      const early = await post("/sign-in/code", second.cookie, { csrf: second.csrf, code: codeAt(fromBase32(totpSecret)!, at - 1) });
      expect(early.status === 422, "an older step after a newer one");
      const typed = codes[0]!.toLowerCase().replaceAll("-", " ");
      expect((await post("/sign-in/code", second.cookie, { csrf: second.csrf, code: typed })).status === 303, "a recovery code");
      const third = await passwordGiven("ada@example.org");
      expect((await post("/sign-in/code", third.cookie, { csrf: third.csrf, code: typed })).status === 422, "the same recovery code again");
      expect((await post("/sign-in/code", third.cookie, { csrf: third.csrf, code: codes[1]! })).status === 303, "another one");
    });

    await step("ten wrong codes are made to wait, whatever comes then", async () => {
      const { cookie, csrf } = await passwordGiven("ada@example.org");
      await eventually(
        "the code is made to wait",
        async () => (await post("/sign-in/code", cookie, { csrf, code: "111111" })).status === 429,
      );
      expect((await post("/sign-in/code", cookie, { csrf, code: codes[2]! })).status === 429, "a right one, too");
    });

    await step("no secret lies on disk or in the log in the clear, and the tables agree with the events", async () => {
      const report = landline.run(["verify", "--rows"]);
      expect(report.code === 0, `verify: ${report.out}${report.error}`);
      const lines = landline.log.split("\n").filter((line) => !line.includes("Set up: "));
      for (const secret of secretsMade) expect(!lines.some((line) => line.includes(secret)), "a secret in the log");
      await landline.stop();
      const files = readdirSync(landline.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length > 100, "the data folder is searched");
      for (const entry of files) {
        const bytes = readFileSync(join(entry.parentPath, entry.name));
        for (const secret of secretsMade) expect(!bytes.includes(secret), `a secret in ${entry.name}`);
      }
    });

    await step("the key file is lost: only the newest kit brings it back, and the data can be read again", async () => {
      const keyFile = join(landline.folder, "keys/landline.key");
      const kept = readFileSync(keyFile);
      renameSync(keyFile, `${keyFile}.away`);
      expect(landline.run(["key", "restore"], `${"A".repeat(32)}\n`).code === 1, "another kit");
      expect(landline.run(["key", "restore"], "nonsense\n").code === 2, "no kit");
      expect(!existsSync(keyFile), "nothing was made");
      const { code, error } = landline.run(["key", "restore"], `${kit.toLowerCase()}\n`);
      expect(code === 0 && readFileSync(keyFile).equals(kept), `${code} ${error}`);
      expect(landline.run(["key", "restore"], `${kit}\n`).code === 1, "one that is there is not written over");
      rmSync(`${keyFile}.away`);
      await landline.start();
      expect(landline.run(["verify", "--rows"]).code === 0, "verify with the restored key");
    });

    await step("phone and codes are lost: the administrator of the machine takes the second factor away", async () => {
      const words = ["admin", "second-factor", "remove", "--email", "ada@example.org"];
      const removed = landline.run(words);
      expect(removed.code === 0, removed.error);
      expect(landline.run(words).code === 1, "there is none any more");
      const answer = await post("/sign-in", "", { email: "ada@example.org", password });
      expect(answer.status === 303 && answer.headers.get("location") === "/", "the password is enough");
    });

    await step("a certificate made here: nothing changes until the next start, which answers by https", async () => {
      await landline.stop();
      await plain.start();
      const made = JSON.parse(plain.run(["setup", "kit", "--json"]).out) as { digest: string };
      const path = join(plain.folder, "setup.toml");
      writeFileSync(join(plain.folder, "password.txt"), password);
      const text = toml(made.digest)
        .replace(/public-url.*\n/, "")
        .replace(/trusted-proxies.*\n/, "https-port = 18443\n");
      writeFileSync(
        path,
        text
          .replace('"proxy"', '"self-made"')
          .replace(/totp-secret.*\n/, "")
          .replace("load = true", "load = false"),
      );
      const { code, out, error } = plain.run(["setup", "--from", path]);
      expect(code === 0 && out.includes("start Landline again"), `${code} ${error}${out}`);
      const https = (): Promise<number> =>
        fetch("https://127.0.0.1:18443/readyz", { tls: { rejectUnauthorized: false } }).then(
          ({ status }) => status,
          () => 0,
        );
      expect((await https()) === 0, "not before the restart");
      await plain.stop();
      await plain.start();
      // The certificate is made after http is up.
      await eventually("https answers after it", async () => (await https()) === 200);
      const answer = await post("/sign-in", "", { email: "ada@example.org", password });
      expect(answer.headers.get("location") === "/", "without a second factor the password is enough");
      const session = cookieOf(answer);
      expect((await (await get("/trial", session)).text()).includes("No example to call"), "no example, and no guest");
    });
    await step("a trial: its link signs in once, its page makes a guest's link, which opens nothing else", async () => {
      await plain.stop();
      await trial.start();
      const link = await eventually("the trial's link is printed", () => /Try it: \S+(\/sign-in\/once\/\S+)/.exec(trial.log)?.[1]);
      expect(/Set up: \S+\/setup\/\S+/.test(trial.log), "the set-up's link, too");
      const ahead = await fetch(`${origin}${link}`, { headers: { "sec-purpose": "prefetch;prerender" }, redirect: "manual" });
      expect(ahead.status === 425 && cookieOf(ahead) === "", "a browser that looks ahead does not use it up");
      const entered = await get(link);
      expect(entered.status === 303 && entered.headers.get("location") === "/trial", `${entered.status}`);
      const session = cookieOf(entered);
      expect((await get(link)).status === 404, "it works once");
      const page = await get("/trial", session);
      expect(page.status === 200, "the trial's page");
      const called = await post("/trial/call", session, { csrf: await csrfIn(page) });
      const path = called.headers.get("location") ?? "";
      expect(called.status === 303 && /^\/call\/[\w-]{43}$/.test(path), path);
      expect((await get(path)).status === 200 && (await get(`/call/${"x".repeat(43)}`)).status === 404, "only the link opens the page");
      const socket = (to: string, from: string): Promise<number> =>
        fetch(`${origin}${to}/sip`, {
          headers: {
            ...{ origin: from, connection: "Upgrade", upgrade: "websocket", "sec-websocket-protocol": "sip" },
            ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
          },
        }).then(({ status }) => status);
      expect((await socket(`/call/${"x".repeat(43)}`, origin)) === 403, "a wrong link has no socket");
      expect((await socket(path, "https://evil.example")) === 403, "another site's page has none");
      expect((await post("/trial/call", "", { csrf: "x" })).status === 303, "whoever is not signed in goes to the sign-in");
    });
  },
  async () => {
    await trial.stop();
    await plain.stop();
    await landline.stop();
    if (!hasFailed()) for (const each of [landline, plain, trial]) each.discard();
  },
);
