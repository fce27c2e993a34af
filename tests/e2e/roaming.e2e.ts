// Agents whose firewall blocks UDP, and whose network changes in the middle of a call: Chromium and Firefox call each other, hear each other, and go on.
import { join } from "node:path";
import { type Browser, type Chromium, pageHears, signIn, startChromium, startFirefox } from "../support/browser.ts";
import { Coturn } from "../support/coturn.ts";
import { Elsewhere, moveTo, nodeAddress } from "../support/elsewhere.ts";
import { binary, Landline, password, testCentre } from "../support/landline.ts";
import { lookAt } from "../support/look.ts";
import { insideNamespace } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

const mediaPort = "19000";
const relay = `turn:${nodeAddress}:3478?transport=tcp`;

await insideNamespace();
const far = Elsewhere.open();
moveTo("first");
const reached = new (class extends Landline {
  override readonly http = `http://${nodeAddress}:8080`;
})(
  [
    ...["--http", "0.0.0.0:8080", "--https", "0.0.0.0:8443", "--public-address", nodeAddress, "--media-ports", mediaPort],
    ...["--metrics", "127.0.0.1:9464", "--turn", relay, "--turn-secret", "north"],
  ],
  true,
  { program: [...far.prefix, binary] },
);
const safe = `https://${nodeAddress}:8443`;
const browsers: Browser[] = [];
let priya: Chromium;
let tomasz: Browser;
let coturn: Coturn | null = null;

type Conversation = { readonly id: string; readonly endedAt: number | null; readonly endReason: string | null };
type Sound = { readonly mosAvg: number };
type Verdict = { readonly protocol: string; readonly protection: string; readonly from: Sound | null; readonly to: Sound | null };
type Whole = {
  readonly events: readonly { readonly type: string }[];
  readonly media: readonly { readonly verdict: Verdict }[];
};

const newest = async (): Promise<Conversation> =>
  (await reached.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0]!;

/** Everything that is known of a conversation, as a supervisor takes it along. */
async function wholeOf(id: string): Promise<Whole> {
  const origin = reached.http;
  const body = new URLSearchParams({ email: "gareth@example.org", password });
  const answer = await fetch(`${origin}/sign-in`, { method: "POST", redirect: "manual", headers: { origin }, body, keepalive: false });
  const cookie = answer.headers.getSetCookie().map((one) => one.split(";")[0]);
  const headers = { cookie: cookie.join("; ") };
  return (await (await fetch(`${origin}/conversations/${id}/export.json`, { headers, keepalive: false })).json()) as Whole;
}

async function call(): Promise<string> {
  await priya.goto("/");
  await priya.waitFor('[data-softphone-pill][data-state="ready"]', 10_000);
  await priya.fill("#dial", "202");
  await priya.press("Enter");
  await tomasz.waitFor('#call[data-call-state="alerting"]', 10_000);
  await tomasz.press("Enter");
  await tomasz.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
  return (await newest()).id;
}

const together = (when: string, ms?: number): Promise<unknown> =>
  Promise.all([pageHears(priya, tomasz.hz, `Chromium hears ${when}`, ms), pageHears(tomasz, priya.hz, `Firefox hears ${when}`, ms)]);

/** Everybody here is in another network; done when both softphones have noticed, and said so over a socket of that one. */
async function moves(network: "first" | "second"): Promise<void> {
  const said = (): number => reached.log.split('fact="a browser in another network"').length;
  const before = said();
  moveTo(network);
  await eventually("both browsers begin ICE anew", () => Promise.resolve(said() >= before + 2), 20_000);
}

