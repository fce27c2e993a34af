// What people do on pages: forms, previews, histories, search, languages, two editors at once, live boards, secrets told once. How every page looks is in every-page.e2e.ts.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { pageRoutes } from "../../web/app.tsx";
import { dataMap } from "../../web/pages/audit/data-map.ts";
import { Landline, password, testCentre } from "../support/landline.ts";
import { flawsOf, sizes } from "../support/look.ts";
import { eventually, expect, program, step } from "../support/steps.ts";

const landline = new Landline(["--sip", "127.0.0.1:15061", "--media-ports", "19061", "--metrics", "127.0.0.1:9461"]);
const pictures = process.env.LANDLINE_TEST_PICTURES ?? join(landline.folder, "pictures");
let browser: Browser | null = null;

async function signIn(context: BrowserContext, email: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${landline.http}/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  // Its script runs once it is live: a key that is pressed before that is nobody's.
  await page.waitForSelector('.app[data-live="true"] #main');
  return page;
}

/** Its letters are there, nothing moves, and it was painted. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const ends = ({ effect }: Animation): boolean => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY;
    await Promise.allSettled(
      document
        .getAnimations()
        .filter(ends)
        .map((animation) => animation.finished),
    );
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  });
}

async function look(page: Page, path: string, picture: string): Promise<void> {
  const strange: string[] = [];
  const onRequest = (request: { url(): string }): void => {
    const { hostname, protocol } = new URL(request.url());
    if (!/^(localhost|127\.0\.0\.1)$/.test(hostname) && !/^(data|blob):$/.test(protocol)) strange.push(request.url());
  };
  const complaints: string[] = [];
  const onConsole = (message: { type(): string; text(): string }): void => {
    if (message.type() === "error" && !/404/.test(message.text())) complaints.push(message.text());
  };
  page.on("request", onRequest);
  page.on("console", onConsole);
  await page.goto(`${landline.http}${path}`);
  await page.waitForLoadState("load");
  await atRest(page);
  await page.screenshot({ path: join(pictures, `${picture}.png`) });
  const findings = await flawsOf(page);
  page.off("request", onRequest);
  page.off("console", onConsole);
  expect(findings.length === 0, `${picture}: ${findings.join("; ")}`);
  expect(strange.length === 0, `${picture} asked ${strange.join(", ")}`);
  expect(complaints.length === 0, `${picture} complains: ${complaints.join("; ")}`);
}

await program(
  async () => {
    mkdirSync(pictures, { recursive: true });
    await landline.start();
    landline.apply(testCentre(["127.0.0.1"]));
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: ["--no-sandbox"] });
    const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/routing/queues");

    await step("the policy allows no inline script and no inline style", async () => {
      const answer = await fetch(`${landline.http}/sign-in`);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(/script-src 'self'(;|$)/.test(policy) && /style-src 'self'(;|$)/.test(policy) && !policy.includes("unsafe"), policy);
    });

    await step("the keyboard signs in, edits a queue, and an error stands beside its field", async () => {
      const context = await browser!.newContext({ viewport: sizes[1] });
      const page = await signIn(context, "owner@example.org");
      await page.goto(`${landline.http}/admin/queues/new`);
      await page.focus("#name");
      await page.keyboard.type("Switchboard");
      await page.fill("#alertingTimeoutSeconds", "2");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#alertingTimeoutSeconds-error");
      expect((await page.inputValue("#name")) === "Switchboard", "what was typed is kept");
      await page.fill("#alertingTimeoutSeconds", "12");
      await page.keyboard.press("Enter");
      await page.waitForSelector('.tabs >> text="History"');
      await page.click('.tabs >> text="History"');
      await page.waitForSelector(".changes >> text=made it");
      await page.goto(`${landline.http}/admin/queues/new`);
      await page.fill("#name", "switchboard");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#name-error");
      await context.close();
    });

    await step("the menu of presences is a list below the status, and a choice in it is set", async () => {
      const context = await browser!.newContext({ viewport: sizes[0] });
      const page = await signIn(context, "priya@example.org");
      await page.click("#standing > button");
      const menu = (await page.locator("#presence-menu").boundingBox())!;
      const items = await page.locator("#presence-menu [role=menuitemradio]").all();
      const boxes = await Promise.all(items.map(async (item) => (await item.boundingBox())!));
      expect(boxes.length >= 7, `${boxes.length} presences`);
      const inside = boxes.every(({ x, y, width, height }, i) => {
        const isBelow = i === 0 || y >= boxes[i - 1]!.y + boxes[i - 1]!.height - 1;
        return isBelow && x >= menu.x && x + width <= menu.x + menu.width && y >= menu.y && y + height <= menu.y + menu.height;
      });
      expect(inside && menu.x + menu.width <= sizes[0].width, `the menu ${JSON.stringify(menu)} holds ${JSON.stringify(boxes)}`);
      await page.click("#presence-menu >> text=Break");
      await page.waitForSelector('#standing > button .status[data-is="break"]');
      await context.close();
    });

    await step("an auditor sees the proof and the log, and nothing that they may not", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "nadia@example.org");
      expect(new URL(page.url()).pathname === "/audit", `an auditor begins at ${page.url()}`);
      await page.waitForSelector("text=Chain verified up to event");
      const before = await page.textContent("#chain + p");
      await page.click('button >> text="Verify again"');
      await eventually("another check", async () => {
        await page.reload();
        return !(await page.locator("text=A check is running.").count()) && (await page.textContent("#chain + p")) !== null;
      });
      expect(before !== null, "the first check is not shown");
      const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
      const answers = await Promise.all(
        pageRoutes
          .filter((route) => route.method === "GET" && route.permission !== "public" && !/:|\/live$/.test(route.path))
          .map(async ({ path }) => {
            const answer = await fetch(`${landline.http}${path}`, { headers: { cookie }, redirect: "manual" });
            return answer.status === 403 ? null : path;
          }),
      );
      const open = [
        "/",
        "/admin/people",
        "/admin/people.csv",
        "/admin/queues",
        "/admin/queues.csv",
        "/audit",
        "/audit/log",
        "/audit/proof.jsonl",
        "/me",
        "/me/second-factor",
        "/network-test",
        "/network-test/ice-servers",
        "/search",
        "/where",
      ];
      expect(
        JSON.stringify(answers.filter((path) => path !== null).sort()) === JSON.stringify(open),
        `open to an auditor: ${answers
          .filter((path) => path !== null)
          .sort()
          .join(" ")}`,
      );
      await context.close();
    });

    await step("the data map names everything that lies in the data folder", async () => {
      const named = dataMap.flatMap(({ files }) => files).map((file) => file.replace(/\/$/, ""));
      const unnamed = readdirSync(landline.data).filter((name) => !named.includes(name));
      expect(unnamed.length === 0, `not on the data map: ${unnamed.join(", ")}`);
    });

    await step("the command bar finds, goes and acts by keys alone", async () => {
      const context = await browser!.newContext({ viewport: sizes[0] });
      const page = await signIn(context, "owner@example.org");
      const type = async (text: string): Promise<void> => {
        await page.keyboard.press("Control+K");
        await page.waitForSelector("#palette[open]");
        await page.keyboard.type(text);
      };
      await type("switchb");
      await page.waitForSelector('#palette-results [aria-selected="true"] >> text=Queue');
      await page.keyboard.press("Enter");
      await page.waitForSelector('.tabs >> text="Members"');
      expect((await page.textContent("h1")) === "Switchboard", "it went elsewhere");
      await type("nobody is called this");
      await page.waitForSelector("#palette-results .nothing");
      await page.keyboard.press("Escape");
      expect((await page.locator("#palette[open]").count()) === 0, "Esc does not close it");
      await type("on queue on");
      await page.waitForSelector('#palette-results [aria-selected="true"] >> text=Action');
      await page.keyboard.press("Enter");
      await page.waitForSelector('#standing [role="switch"][aria-checked="true"]');
      await context.close();
    });

    await step("a German browser reads German, live figures too; English is one choice away", async () => {
      const context = await browser!.newContext({ locale: "de-DE", viewport: sizes[0] });
      const page = await signIn(context, "owner@example.org");
      await look(page, "/admin/queues", "queues-german");
      expect((await page.textContent("h1")) === "Warteschlangen", "the page is not in German");
      await look(page, "/performance/queues", "board-german");
      await page.waitForSelector('body[data-live="true"]');
      expect(/Stand \d/.test((await page.textContent("[data-asof]")) ?? ""), "the live part is not in German");
      await look(page, "/me", "me-german");
      await page.selectOption("#language", "en-GB");
      await page.click('button >> text="Speichern"');
      await page.waitForSelector("text=Saved for this browser.");
      expect((await page.getAttribute("html", "lang")) === "en-GB", "the document's language is another");
      await context.close();
    });

    await step("the manual is searched offline", async () => {
      const context = await browser!.newContext();
      const page = await context.newPage();
      await page.goto(`${landline.http}/help/desk`);
      await page.fill("#q", "estimated wait");
      await page.keyboard.press("Enter");
      await page.click('.findings >> text="The board of queues and agents"');
      await page.waitForSelector("h1 >> text=The board");
      await page.fill("#q", "no such words anywhere");
      await page.keyboard.press("Enter");
      await page.waitForSelector("text=No page has these words.");
      await context.close();
    });

    await step("a change is previewed, kept in the history, and restored", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "owner@example.org");
      await page.goto(`${landline.http}/admin/wrap-up-codes/new`);
      await page.fill("#name", "Refund");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector(".tabs");
      await page.fill("#name", "Refund asked");
      await page.click('button[name="preview"]');
      await page.waitForSelector(".preview .added >> text=Refund asked");
      const code = async (): Promise<string> => {
        const found = await landline.api<{ entities: { name: string }[] }>("/api/v2/routing/wrapupcodes?name=Refund");
        return found.entities[0]!.name;
      };
      expect((await code()) === "Refund", "a preview has changed something");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Saved.");
      expect((await code()) === "Refund asked", "the change was not saved");
      await page.click('.tabs >> text="History"');
      await page.click('button >> text="Restore this version"');
      await page.waitForSelector("text=Saved.");
      expect((await code()) === "Refund", "the old version did not come back");
      await context.close();
    });

    await step("a queue that a flow leads to keeps its place when renamed, and cannot be deleted", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "owner@example.org");
      page.on("dialog", (dialog) => void dialog.accept());
      await page.goto(`${landline.http}/admin/queues?name=Accounts`);
      await page.click('.table >> text="Accounts"');
      await page.fill("#name", "Accounts and cards");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Saved.");
      await page.click('.tabs >> text="Used by"');
      await page.waitForSelector(".table >> text=To Accounts");
      await page.click('.tabs >> text="Settings"');
      await page.click('button[data-kind="danger"]');
      await page.waitForSelector('[role="alert"] >> text=This queue is in use: Flow “Main”');
      await context.close();
    });

    await step("a new phone's secret and a new client's secret are told once", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "owner@example.org");
      await page.goto(`${landline.http}/admin/stations/new`);
      await page.fill("#name", "Front desk");
      await page.click('.savebar button[data-kind="primary"]');
      const secret = await page.textContent(".told dd:last-child code");
      expect((secret ?? "").length >= 20, `the secret is “${secret}”`);
      await page.goto(`${landline.http}/admin/stations?name=Front`);
      await page.click('.table >> text="Front desk"');
      await page.waitForSelector(".tabs");
      expect(!(await page.content()).includes(secret!), "the secret is shown again");
      await page.goto(`${landline.http}/admin/oauth-clients/new`);
      await page.fill("#name", "CRM");
      await page.check('input[value="supervisor"]');
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector(".told code");
      const [id, clientSecret] = await page.locator(".told code").allTextContents();
      const answer = await fetch(`${landline.http}/oauth/token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${id}:${clientSecret}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      expect(answer.ok, `the new client is answered ${answer.status}`);
      await context.close();
    });

    await step("a new person signs in with the password that was told, and no longer once inactive", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "owner@example.org");
      await page.goto(`${landline.http}/admin/people/new`);
      await page.fill("#name", "Petra Novak");
      await page.fill("#email", "petra@example.org");
      await page.click('.savebar button[data-kind="primary"]');
      const first = (await page.textContent(".told code"))!;
      const hers = await browser!.newContext();
      const desk = await hers.newPage();
      await desk.goto(`${landline.http}/sign-in`);
      await desk.fill("#email", "petra@example.org");
      await desk.fill("#password", first);
      await desk.keyboard.press("Enter");
      await desk.waitForSelector(".app #main");
      await page.selectOption("#state", "inactive");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Saved.");
      // Her page learns of it and leaves by itself.
      await desk.waitForSelector("#password");
      await hers.close();
      await context.close();
    });

    await step("a flow says all that is wrong with it at once, and keeps what was typed", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "owner@example.org");
      await page.goto(`${landline.http}/admin/flows/new`);
      const typed = JSON.stringify({
        name: "Broken",
        type: "INBOUNDCALL",
        start: "hello",
        actions: {
          hello: { type: "playAudio", name: "Hello", audio: ["nobody.recorded.this"], outputs: { next: "queue" } },
          queue: { type: "transferToAcd", name: "To nowhere", queue: "Nowhere", skills: ["Telepathy"] },
        },
      });
      await page.fill("#document", typed);
      await page.click('.savebar button[data-kind="primary"]');
      const said = (await page.textContent("#document-error")) ?? "";
      for (const part of ["actions.hello.audio", "nobody.recorded.this", "queue “Nowhere”", "skill “Telepathy”"])
        expect(said.includes(part), `${part} is not in: ${said}`);
      expect((await page.inputValue("#document")) === typed, "what was typed is gone");
      await page.fill("#document", "{ not json");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("#document-error >> text=This is not JSON");
      expect((await page.inputValue("#document")) === "{ not json", "what was typed is gone");
      await context.close();
    });

    await step("two editors: the later one is told, nothing is overwritten", async () => {
      const context = await browser!.newContext();
      const [first, second] = [await signIn(context, "owner@example.org"), await context.newPage()];
      const path = `${landline.http}/admin/queues/${entities[0]!.id}`;
      await first.goto(path);
      await second.goto(path);
      for (const [page, seconds] of [
        [first, "11"],
        [second, "13"],
      ] as const) {
        await page.fill("#alertingTimeoutSeconds", seconds);
        await page.click('.savebar button[data-kind="primary"]');
        await page.waitForLoadState("networkidle");
      }
      await second.waitForSelector('[role="alert"] >> text=Somebody else');
      const queue = await landline.api<{ mediaSettings: { call: { alertingTimeoutSeconds: number } } }>(
        `/api/v2/routing/queues/${entities[0]!.id}`,
      );
      expect(queue.mediaSettings.call.alertingTimeoutSeconds === 11, "the first editor's value stays");
      await context.close();
    });

    await step("a second browser sees a new queue on the board without a reload, and says when it is not live", async () => {
      const context = await browser!.newContext();
      const page = await signIn(context, "gareth@example.org");
      await page.goto(`${landline.http}/performance/queues`);
      await page.waitForSelector("#board");
      await landline.api("/api/v2/routing/queues", { method: "POST", body: { name: "Made while you watch" } });
      await page.waitForSelector('#board >> text="Made while you watch"', { timeout: 5_000 });
      process.kill(landline.pid, "SIGSTOP");
      await page.waitForSelector('body[data-live="false"]', { timeout: 3_000 });
      process.kill(landline.pid, "SIGCONT");
      await page.waitForSelector('body[data-live="true"]', { timeout: 10_000 });
      await context.close();
    });

    await step("sign-in: a wrong password says so; ten wrong ones are made to wait", async () => {
      const post = (email: string): Promise<Response> =>
        fetch(`${landline.http}/sign-in`, {
          method: "POST",
          redirect: "manual",
          headers: { origin: landline.http },
          body: new URLSearchParams({ email, password: "not the password" }),
        });
      const [known, unknown] = [await post("priya@example.org"), await post("nobody@example.org")];
      const text = async (answer: Response): Promise<string> => (await answer.text()).replaceAll(/value="[^"]*"/g, "");
      expect(
        known.status === 422 && unknown.status === 422 && (await text(known)) === (await text(unknown)),
        "known and unknown accounts get the same answer",
      );
      await eventually("the account is made to wait", async () => (await post("priya@example.org")).status === 429);
    });
  },
  async () => {
    await browser?.close();
    await landline.stop();
    console.error(
      landline.log
        .split("\n")
        .filter((line) => /level=(error|warn)/.test(line) && !/key file was made|sign-in refused/.test(line))
        .slice(-8)
        .join("\n"),
    );
  },
);
