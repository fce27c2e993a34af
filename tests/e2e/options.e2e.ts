// Options as an operator gives them: secrets from files, addresses in a real offer, two workers, a proxy that is believed and one that is not, no metrics, and a machine without a network.
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, pageHears, signIn, startChromium } from "../support/browser.ts";
import { hears, hearsSomething } from "../support/hearing.ts";
import { binary, client, Landline, password, testCentre } from "../support/landline.ts";
import { insideNamespace, otherAddress, ownAddress } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

/** Of documentation's own network (RFC 5737). They lead back here, as behind a router that forwards; the machine does not count them as its own. */
const publicAddresses = ["203.0.113.9", "203.0.113.7"];
const mediaPorts = ["19000", "19001"];
const proxy = "127.0.0.2";
const agentHz = 700;

await insideNamespace();
for (const address of publicAddresses) Bun.spawnSync(["ip", "addr", "add", `${address}/32`, "dev", "lo"]);
const landline = new Landline(
  [
    ...["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", ""],
    ...publicAddresses.flatMap((address) => ["--public-address", address]),
    ...["--workers", "2", "--media-ports", mediaPorts.join(","), "--trusted-proxies", proxy],
  ],
  true,
  { asFiles: ["LANDLINE_BOOTSTRAP_PASSWORD", "LANDLINE_BOOTSTRAP_CLIENT_SECRET"] },
);
const browsers: Chromium[] = [];
/** Each SIP message that came over an agent's socket, by the browser's name. */
const offers = new Map<string, string[]>();

await program(
  async () => {
    await step(
      "it starts with its secrets in files, and both are what the files say",
      async () => {
        await landline.start();
        landline.apply(testCentre([ownAddress]));
        const answer = await fetch(`${landline.http}/sign-in`, {
          method: "POST",
          redirect: "manual",
          headers: { origin: landline.http },
          body: new URLSearchParams({ email: "owner@example.org", password }),
        });
        expect(answer.status === 303, `the owner's password from the file is answered ${answer.status}`);
        expect((await oauth("127.0.0.1", null, client.secret)) === 200, "the client's secret from the file is refused");
      },
      { must: true },
    );
    await step("/healthz and /readyz answer without a session; the subcommand agrees", async () => {
      const health = await fetch(`${landline.http}/healthz`);
      expect(health.status === 200 && (await health.text()) === "ok\n", `healthz: ${health.status}`);
      expect((await fetch(`${landline.http}/readyz`)).status === 200, "readyz");
      expect(landline.run(["healthcheck"]).code === 0, "healthcheck");
    });
    await step("without an address for metrics there are none, neither there nor beside the pages", async () => {
      const elsewhere = await fetch("http://127.0.0.1:9464/metrics").then(
        ({ status }) => status,
        () => "nobody",
      );
      expect(elsewhere === "nobody", `the default port answers ${elsewhere}`);
      expect((await fetch(`${landline.http}/metrics`)).status === 404, "the pages' port answers");
    });
    await step("X-Forwarded-For is believed of the proxy that was named, and of nobody else", async () => {
      const cases: readonly (readonly [from: string, forwarded: string | null, seen: string])[] = [
        ["127.0.0.1", null, "127.0.0.1"],
        ["127.0.0.1", "198.51.100.1", "127.0.0.1"],
        [proxy, "198.51.100.2", "198.51.100.2"],
        // What the client itself claims stands before what the proxy saw.
        [proxy, "192.0.2.66, 198.51.100.3", "198.51.100.3"],
        [proxy, `198.51.100.4, ${proxy}`, "198.51.100.4"],
        [proxy, null, proxy],
      ];
      for (const [from, forwarded, seen] of cases) {
        const before = refusals().length;
        expect((await oauth(from, forwarded, "a wrong secret")) >= 400, "a wrong secret is taken");
        const [refused] = await eventually("the refusal is logged", () => (refusals().length > before ? refusals().slice(before) : null));
        expect(refused === seen, `${from} with ${forwarded ?? "nothing"} is taken for ${refused}, not ${seen}`);
      }
    });
    await step(
      "two workers, two calls: each offer names all addresses, public ones first, and each call has its own worker; both are heard",
      twoCalls,
    );
    await step("doctor names the addresses in their order, measures the disk, and prints JSON", async () => {
      const { out } = landline.run(["doctor"]);
      expect(inOrder(/voice is offered at (.*)/.exec(out)?.[1]?.split(", ") ?? []), out);
      expect(/a flush takes [\d.]+ ms: at most \d+ commits a second/.test(out) && /\d+ files may be open/.test(out), out);
      for (const port of mediaPorts) expect(new RegExp(`udp port ${port} \\(--media-ports\\) is in use`).test(out), out);
      const findings = JSON.parse(landline.run(["doctor", "--json"]).out) as { level: string; what: string; mend: string }[];
      expect(
        findings.length >= 6 && findings.every(({ level, what }) => /^(ok|warning|problem)$/.test(level) && what !== ""),
        JSON.stringify(findings),
      );
      const { code } = landline.run(["doctor"]);
      expect(code === (findings.some(({ level }) => level === "problem") ? 1 : 0), `doctor ends with ${code}`);
    });
    await step("on a machine with loopback alone, serve and doctor say what the browser phone needs", withoutNetwork);
  },
  async () => {
    Baresip.quitAll();
    for (const browser of browsers) await browser.quit();
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);

/** The status of a token request that comes from a certain address of loopback. */
function oauth(from: string, forwarded: string | null, secret: string): Promise<number> {
  const body = "grant_type=client_credentials";
  const headers = {
    authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString("base64")}`,
    "content-type": "application/x-www-form-urlencoded",
    "content-length": String(body.length),
    ...(forwarded === null ? {} : { "x-forwarded-for": forwarded }),
  };
  return new Promise((done, fail) => {
    const asked = request(
      { host: "127.0.0.1", port: 8080, path: "/oauth/token", method: "POST", localAddress: from, headers },
      (answer) => {
        answer.resume();
        answer.on("end", () => done(answer.statusCode ?? 0));
      },
    );
    asked.on("error", fail);
    asked.end(body);
  });
}

/** The given ones first, as they were given; then the machine's own, as the machine lists them. */
function inOrder(addresses: readonly string[]): boolean {
  const own = [ownAddress, otherAddress];
  return addresses.slice(0, 2).join(" ") === publicAddresses.join(" ") && addresses.slice(2).sort().join(" ") === own.sort().join(" ");
}

/** The addresses of refused clients, as the log says them. */
function refusals(): string[] {
  return [...landline.log.matchAll(/fact="oauth client refused" address=(\S+)/g)].map(([, address]) => address!);
}

async function twoCalls(): Promise<void> {
  const callers: Baresip[] = [];
  for (const [i, name] of ["priya", "tomasz"].entries()) {
    const agent = await startChromium(landline.http, landline.folder, name, agentHz);
    browsers.push(agent);
    const received: string[] = [];
    offers.set(name, received);
    agent.page().on("websocket", (socket) => socket.on("framereceived", ({ payload }) => void received.push(String(payload))));
    await signIn(agent, `${name}@example.org`);
    await goOnQueue(agent);
    const caller = new Baresip(join(landline.folder, `phone-${name}`), ownAddress, 440, {
      port: 5_070 + i * 10,
      rtpPorts: `${30_000 + i * 1_000}-${30_999 + i * 1_000}`,
    });
    callers.push(caller);
    await caller.ready();
    caller.dial(`sip:100@${ownAddress}:5060`);
    await eventually("the call is answered", () => caller.established === 1);
    await hearsSomething(caller, "the caller hears the menu");
    caller.press("2");
    await agent.waitFor('#call[data-call-state="alerting"]', 20_000);
    await agent.press("Enter");
    await agent.waitFor('#call[data-call-state="connected"]', 10_000);
  }
  const ports: string[] = [];
  for (const name of ["priya", "tomasz"]) {
    const offer = offers.get(name)!.find((message) => message.startsWith("INVITE ") && message.includes("a=candidate"));
    expect(offer !== undefined, `${name}'s browser got no offer`);
    const candidates = [...offer.matchAll(/^a=candidate:\S+ 1 udp (\d+) (\S+) (\d+) typ host/gm)];
    const addresses = candidates.map(([, , address]) => address!);
    expect(inOrder(addresses), `the offer names ${addresses.join(", ")}`);
    const priorities = candidates.map(([, priority]) => Number(priority));
    expect(
      priorities.every((priority, i) => i === 0 || priority < priorities[i - 1]!),
      `the priorities are ${priorities.join(", ")}`,
    );
    const own = new Set(candidates.map(([, , , port]) => port!));
    expect(own.size === 1, `one offer names the ports ${[...own].join(", ")}`);
    ports.push(...own);
  }
  expect(ports.sort().join(" ") === mediaPorts.join(" "), `the calls are at the ports ${ports.join(", ")}`);
  for (const [i, browser] of browsers.entries()) {
    await pageHears(browser, 440, "the agent hears the caller");
    await hears(callers[i]!, agentHz, "the caller hears the agent");
  }
  for (const caller of callers) caller.hangUp();
  for (const browser of browsers) await browser.waitFor('#call[data-call-state="wrapup"]', 10_000);
}

