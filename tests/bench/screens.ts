// `npm run bench:screens`: 200 live screens while robots hold calls: how fast pages open, how late updates come, what it costs. Asserts nothing.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAssets } from "../../cmd/assets.ts";
import { loadConfig } from "../../cmd/config.ts";
import { realEnv } from "../../cmd/env.ts";
import { attachNode } from "../../cmd/node.ts";
import { newPhoneSecret } from "../../cmd/phone-secret.ts";
import { machineActor } from "../../cmd/wire.ts";
import { applyCentre } from "../../core/centre/apply.ts";
import { loadCentre } from "../../core/demo/load-centre.ts";
import { startSession } from "../../core/directory/sign-in.ts";
import type { User } from "../../core/directory/user.ts";
import type { LoggedEvent } from "../../core/events/index.ts";
import { Landline } from "../support/landline.ts";
import { insideNamespace } from "../support/namespace.ts";
import { eventually } from "../support/steps.ts";

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);
const [boards, desks, calls] = [number("BOARDS", 100), number("DESKS", 100), number("CALLS", 50)];
const queues = 20;
const measuredMs = number("SECONDS", 50) * 1_000;
const openers = 4;
const openEveryMs = 250;
const ownLookMs = 20;
const settleMs = 15_000;
/** All of it, whatever hangs. */
const limitMs = 175_000;
const sipPort = 15_060;

await insideNamespace();
const limit = setTimeout(() => {
  console.error("not done in time");
  void finish(1);
}, limitMs);

type Screen = {
  readonly kind: "board" | "desk";
  readonly userId: string;
  bytes: number;
  readonly seqs: number[];
  readonly times: number[];
};

const landline = new Landline(["--sip", `127.0.0.1:${sipPort}`, "--rtp-ports", "20000-24999", "--metrics", "127.0.0.1:9464"]);
let robots: Bun.Subprocess<"ignore", "pipe", "inherit"> | null = null;
const env = realEnv("error");
const stopped = new AbortController();

