// What is open when a session ends: the live stream and the softphone's socket go with it, and no call rings at who may not sign in.
import { codeAt, stepOf } from "../../core/directory/second-factor.ts";
import { fromBase32 } from "../../core/lib/base32.ts";
import { Landline, password, testCentre } from "../support/landline.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

const landline = new Landline(["--sip", "127.0.0.1:15071", "--media-ports", "19071", "--metrics", "127.0.0.1:9471"]);
const origin = landline.http;

type Person = { readonly id: string; readonly name: string; readonly state: string; readonly version: number };

async function signIn(email: string): Promise<string> {
  const answer = await fetch(`${origin}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin },
    body: new URLSearchParams({ email, password }),
  });
  expect(answer.status === 303 && answer.headers.get("location") === "/", `${email} signs in: ${answer.status}`);
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}

const page = async (path: string, cookie: string): Promise<string> =>
  (await fetch(`${origin}${path}`, { headers: { cookie }, redirect: "manual" })).text();

/** Every page that somebody gets to by links alone, and what is not for them after all: `/admin (403), linked from /…`. */
async function linksFrom(cookie: string): Promise<{ readonly seen: readonly string[]; readonly dead: readonly string[] }> {
  const cameFrom = new Map([["/", ""]]);
  const dead: string[] = [];
  for (const [path, from] of cameFrom) {
    const answer = await fetch(`${origin}${path}`, { headers: { cookie }, redirect: "manual" });
    const leadsOn = answer.headers.get("location");
    if (leadsOn !== null && !cameFrom.has(leadsOn)) cameFrom.set(leadsOn, path);
    if (answer.status >= 400) dead.push(`${path} (${answer.status}), linked from ${from}`);
    const isPage = answer.headers.get("content-type")?.startsWith("text/html") === true;
    for (const [, href] of isPage ? (await answer.text()).matchAll(/<a [^>]*?href="([^"]+)"/g) : []) {
      const url = new URL(href!.replaceAll("&amp;", "&"), `${origin}${path}`);
      // The same page with another filter is the same page.
      if (url.origin === origin && !cameFrom.has(url.pathname)) cameFrom.set(url.pathname, path);
    }
  }
  return { seen: [...cameFrom.keys()], dead };
}

async function post(
  path: string,
  cookie: string,
  fields: Readonly<Record<string, string>> | readonly (readonly string[])[],
): Promise<number> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page("/", cookie))?.[1] ?? "";
  const body = new URLSearchParams([["csrf", csrf], ...(Array.isArray(fields) ? fields : Object.entries(fields))] as string[][]);
  return (await fetch(`${origin}${path}`, { method: "POST", redirect: "manual", headers: { cookie, origin }, body })).status;
}

/** A page's stream: what it has said so far, and whether the server has ended it. */
async function stream(cookie: string, topics = "desk"): Promise<{ text: string; ended: boolean }> {
  const answer = await fetch(`${origin}/live?topics=${topics}`, { headers: { cookie } });
  expect(answer.status === 200, `the stream: ${answer.status}`);
  const heard = { text: "", ended: false };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of answer.body!) heard.text += decoder.decode(bytes, { stream: true });
    heard.ended = true;
  })().catch(() => (heard.ended = true));
  await eventually("the stream's first beat", () => heard.text.includes("event: beat"));
  return heard;
}

async function socket(cookie: string): Promise<{ closed: number | null }> {
  const state: { closed: number | null } = { closed: null };
  const opened = Promise.withResolvers<void>();
  const options = { protocols: ["sip"], headers: { cookie, origin } };
  const ws = new WebSocket(`${origin.replace("http", "ws")}/sip`, options as unknown as string[]);
  ws.onopen = () => opened.resolve();
  ws.onerror = () => opened.reject(new Error("the socket was refused"));
  ws.onclose = ({ code }) => {
    state.closed = code;
    opened.reject(new Error(`closed with ${code}`));
  };
  await opened.promise;
  return state;
}

const person = async (name: string): Promise<Person> => {
  const { entities } = await landline.api<{ entities: readonly Person[] }>("/api/v2/users?pageSize=100");
  return entities.find((entry) => entry.name === name)!;
};

await program(
  async () => {
    await landline.start();
    landline.apply(testCentre(["127.0.0.1"]));

    await step("signing out ends the stream and the socket of that browser, and leaves another's alone", async () => {
      const [here, there] = [await signIn("priya@example.org"), await signIn("priya@example.org")];
      const [streamHere, streamThere] = [await stream(here), await stream(there)];
      const [socketHere, socketThere] = [await socket(here), await socket(there)];
      expect((await post("/sign-out", here, {})) === 303, "signed out");
      await eventually("the stream says goodbye and ends", () => streamHere.ended && streamHere.text.includes("data: signed-out"));
      await eventually("the socket is closed as that", () => socketHere.closed === 1008);
      expect(socketThere.closed === null, "the other browser's softphone stays");
      expect(!streamThere.text.includes("signed-out"), "the other browser's page stays");
    });

    for (const [role, email] of [
      ["owner", "owner@example.org"],
      ["supervisor", "gareth@example.org"],
      ["agent", "priya@example.org"],
      ["auditor", "nadia@example.org"],
    ] as const) {
      await step(`no link of any page leads the ${role} to what is not for them`, async () => {
        const cookie = await signIn(email);
        const { seen, dead } = await linksFrom(cookie);
        expect(seen.length > 10, `${role}: ${seen.join(" ")}`);
        expect(dead.length === 0, `${role}: ${dead.join("; ")}`);
      });
    }

    await step("whoever runs the queues sets an agent's status, and an agent cannot set another's", async () => {
      const { id } = await person("Priya Nair");
      const [supervisor, agent] = [await signIn("gareth@example.org"), await signIn("tomasz@example.org")];
      const path = `/performance/agents/${id}`;
      expect((await page(path, supervisor)).includes("Priya Nair"), "the agent's page is there");
      expect((await post(`${path}/presence`, supervisor, { presence: "ON_QUEUE" })) === 303, "she is put on queue");
      expect(/On Queue|Idle/.test(await page(path, supervisor)), "the page says so");
      expect((await post(`${path}/presence`, supervisor, { presence: "BREAK" })) === 303, "she is sent for a break");
      expect((await post(`${path}/presence`, supervisor, { presence: "SLEEPING" })) === 400, "there is no such status");
      expect((await post(`${path}/presence`, agent, { presence: "ON_QUEUE" })) === 403, "a colleague may not");
    });

    await step("who is deactivated is off the queue, out of every page, and cannot come back", async () => {
      const cookie = await signIn("priya@example.org");
      const [live, phone] = [await stream(cookie), await socket(cookie)];
      expect((await post("/me/presence", cookie, { presence: "ON_QUEUE" })) < 400, "on queue");
      const { id, version } = await person("Priya Nair");
      const presence = async (): Promise<string> =>
        (await landline.api<{ presenceDefinition: { systemPresence: string } }>(`/api/v2/users/${id}/presences/PURECLOUD`))
          .presenceDefinition.systemPresence;
      await eventually("she is on queue", async () => /on.?queue/i.test(await presence()));
      await landline.api(`/api/v2/users/${id}`, { method: "PATCH", body: { state: "inactive", version } });
      await eventually("the page is told to leave", () => live.ended && live.text.includes("data: signed-out"));
      await eventually("the softphone is closed", () => phone.closed === 1008);
      expect(/offline/i.test(await presence()), `her presence is ${await presence()}`);
      const answer = await fetch(`${origin}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { origin },
        body: new URLSearchParams({ email: "priya@example.org", password }),
      });
      expect(answer.status >= 400, `signing in again: ${answer.status}`);
    });

    await step("other roles take effect in what is open: the stream begins anew", async () => {
      const cookie = await signIn("tomasz@example.org");
      const live = await stream(cookie);
      const { id, version } = await person("Tomasz Zieliński");
      await landline.api(`/api/v2/users/${id}`, { method: "PATCH", body: { name: "Tomasz Z.", version } });
      await eventually("the stream asks the page to begin anew", () => live.ended && live.text.includes("data: anew"));
    });

    await step("a person sets up a second factor by the password; the next sign-in asks for its code", async () => {
      const cookie = await signIn("gareth@example.org");
      expect((await post("/me/second-factor", cookie, { factorPassword: "not the password" })) === 422, "another password");
      expect((await post("/me/second-factor", cookie, { factorPassword: password })) === 303, "the right one");
      const key = /class="key">([^<]+)</.exec(await page("/me/second-factor", cookie))?.[1] ?? "";
      const secret = fromBase32(key.replaceAll(" ", ""));
      expect(secret !== null, `the page shows a key: ${key}`);
      expect((await post("/me/second-factor/confirm", cookie, { code: "000000" })) === 422, "a wrong code");
      const csrf = /name="csrf" value="([^"]+)"/.exec(await page("/", cookie))![1]!;
      const answer = await fetch(`${origin}/me/second-factor/confirm`, {
        method: "POST",
        headers: { cookie, origin },
        body: new URLSearchParams({ csrf, code: codeAt(secret, stepOf(Date.now())) }),
      });
      const codes = [...(await answer.text()).matchAll(/<li>([0-9a-z-]{8,})<\/li>/gi)];
      expect(answer.status === 200 && codes.length === 10, `${answer.status}, ${codes.length} recovery codes`);
      const again = await fetch(`${origin}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { origin },
        body: new URLSearchParams({ email: "gareth@example.org", password }),
      });
      expect(again.headers.get("location") === "/sign-in/code", `the next sign-in leads to ${again.headers.get("location")}`);
      expect((await page("/me", cookie)).includes("10 recovery codes are left"), "the page counts them");
    });

    await step("an administrator takes a second factor away, for whom nobody else can; the person is signed out", async () => {
      const [owner, agent] = [await signIn("owner@example.org"), await signIn("tomasz@example.org")];
      const { id } = await person("Gareth Hollis");
      expect((await page(`/admin/people/${id}/password`, owner)).includes("Remove the second factor"), "the page offers it");
      const path = `/admin/people/${id}/second-factor/remove`;
      expect((await post(path, agent, {})) === 403, "an agent may not");
      expect((await post(path, owner, {})) === 303, "removed");
      expect((await post(path, owner, {})) === 409, "there is none any more");
      await signIn("gareth@example.org");
    });

    await step("somebody is put into three queues at once, and out of two; an agent may not", async () => {
      const [owner, agent] = [await signIn("owner@example.org"), await signIn("tomasz@example.org")];
      const { id } = await person("Gareth Hollis");
      await landline.api("/api/v2/routing/queues", { method: "POST", body: { name: "Third" } });
      const { entities } = await landline.api<{ entities: readonly { id: string }[] }>("/api/v2/routing/queues");
      const path = `/admin/people/${id}/queues`;
      const post3 = (cookie: string, ids: readonly string[]) =>
        post(
          path,
          cookie,
          ids.map((one) => ["queue", one]),
        );
      const checked = async (): Promise<number> => [...(await page(path, owner)).matchAll(/name="queue"[^>]*checked/g)].length;
      expect((await post3(agent, [])) === 403, "an agent may not");
      expect(
        (await post3(
          owner,
          entities.slice(0, 3).map((one) => one.id),
        )) === 303 && (await checked()) === 3,
        "in three",
      );
      expect((await post3(owner, [entities[1]!.id])) === 303 && (await checked()) === 1, "in one");
    });

    await step("a stream asked for by a name that every object has gets nothing, and stops nobody's events", async () => {
      const cookie = await signIn("owner@example.org");
      await stream(cookie, "constructor,toString,__proto__");
      const board = await stream(cookie, "board");
      const before = board.text.length;
      await landline.api("/api/v2/routing/queues", { method: "POST", body: { name: "Made later" } });
      await eventually("the board still hears of a new queue", () => board.text.slice(before).includes("Made later"));
    });
  },
  async () => {
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);