/** In a network of its own without any device but loopback. */
async function withoutNetwork(): Promise<void> {
  const data = join(landline.folder, "alone");
  const words = [
    ...["--data", data, "--key-file", join(landline.folder, "alone-keys/landline.key"), "--http", "127.0.0.1:8080"],
    ...["--sip", "127.0.0.1:5060", "--metrics", ""],
  ];
  const alone = (subcommand: string): string[] => [
    "unshare",
    "-n",
    "sh",
    "-c",
    'ip link set lo up; exec "$0" "$@"',
    binary,
    subcommand,
    ...words,
  ];
  const log = join(landline.folder, "alone.log");
  writeFileSync(log, "");
  const node = Bun.spawn(alone("serve"), {
    cwd: landline.folder,
    env: { PATH: process.env.PATH ?? "" },
    stdout: Bun.file(log),
    stderr: "pipe",
  });
  let said = "";
  const reading = (async () => {
    for await (const bytes of node.stderr) said += new TextDecoder().decode(bytes);
  })();
  try {
    await eventually(
      "serve says that there is no address",
      () => /this machine has no address besides loopback: the browser phone needs one \(give --public-address/.test(said),
      30_000,
    );
  } finally {
    node.kill("SIGTERM");
    expect((await node.exited) === 0, `it ended with ${node.exitCode}: ${said.slice(-400)}`);
    await reading;
  }
  expect(!landline.log.includes("no address besides loopback"), "it says so on a machine that has one");
  const doctor = Bun.spawnSync(alone("doctor"), { cwd: landline.folder, env: { PATH: process.env.PATH ?? "" } });
  const out = doctor.stdout.toString();
  expect(
    doctor.exitCode === 1 && /mend {2}no address besides loopback: the browser phone needs one/.test(out),
    `${doctor.exitCode} ${out}`,
  );
}
