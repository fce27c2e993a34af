// The network test as people use it: a clean path is good both ways, loss is found in its direction, a blocked port is named, and a result is sent and read.
import { type Browser, type Chromium, signIn, startChromium, startFirefox } from "../support/browser.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { lookAt } from "../support/look.ts";
import { blockTcp, blockUdp, insideNamespace, loseUdp, ownAddress } from "../support/namespace.ts";
import { expect, hasFailed, program, step } from "../support/steps.ts";

const mediaPort = "19000";
/** The test's own fifteen seconds, what ICE may take, and a machine that has other things to do. */
const resultMs = 40_000;

await insideNamespace();
const landline = new Landline(["--sip", `${ownAddress}:5060`, "--media-ports", mediaPort, "--metrics", "127.0.0.1:9464"]);
const browsers: Browser[] = [];
let priya: Chromium;
let gareth: Browser;
let owner: Chromium;

await program(
  async () => {
    await step(
      "a node, and an agent's page of the network test from the headphones at the top",
      async () => {
        await landline.start();
        const centre = testCentre([ownAddress]) as { trunks: object[] };
        landline.apply({ ...centre, trunks: [...centre.trunks, { name: "Named", addresses: ["127.0.0.9"], proxies: ["localhost:5062"] }] });
        [priya, owner, gareth] = await Promise.all([
          startChromium(landline.http, landline.folder, "priya", 700),
          startChromium(landline.http, landline.folder, "owner", 700),
          startFirefox(landline.http),
        ]);
        browsers.push(priya, owner, gareth);
        await signIn(priya, "priya@example.org");
        await priya.click("[data-softphone-pill]");
        await priya.waitFor("#network-test");
        expect(!(await priya.text("#main")).includes("Sent to administrators"), "an agent reads what others have sent");
        await lookAt(priya, "network-test");
      },
      { must: true },
    );

    await step("a test that is cancelled tells nothing, and the next one begins anew", async () => {
      await priya.click("[data-network-start]");
      await priya.waitFor('[data-check="encrypted"][data-is="good"]');
      await priya.waitFor("#network-running:not([hidden])");
      await lookAt(priya, "network-test-running");
      await priya.click("[data-network-cancel]");
      await priya.waitFor('[data-check="sound"][data-is="waiting"]');
      expect((await priya.text("#network-result")) === "", "a cancelled test has a result");
    });

    await step("a clean path is good both ways, in Chromium and Firefox, and with a tone where the microphone is refused", async () => {
      await signIn(gareth, "gareth@example.org");
      await gareth.goto("/network-test");
      await signIn(owner, "owner@example.org");
      await owner.page().context().clearPermissions();
      await owner.goto("/network-test");
      await Promise.all([tested(priya), tested(owner), tested(gareth)]);
      expect((await grades(owner)).join() === "good,good", `with a tone: ${await owner.text("#network-result")}`);
      expect((await findings(owner)).join() === "microphone-refused", await owner.text("#network-result"));
      for (const browser of [priya, gareth]) {
        const result = await browser.text("#network-result");
        expect(result.includes("Voice is good both ways."), `${browser.name}: ${result}`);
        expect((await grades(browser)).join() === "good,good", `${browser.name}: ${await grades(browser)}`);
        expect((await findings(browser)).length === 0, `${browser.name} finds ${await findings(browser)}: ${result}`);
        expect(result.includes(`${ownAddress}:${mediaPort} (direct, UDP)`), `${browser.name} names no pair: ${result}`);
      }
      // Firefox runs no sound without a sound card.
      expect((await priya.text("#network-result")).includes("Allowed, and something was heard"), "the microphone is not heard");
      await gareth.quit();
      browsers.splice(browsers.indexOf(gareth), 1);
      await lookAt(priya, "network-test-good");
    });

    await step("10 % loss on the way to the server is found there, and only there", async () => {
      const heal = loseUdp(mediaPort, 0.1);
      try {
        await tested(priya);
      } finally {
        heal();
      }
      const result = await priya.text("#network-result");
      expect((await grades(priya)).join() === "poor,good", result);
      expect((await findings(priya)).join() === "loss-up", result);
      const percent = Number(/Loss upstream (\d+) %/.exec(result)?.[1]);
      expect(percent >= 5 && percent <= 16, `${percent} % are said to be lost: ${result}`);
      await lookAt(priya, "network-test-loss");
    });

    await step("it is sent to the administrators, once, and the log says who has", async () => {
      const sealed = await priya.evaluate(() => document.querySelector<HTMLInputElement>('input[name="result"]')!.value);
      await priya.click('[action="/network-test/send"] button[type=submit]');
      await priya.waitFor('#main .note[data-tone="info"]');
      expect((await priya.text("#main")).includes("Sent: administrators find it on this page."), "it is not said that it was sent");
      expect((await sendAgain(priya, sealed)) === 409, "it was sent twice");
      expect((await sendAgain(priya, `${sealed.slice(0, -8)}AAAAAAA=`)) === 400, "a made-up result was taken");
    });

    await step(
      "a firewall that blocks UDP: voice goes by TCP, and the result says so; where both are blocked the port is named",
      async () => {
        const open = [blockUdp("1024-65535", mediaPort)];
        try {
          await tested(priya);
          const said = await priya.text("#network-result");
          expect((await grades(priya)).join() === "good,good", said);
          expect((await findings(priya)).join() === "by-tcp", said);
          expect(said.includes(`UDP to port ${mediaPort} does not get through, so voice goes by TCP`), said);
          expect(said.includes(`${ownAddress}:${mediaPort} (TCP)`), `no pair by TCP: ${said}`);
          await lookAt(priya, "network-test-tcp");
          open.push(blockTcp(mediaPort));
          await tested(priya);
        } finally {
          for (const again of open) again();
        }
        const result = await priya.text("#network-result");
        expect(result.includes("Voice does not get through."), result);
        expect(result.includes(`UDP to port ${mediaPort} does not get through`) && result.includes("open it in the firewall"), result);
        expect((await findings(priya)).join() === "udp-blocked", result);
        await lookAt(priya, "network-test-blocked");
      },
    );

    await step("doctor looks at this machine's side: what is well, worth a look, and to be mended", async () => {
      const { out } = landline.run(["doctor"]);
      const lines = [
        /^ok {4}udp port 19000 \(--media-ports\) is in use by the running node$/m,
        /^ok {4}tcp port 19000 \(--media-tcp-ports\) is in use by the running node$/m,
        /^look {2}voice of browsers since the start: \d+ by UDP, 1 by TCP: open UDP to port 19000/m,
        /^look {2}all addresses at which voice is offered are private: .*--public-address/m,
        /^ok {4}next hop localhost of trunk Named leads to (127\.0\.0\.1|\[::1\]):5062/m,
        /^ok {4}here carries packets of up to 1500 bytes/m,
        /^ok {4}\d+ of \d+ UDP packets were lost|^look {2}\d+ of \d+ UDP packets were lost/m,
      ];
      for (const line of lines) expect(line.test(out), `${line} is not in: ${out}`);
      mtu(1_000);
      const small = landline.run(["doctor"]);
      mtu(1_500);
      expect(/^mend {2}here carries packets of up to 1000 bytes \(MTU\): .*set it to 1280 or more/m.test(small.out), small.out);
      expect(small.code === 1, `doctor ends with ${small.code}`);
    });

    await step("an administrator reads it: who, which way, which addresses; nobody else's result was kept", async () => {
      await owner.goto("/admin");
      await owner.click('#main a[href="/network-test"]');
      await owner.waitFor("[data-network-sent]");
      const rows = await owner.evaluate(() => [...document.querySelectorAll("[data-network-sent]")].map((row) => row.textContent ?? ""));
      expect(rows.length === 1, `${rows.length} results are listed`);
      const [row = ""] = rows;
      for (const part of ["Priya Nair", "Others would hear you badly.", "Loss upstream", `${ownAddress}:${mediaPort}`])
        expect(row.includes(part), `“${part}” is not in: ${row}`);
      await owner.click("[data-network-sent] summary");
      await lookAt(owner, "network-test-sent");
      await owner.goto("/audit/log?type=telephony.network-test.sent");
      expect((await owner.text("#main")).includes("Priya Nair"), "the audit log does not say who");
    });
  },
  async () => {
    for (const browser of browsers) await browser.quit().catch(() => undefined);
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);

function mtu(bytes: number): void {
  const done = Bun.spawnSync(["ip", "link", "set", "here", "mtu", String(bytes)]);
  expect(done.exitCode === 0, done.stderr.toString());
}

/** One test from its button to its result. */
async function tested(browser: Browser): Promise<void> {
  await browser.click("[data-network-start]");
  await browser.waitFor("#network-verdict", resultMs);
}

function grades(browser: Browser): Promise<(string | undefined)[]> {
  return browser.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("#network-result [data-grade]")].map(({ dataset }) => dataset.grade),
  );
}

function findings(browser: Browser): Promise<(string | undefined)[]> {
  return browser.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("#network-result [data-finding]")].map(({ dataset }) => dataset.finding),
  );
}

function sendAgain(browser: Browser, result: string): Promise<number> {
  return browser.evaluate(async (sealed: string) => {
    const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')!.value;
    return (await fetch("/network-test/send", { method: "POST", body: new URLSearchParams({ csrf, result: sealed }) })).status;
  }, result);
}