try {
  await landline.start();
  const config = loadConfig({ data: landline.data, "key-file": join(landline.folder, "keys/landline.key") }, {}, null);
  const node = await attachNode(env, config, await loadAssets());
  const { app } = node;
  const base = loadCentre(desks);
  const supervisors = Array.from({ length: 10 }, (_, i) => ({
    name: `Supervisor ${i + 1}`,
    email: `s${i + 1}@example.org`,
    roles: ["supervisor"],
  }));
  const codes = base.queues[0]!.wrapupCodes;
  const more = Array.from({ length: queues - 1 }, (_, i) => ({
    name: `Queue ${i + 1}`,
    members: base.queues[0]!.members.filter((__, n) => n % 5 === i % 5),
    wrapupCodes: codes,
  }));
  // One after the other, as `config apply` does it: the second finds the people of the first.
  await applyCentre(app, machineActor(node), base, (username) => newPhoneSecret(env.random, node.keys, username));
  landline.apply({ users: supervisors, queues: more });
  const users = await app.stores.users.all(app.organizationId);
  const cookieOf = async (user: User): Promise<string> => `landline_session=${await startSession(app, user, "password", "bench")}`;
  const agents = users.filter(({ roles }) => roles.includes("agent"));
  const watchers = users.filter(({ roles }) => roles.includes("supervisor"));
  robots = Bun.spawn(
    [process.execPath, join(import.meta.dir, "robots.ts"), landline.data, config["key-file"], String(sipPort), String(calls)],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const cookies = new Map<string, string>();
  for (const user of [...agents, ...watchers, users.find(({ roles }) => roles.includes("admin"))!])
    cookies.set(user.id, await cookieOf(user));
  const screens: Screen[] = [
    ...Array.from(
      { length: boards },
      (_, i): Screen => ({ kind: "board", userId: watchers[i % watchers.length]!.id, bytes: 0, seqs: [], times: [] }),
    ),
    ...Array.from(
      { length: desks },
      (_, i): Screen => ({ kind: "desk", userId: agents[i % agents.length]!.id, bytes: 0, seqs: [], times: [] }),
    ),
  ];
  for (const screen of screens) void watch(screen, cookies.get(screen.userId)!).catch(() => undefined);
  const committed: Screen = { kind: "board", userId: "", bytes: 0, seqs: [], times: [] };
  void follow(node.log, committed);
  const ownLate: number[] = [];
  setInterval(
    ((dueAt) => () => {
      ownLate.push(Math.max(0, performance.now() - dueAt));
      dueAt = performance.now() + ownLookMs;
    })(performance.now() + ownLookMs),
    ownLookMs,
  );
  await eventually("the calls are up", async () => (await callsUp()) >= calls * 0.9, 60_000);

  // All began within seconds: what is measured is how it goes on.
  await Bun.sleep(settleMs);
  ownLate.length = 0;
  const before = { usage: usage(), bytes: total(screens), at: Date.now() };
  const pages = await openPages(cookies, agents[0]!.id, watchers[0]!.id, users.find(({ roles }) => roles.includes("admin"))!.id);
  const after = { usage: usage(), bytes: total(screens), at: Date.now() };
  const up = await callsUp();
  // What happened at the very end may still be on its way.
  await Bun.sleep(2_000);
  const flush = /a flush takes [\d.]+ ms/.exec(landline.run(["doctor"]).out)?.[0] ?? "";
  const seconds = (after.at - before.at) / 1_000;
  const events = await logged(node.log, before.at, after.at);
  const share = (pick: (of: Usage) => number): string => `${(((pick(after.usage) - pick(before.usage)) / seconds) * 100).toFixed(0)} %`;
  console.log(
    [
      `screens      ${boards} boards of ${queues} queues and ${desks} agents, ${desks} desks; ${up} calls up; ${seconds.toFixed(0)} s; ${(events.length / seconds).toFixed(0)} events a second`,
      `pages        ${spread(pages)} (${pages.length} opened)`,
      `log late     ${spread(lateness([committed], "board", events))}, until an event is committed (${flush})`,
      `boards late  ${spread(lateness(screens, "board", events))}`,
      `desks late   ${spread(lateness(screens, "desk", events))} (what concerns their agent)`,
      `sent         ${((after.bytes - before.bytes) / seconds / 1024 ** 2).toFixed(2)} MiB a second to all screens`,
      `processor    node ${share((of) => of.all)} of a core (main thread ${share((of) => of.main)}), its database ${share((of) => of.database)}`,
      `this bench   late by ${spread(ownLate)} itself: it shares the machine with the node, and its lateness is in the figures above`,
      `memory       node ${(after.usage.bytes / 1024 ** 2).toFixed(0)} MiB`,
    ].join("\n"),
  );
  robots.kill("SIGTERM");
  console.log(`calls        ${(await new Response(robots.stdout).text()).trim()}`);
  stopped.abort();
  await node.close();
  await finish(0);
} catch (error) {
  console.error(error);
  await finish(1);
}

async function finish(code: number): Promise<never> {
  clearTimeout(limit);
  robots?.kill("SIGKILL");
  await landline.stop();
  landline.discard();
  process.exit(code);
}

/** Reads the stream for ever; keeps how much came, and when which part of the log was shown. */
async function watch(screen: Screen, cookie: string): Promise<void> {
  const answer = await fetch(`${landline.http}/live?topics=${screen.kind}`, { headers: { cookie }, signal: stopped.signal });
  if (!answer.ok) throw new Error(`/live: ${answer.status}`);
  const mark = Buffer.from("event: fragment\nid: ");
  const own = screen.kind === "desk" ? /id="desk"/ : /id="(board|agent-|queue-)/;
  // The head of a fragment may come in two pieces: as much of the last one is kept.
  const headBytes = 200;
  let rest = Buffer.alloc(0);
  for await (const piece of answer.body!) {
    const now = Date.now();
    screen.bytes += piece.length;
    const text = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let from = 0;
    rest = Buffer.alloc(0);
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, from)) {
      if (text.length - at < headBytes) {
        rest = text.subarray(at);
        from = text.length;
        break;
      }
      const head = text.toString("latin1", at + mark.length, at + headBytes);
      if (own.test(head)) {
        screen.seqs.push(Number.parseInt(head, 10));
        screen.times.push(now);
      }
      from = at + mark.length;
    }
    if (rest.length === 0) rest = text.subarray(Math.max(from, text.length - mark.length));
  }
}