/** Hung up as usual, the same conversation all the time, and both legs went by that. */
async function ends(id: string, protocol: string): Promise<Whole> {
  await priya.press("e");
  await eventually("the conversation ends", async () => (await newest()).endedAt !== null, 10_000);
  for (const browser of browsers) await browser.waitFor('#call[data-call-state="none"]', 5_000);
  const { id: last, endReason } = await newest();
  expect(last === id, "it has become another conversation");
  expect(endReason === "customer-hung-up", `it ended as ${endReason}`);
  let whole = await wholeOf(id);
  await eventually("both legs were measured", async () => {
    whole = await wholeOf(id);
    return whole.media.length === 2;
  });
  const said = whole.media.map(({ verdict }) => verdict.protocol);
  expect(
    said.every((one) => one === protocol),
    `the legs went by ${said}`,
  );
  const lost = whole.events.filter(({ type }) => /lost|returned/.test(type)).map(({ type }) => type);
  expect(lost.length === 0, `a leg was lost: ${lost}`);
  return whole;
}

await program(
  async () => {
    await step(
      "a node in another network, an agent in Chromium, and one in Firefox",
      async () => {
        await reached.start();
        const centre = testCentre([nodeAddress]) as { readonly users: readonly object[] };
        const users = centre.users.map((user, index) => ({ ...user, ...(index < 2 ? { extension: `20${index + 1}` } : {}) }));
        reached.apply({ ...centre, users });
        [priya, tomasz] = await Promise.all([startChromium(safe, reached.folder, "priya", 440), startFirefox(safe)]);
        browsers.push(priya, tomasz);
        await Promise.all([signIn(priya, "priya@example.org"), signIn(tomasz, "tomasz@example.org")]);
      },
      { must: true },
    );

    await step("where a firewall blocks UDP, both hear each other by TCP, well, and the conversation's page says so", async () => {
      const open = far.block("udp", mediaPort);
      try {
        const id = await call();
        await together("by TCP");
        let scores: number[] = [];
        await eventually(
          "the sound is measured",
          async () => {
            const { media } = await wholeOf(id);
            scores = media.flatMap(({ verdict }) => [verdict.from, verdict.to].flatMap((figures) => figures?.mosAvg ?? []));
            return scores.length === 4;
          },
          15_000,
        );
        expect(
          scores.every((mos) => mos > 4 && mos < 4.5),
          `it sounds like ${scores}`,
        );
        await priya.click(".card[data-live]");
        await priya.waitFor("#media");
        await eventually("the page says by what it goes", async () => (await priya.text("#media")).includes("by TCP"));
        await lookAt(priya, "by-tcp");
        await moves("second");
        await together("by TCP in another network");
        await ends(id, "tcp");
      } finally {
        open();
      }
    });

    await step("where neither gets through, both hear each other through a TURN server, each under a name of its own", async () => {
      const { out: before } = reached.run(["doctor"]);
      expect(before.includes(`mend  TURN server ${relay} does not answer`), before);
      coturn = await Coturn.start(join(reached.folder, "coturn"), {
        address: nodeAddress,
        port: 3_478,
        secret: "north",
        prefix: far.prefix,
      });
      const open = [far.block("udp", mediaPort), far.block("tcp", mediaPort)];
      try {
        const id = await call();
        await together("through the relay", 20_000);
        await ends(id, "udp");
      } finally {
        for (const again of open) again();
      }
      const { out } = reached.run(["doctor"]);
      expect(out.includes(`ok    TURN server ${relay} relays, and not to its own machine`), out);
      const names = coturn.users.map((user) => user.split(":")[1]);
      expect(new Set(names).size === 3 && names.includes("doctor"), `the relay knows ${names}`);
      expect(!reached.log.includes("north") && !out.includes("north"), "the secret is told");
    });

    await step("a network that changes in the middle of a call: both hear each other again, and it is the same call", async () => {
      const id = await call();
      await together("by UDP");
      const changedAt = Date.now();
      await moves("first");
      await together("in another network");
      console.log(`   both hear each other ${((Date.now() - changedAt) / 1_000).toFixed(1)} s after the change`);
      await ends(id, "udp");
    });
  },
  async () => {
    for (const browser of browsers) await browser.quit().catch(() => undefined);
    await reached.stop();
    coturn?.stop();
    far.close();
    if (!hasFailed()) reached.discard();
  },
);