/** When which part of the log was there to be read. */
async function follow(log: { head(): Promise<{ readonly seq: number }> }, into: Screen): Promise<void> {
  for (; !stopped.signal.aborted; await Bun.sleep(ownLookMs)) {
    const { seq } = await log.head();
    if (seq === into.seqs.at(-1)) continue;
    into.seqs.push(seq);
    into.times.push(Date.now());
  }
}

async function openPages(cookies: ReadonlyMap<string, string>, agent: string, supervisor: string, admin: string): Promise<number[]> {
  const targets = [
    ["/", agent],
    ["/performance/queues", supervisor],
    ["/conversations", supervisor],
    ["/admin/queues", admin],
  ] as const;
  const times: number[] = [];
  const until = Date.now() + measuredMs;
  const opener = async (index: number): Promise<void> => {
    await Bun.sleep((index * openEveryMs) / openers);
    for (let n = index; Date.now() < until; n++) {
      const [path, who] = targets[n % targets.length]!;
      const startedAt = performance.now();
      const answer = await fetch(`${landline.http}${path}`, { headers: { cookie: cookies.get(who)! } });
      await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      const tookMs = performance.now() - startedAt;
      times.push(tookMs);
      await Bun.sleep(Math.max(0, openEveryMs - tookMs));
    }
  };
  await Promise.all(Array.from({ length: openers }, (_, index) => opener(index)));
  return times;
}

async function callsUp(): Promise<number> {
  const text = await (await fetch("http://127.0.0.1:9464/metrics")).text();
  return Number(/^landline_calls_up (\d+)/m.exec(text)?.[1] ?? 0);
}

async function logged(
  log: { read(after: number, limit: number): Promise<readonly LoggedEvent[]> },
  from: number,
  to: number,
): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (let after = 0; ; ) {
    const some = await log.read(after, 1_000);
    if (some.length === 0) return all;
    after = some.at(-1)!.seq;
    all.push(...some.filter(({ at }) => at >= from && at < to));
  }
}

/** For each event that a screen shows and each such screen: from its time in the log until a fragment that includes it had come. */
function lateness(screens: readonly Screen[], kind: Screen["kind"], events: readonly LoggedEvent[]): number[] {
  const shown = events.filter(({ type }) =>
    /^(conversation\.(started|alert\.accepted|agent\.ended|ended)|routing\.alert\.created)$/.test(type),
  );
  return screens
    .filter((screen) => screen.kind === kind)
    .flatMap((screen) => {
      const mine = kind === "board" ? shown : shown.filter(({ subjectIds }) => subjectIds.includes(screen.userId));
      let i = 0;
      return mine.map((event) => {
        while (i < screen.seqs.length && screen.seqs[i]! < event.seq) i++;
        return i < screen.seqs.length ? screen.times[i]! - event.at : Number.POSITIVE_INFINITY;
      });
    });
}

function total(screens: readonly Screen[]): number {
  return screens.reduce((sum, { bytes }) => sum + bytes, 0);
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "none";
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): string => `${sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(0)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)}`;
}

type Usage = { readonly all: number; readonly main: number; readonly database: number; readonly bytes: number };

/** Seconds of processor time so far. USER_HZ is 100. */
function usage(): Usage {
  const stat = (path: string): readonly string[] =>
    readFileSync(path, "utf8")
      .replace(/^\d+ \(.*\) /s, "")
      .split(" ");
  const own = (fields: readonly string[]): number => (Number(fields[11]) + Number(fields[12])) / 100;
  const withDead = (fields: readonly string[]): number => own(fields) + (Number(fields[13]) + Number(fields[14])) / 100;
  const all = readdirSync("/proc").flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [{ pid: Number(pid), fields: stat(`/proc/${pid}/stat`) }] : [];
    } catch {
      return [];
    }
  });
  const childrenOf = (pid: number) => all.filter(({ fields }) => Number(fields[1]) === pid);
  const servers = childrenOf(landline.pid);
  return {
    all: own(stat(`/proc/${landline.pid}/stat`)),
    main: own(stat(`/proc/${landline.pid}/task/${landline.pid}/stat`)),
    database: servers.reduce(
      (sum, { pid, fields }) => sum + withDead(fields) + childrenOf(pid).reduce((part, child) => part + own(child.fields), 0),
      0,
    ),
    bytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${landline.pid}/status`, "utf8"))![1]) * 1024,
  };
}
