// What was promised is kept: kill -9 at any moment, a database that dies or freezes, a full disk. Calls live on, the log is whole, nothing hangs.
import { spawn } from "node:child_process";
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { Desk } from "../support/desk.ts";
import { bothHear as bothPhonesHear, isSound, near } from "../support/hearing.ts";
import { landlineHere } from "../support/image.ts";
import { type Landline, testCentre } from "../support/landline.ts";
import { leftovers, listenTo, recordingsOf, withDatabase } from "../support/ledger.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { killTree, processTree, signal } from "../support/processes.ts";
import { offerMd5, RawSip } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, leftOut, program, step } from "../support/steps.ts";
import { strongest } from "../support/tones.ts";

const callerHz = 440;
const agentHz = 700;
const sip = `sip:100@${ownAddress}:5060`;
const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];

/** Every return of a flush is held up by this much: a 200 that did not wait for it would be early by as much. */
const flushHeldMs = 700;
const strace = "/usr/bin/strace";
/** The small file system: a fresh node needs half of it. */
const dataMegabytes = 400;

await insideNamespace();

/** A failed run is repeated with `LANDLINE_TEST_SEED`. */
const seed = Number(process.env.LANDLINE_TEST_SEED ?? Date.now() % 1_000_000);
console.log(`seed ${seed}`);
let state = seed;
/** A moment between 0 and `ms`, by the seed. */
function moment(ms: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * ms);
}

type Account = { readonly username: string; readonly secret: string };
type Conversation = { readonly id: string; readonly startedAt: number; readonly endedAt: number | null; readonly endReason: string | null };
type Participant = {
  readonly id: string;
  readonly purpose: string;
  readonly connectedTime?: string;
  readonly endTime?: string;
  readonly wrapup?: { readonly code: string };
};

/** One node with its people and phones. */
class Centre {
  readonly landline: Landline;
  private account: Account | null = null;
  private userId = "";
  private phones = 0;

  constructor(provokes: readonly RegExp[]) {
    this.landline = landlineHere(options, { provokes });
  }

  async populate(): Promise<void> {
    const document = testCentre([ownAddress]) as { users: { email: string }[] };
    document.users = document.users.map((user) => (user.email.startsWith("priya") ? { ...user, phone: true } : user));
    this.account = this.landline.apply(document).phones[0]!;
    const { entities } = await this.landline.api<{ entities: { id: string; email: string }[] }>("/api/v2/users");
    this.userId = entities.find(({ email }) => email.startsWith("priya"))!.id;
  }

  /** Priya's phone, registered, and Priya On Queue. */
  async agent(answers: "auto" | "manual"): Promise<Baresip> {
    await offerMd5(ownAddress);
    const phone = this.phone(agentHz, { port: 5_080, rtpPorts: "31000-31999", account: { ...this.account!, answers } });
    await eventually("the agent's phone registers", () => phone.log.includes("200 OK"), 10_000);
    await this.wrapUp();
    const presence = (id: string) =>
      this.landline.api(`/api/v2/users/${this.userId}/presences/PURECLOUD`, { method: "PATCH", body: { presenceDefinition: { id } } });
    await presence("AVAILABLE");
    await presence("ON_QUEUE");
    return phone;
  }

  /** Ends the agent's after-call work, if there is any. */
  async wrapUp(): Promise<void> {
    const busy = await withDatabase(
      this.landline,
      (sql) => sql<{ conversation: string; participant: string }[]>`
      select conversation_id as conversation, participant_id as participant from after_call_work where ended_at is null`,
    );
    for (const { conversation, participant } of busy) {
      const desk = await Desk.signIn(this.landline.http, "priya@example.org");
      const status = await desk.post(`/calls/${conversation}/${participant}/wrapup`, { code: "Answered" });
      expect(status === 204, `the wrap-up was answered ${status}`);
    }
  }

  /** A caller who has heard the answer. */
  async caller(port = 5_070, rtpPorts = "30000-30999"): Promise<Baresip> {
    const phone = this.phone(callerHz, { port, rtpPorts });
    await eventually("the caller's phone is ready", () => phone.log.includes("ready"), 10_000);
    phone.dial(sip);
    await eventually("the call is answered", () => phone.established === 1, 10_000);
    return phone;
  }

  /** A call between the two, talked for a moment. */
  async talk(): Promise<{ readonly caller: Baresip; readonly agent: Baresip }> {
    const agent = await this.agent("auto");
    const caller = await this.caller();
    caller.press("2");
    await eventually("the agent's phone picks up", () => agent.established === 1, 15_000);
    await bothHear(caller, agent, "at first");
    return { caller, agent };
  }

  async newest(): Promise<Conversation> {
    return (await this.conversations())[0]!;
  }

  async conversations(): Promise<Conversation[]> {
    return (await this.landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations?pageSize=500")).entities;
  }

  async participants(id: string): Promise<Participant[]> {
    return (await this.landline.api<{ participants: Participant[] }>(`/api/v2/conversations/${id}`)).participants;
  }

  async agentPart(id: string): Promise<Participant> {
    return (await this.participants(id)).findLast(({ purpose }) => purpose === "agent")!;
  }

  async routingStatus(): Promise<string> {
    return (await this.landline.api<{ status: string }>(`/api/v2/users/${this.userId}/routingstatus`)).status;
  }

  /** kill -9 of everything, then the same command again. Returns when it was killed. */
  async dieAndComeBack(): Promise<number> {
    const killedAt = Date.now();
    await killTree(this.landline.pid);
    Baresip.quitAll();
    await this.landline.start();
    return killedAt;
  }

  /** The proof is clean, and nothing is left over: no open end, no agent busy with nothing. */
  async settled(): Promise<void> {
    let left: string[] = [];
    await eventually("nothing is left over", async () => {
      left = await leftovers(this.landline);
      return left.length === 0;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${left.join("; ")}`);
    });
    this.verified();
  }

  verified(): void {
    const { code, out, error } = this.landline.run(["verify", "--rows"]);
    expect(code === 0, `verify: ${out}${error}`);
  }

  async readiness(): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.landline.http}/readyz`);
    return { status: answer.status, text: (await answer.text()).trim() };
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch("http://127.0.0.1:9464/metrics")).text();
    return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  }

  private phone(hz: number, more: ConstructorParameters<typeof Baresip>[3]): Baresip {
    return new Baresip(join(this.landline.folder, `phone-${++this.phones}`), ownAddress, hz, more);
  }
}

/** Both hear what the other says now. */
function bothHear(caller: Baresip, agent: Baresip, when: string): Promise<void> {
  return bothPhonesHear({ phone: caller, hz: callerHz }, { phone: agent, hz: agentHz }, when);
}

const centre = new Centre([
  /fact="postgres ended and is started again" code=null signal=SIGKILL/,
  /fact="media worker died" .*reason=hangs/,
  // Its ports are free only when it is gone: the one in its place tries again.
  /fact="media worker died" .*reason="bind EADDRINUSE/,
]);
const { landline } = centre;

await program(
  async () => {
    await killedWhileItBegins();
    await step(
      "it starts after both, and takes a centre",
      async () => {
        await landline.start();
        await centre.populate();
        centre.verified();
      },
      { must: true },
    );
    await killedInCalls();
    await acknowledgedOnDisk();
    await databaseKilled();
    await databaseFrozen();
    await workerLost();
    await landline.stop();
    await diskFull();
  },
  async () => {
    Baresip.quitAll();
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);

/** A step whose phones are gone after it, however it ends. */
function round(name: string, work: () => Promise<unknown>): Promise<void> {
  return step(name, () => work().finally(() => Baresip.quitAll()));
}

// ── kill -9 of everything ──

async function killedWhileItBegins(): Promise<void> {
  await step("killed during initdb", async () => {
    landline.launch();
    const initdb = () => processTree(landline.pid).some(({ command }) => /initdb|--boot|--single/.test(command));
    await eventually("initdb runs", initdb, 30_000);
    await Bun.sleep(moment(300));
    expect(initdb(), "initdb was over before the kill");
    await killTree(landline.pid);
  });
  await step("killed during the migration", async () => {
    landline.launch();
    // A server process names what it does in its title.
    const migrating = () =>
      processTree(landline.pid).find(({ command }) => /postgres: landline landline \[local\] (CREATE|ALTER|INSERT|DO)/.test(command));
    const until = Date.now() + 30_000;
    while (migrating() === undefined) expect(Date.now() < until, "no migration was seen");
    await Bun.sleep(moment(20));
    expect(!landline.log.includes("fact=ready"), "it was ready before the kill");
    await killTree(landline.pid);
  });
}

async function killedInCalls(): Promise<void> {
  await round("killed while the agent's phone rings: the call ends as node-died, the agent is free", async () => {
    const agent = await centre.agent("manual");
    const caller = await centre.caller();
    caller.press("2");
    await eventually("the agent's phone rings", () => /Incoming call|incoming/i.test(agent.log), 15_000);
    await Bun.sleep(moment(2_000));
    await centre.dieAndComeBack();
    const { id, endReason } = await centre.newest();
    expect(endReason === "node-died", `it ended as ${endReason}`);
    const customer = (await centre.participants(id)).find(({ purpose }) => purpose === "customer");
    expect(customer?.connectedTime !== undefined, "the answer that the caller heard is not in the log");
    await centre.settled();
  });

  await round("killed while they talk: the call is whole in the log, the recording loses at most 2 s", async () => {
    await centre.talk();
    await Bun.sleep(5_000 + moment(2_000));
    const killedAt = await centre.dieAndComeBack();
    const { id, endReason } = await centre.newest();
    expect(endReason === "node-died", `it ended as ${endReason}`);
    expect((await centre.agentPart(id)).connectedTime !== undefined, "the agent's accept is not in the log");
    await recorded(landline, id, killedAt);
    await centre.settled();
  });

  await round("killed: a phone that had registered over UDP is rung by the node that came back, without registering again", async () => {
    const agent = await centre.agent("auto");
    // It is written down some at a time.
    await Bun.sleep(1_500);
    const registrations = agent.log.split("200 OK").length;
    await killTree(landline.pid);
    await landline.start();
    const caller = await centre.caller();
    caller.press("2");
    await eventually("the agent's phone picks up", () => agent.established === 1, 15_000);
    await bothHear(caller, agent, "after the kill");
    expect(agent.log.split("200 OK").length === registrations, "it has registered again");
    caller.hangUp();
    await eventually("the call is over", async () => (await centre.newest()).endReason === "customer-hung-up");
    await centre.wrapUp();
    await centre.settled();
  });

  for (const part of ["at once", "a moment later"]) {
    await round(`killed while the recording closes, ${part}`, async () => {
      const { caller, agent } = await centre.talk();
      await Bun.sleep(1_000);
      caller.hangUp();
      if (part === "at once") await Bun.sleep(moment(30));
      else {
        await eventually("the agent's call ends", () => /session closed|Call with .* terminated/i.test(agent.log));
        await Bun.sleep(moment(200));
      }
      const killedAt = await centre.dieAndComeBack();
      const { id, endReason } = await centre.newest();
      expect(endReason === "node-died" || endReason === "customer-hung-up", `it ended as ${endReason}`);
      await recorded(landline, id, killedAt);
      await centre.settled();
    });
  }

  await round("killed in after-call work: it goes on, and the code that was acknowledged stays", async () => {
    const { caller } = await centre.talk();
    caller.hangUp();
    await eventually("after-call work begins", async () => (await centre.newest()).endReason === "customer-hung-up");
    await Bun.sleep(moment(500));
    await centre.dieAndComeBack();
    const { id } = await centre.newest();
    expect((await centre.routingStatus()) === "INTERACTING", `the agent is ${await centre.routingStatus()}, not in after-call work`);
    await centre.wrapUp();
    await centre.dieAndComeBack();
    expect((await centre.agentPart(id)).wrapup?.code === "Answered", "the code that was acknowledged is gone");
    expect((await centre.routingStatus()) === "IDLE", `the agent is ${await centre.routingStatus()} after the wrap-up`);
    await centre.settled();
  });
}

/** One recording, whole or interrupted, of all but the last 2 s until then, with both voices in its last second. */
async function recorded(landline: Landline, id: string, until: number): Promise<void> {
  const recordings = await eventually("the recording is closed", async () => {
    const all = await recordingsOf(landline, id);
    return all.length > 0 && all.every(({ state }) => state !== "recording") ? all : null;
  });
  expect(recordings.length === 1, `${recordings.length} recordings`);
  const { state, path, startedAt, durationMs } = recordings[0]!;
  expect(state === "sealed" || state === "interrupted", `the recording is ${state}`);
  const lostMs = until - startedAt - (durationMs ?? 0);
  expect(lostMs <= 2_000, `${lostMs} ms of the recording are lost`);
  const { left, right } = await listenTo(landline, path);
  expect(near(strongest(left.slice(-8_000)).hz, callerHz), "the caller is not in the recording's last second");
  expect(near(strongest(right.slice(-8_000)).hz, agentHz), "the agent is not in the recording's last second");
}

// ── The database alone ──

/** The server's processes, the postmaster first. */
function postgresOf(): number[] {
  return processTree(landline.pid)
    .filter(({ command }) => command.includes("postgres"))
    .map(({ pid }) => pid)
    .filter((pid) => pid !== landline.pid);
}

async function databaseKilled(): Promise<void> {
  await round("the database is killed in a call: nobody hears it, and all of it is in the log", async () => {
    const { caller, agent } = await centre.talk();
    const [postmaster] = postgresOf();
    await killTree(postmaster!);
    await bothHear(caller, agent, "without a database");
    await eventually("the supervisor starts it again", () => landline.log.includes("postgres is up again"), 20_000);
    await eventually("it is ready again", async () => (await centre.readiness()).status === 200);
    await bothHear(caller, agent, "with the new database");
    const { id } = await centre.newest();
    caller.hangUp();
    await eventually("the end is in the log", async () => (await centre.newest()).endReason === "customer-hung-up");
    expect((await centre.newest()).id === id, "it is another conversation");
    await recorded(landline, id, Date.now());
    await centre.settled();
  });
}

async function databaseFrozen(): Promise<void> {
  await round("the database is away for 60 s: calls go on, a new one waits with music, page and probe say why", async () => {
    const { caller, agent } = await centre.talk();
    const running = (await centre.newest()).id;
    const desk = await Desk.signIn(landline.http, "gareth@example.org");
    desk.watch();
    await eventually("the page's banner is empty", () => desk.problem === null);
    const frozen = postgresOf();
    for (const pid of frozen) signal(pid, "SIGSTOP");
    const frozenAt = Date.now();
    try {
      await eventually("the probe says what is wrong", async () => {
        const { status, text } = await centre.readiness();
        return status === 503 && /database/i.test(text);
      });
      await eventually("the page says it too", () => /database/i.test(desk.problem ?? ""));
      const second = await centre.caller(5_090, "32000-32999");
      second.press("2");
      // Longer than the music of the in-queue flow: whatever it asks of the database then must not keep the caller in silence.
      for (let s = 0; s < 9; s++) {
        await Bun.sleep(4_000);
        await bothHear(caller, agent, `${Math.round((Date.now() - frozenAt) / 1_000)} s without a database`);
        expect(isSound(lastSeconds(second, 4)), `the waiting caller hears nothing, ${Date.now() - frozenAt} ms after the database froze`);
      }
      await Bun.sleep(Math.max(0, frozenAt + 60_000 - Date.now()));
    } finally {
      for (const pid of frozen) signal(pid, "SIGCONT");
    }
    await eventually("it is ready again", async () => (await centre.readiness()).status === 200);
    await eventually("the page's banner is empty again", () => desk.problem === null);
    desk.leave();
    caller.hangUp();
    await eventually("the running call ended in the log", async () => {
      const ended = (await centre.conversations()).find(({ id }) => id === running);
      return ended?.endReason === "customer-hung-up";
    });
    await centre.wrapUp();
    await eventually("the one who waited is put through", () => agent.established === 2, 15_000);
    const waited = (await centre.newest()).id;
    expect(waited !== running, "the second call is not in the log");
    agent.hangUp();
    await eventually("the second call ended in the log", async () => (await centre.newest()).endedAt !== null);
    await centre.settled();
  });
}

function lastSeconds(phone: Baresip, seconds: number): Int16Array {
  return phone.heard().slice(-8_000 * seconds);
}

// ── A media worker alone ──

/**
 * A worker is a thread, and nothing outside can kill one thread of a process. What a machine can do to it is to let it hang: here a tracer
 * holds it, and it alone, at its next system calls. The node must give it up, and what lived in it, and go on with another.
 */
async function workerLost(): Promise<void> {
  const title = "a media worker hangs in a call: the call ends with a reason, its recording is sealed to 2 s before, the next call works";
  if (!existsSync(strace)) return leftOut(title, "strace is not installed");
  await round(title, async () => {
    await centre.talk();
    const { id } = await centre.newest();
    await eventually(
      "three seconds are recorded",
      async () => Date.now() - ((await recordingsOf(landline, id))[0]?.startedAt ?? Date.now()) > 3_000,
    );
    const [worker] = workerThreads();
    const words = ["-e", "trace=all", "-e", "inject=all:delay_enter=60000000", "-o", "/dev/null", "-p", String(worker)];
    const tracer = spawn(strace, words, { stdio: "ignore" });
    try {
      await eventually("the tracer holds the worker", () =>
        readFileSync(`/proc/${worker}/status`, "utf8").includes(`TracerPid:\t${tracer.pid}`),
      );
      const hungAt = Date.now();
      await eventually("the node gives the worker up", () => /fact="media worker died" .*reason=hangs/.test(landline.log), 20_000);
      await eventually("the call ends", async () => (await centre.newest()).endReason === "media-failed");
      await recorded(landline, id, hungAt);
    } finally {
      const ended = new Promise((done) => tracer.once("exit", done));
      tracer.kill("SIGKILL");
      await ended;
    }
    const prober = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
    await eventually("another worker answers calls", async () => (await prober.call({ called: "100" }, 0)) === 200, 30_000, 500);
    prober.close();
    Baresip.quitAll();
    const { caller } = await centre.talk();
    const next = await centre.newest();
    expect(next.id !== id && next.endedAt === null, "the next call is not in the log");
    caller.hangUp();
    await eventually("the next call ended in the log", async () => (await centre.newest()).endReason === "customer-hung-up");
    await centre.settled();
  });
}

/** The threads of media: Bun calls a thread that runs a script of its own "Worker". */
function workerThreads(): number[] {
  const tasks = `/proc/${landline.inside}/task`;
  return readdirSync(tasks)
    .map(Number)
    .filter((thread) => readFileSync(`${tasks}/${thread}/comm`, "utf8").trim() === "Worker");
}

// ── No 200 before the disk has it ──

/**
 * The node under strace, three calls one after the other. What belongs together is told by order and by file: the INVITE's bytes come in
 * (recv… with its Call-ID), then something is written to a journal file, whose descriptor makes every write a flushed one (O_DSYNC, open(2));
 * the write is held up by strace on its return, and the 200 with that Call-ID (send…) may only begin after it has returned. Nothing else goes
 * on that would write to the journal.
 */
async function acknowledgedOnDisk(): Promise<void> {
  const title = "no 200 to an INVITE leaves before the flush of its journal record has returned";
  if (!existsSync(strace)) return leftOut(title, "strace is not installed");
  await round(title, async () => {
    const file = join(landline.folder, "strace");
    const calls = "recvfrom,recvmsg,recvmmsg,sendto,sendmsg,sendmmsg,pwrite64";
    const words = ["-f", "-y", "-ttt", "-s", "4000", "-e", `trace=${calls}`, "-e", `inject=pwrite64:delay_exit=${flushHeldMs * 1_000}`];
    const tracer = spawn(strace, [...words, "-o", file, "-p", String(landline.inside)], { stdio: "ignore" });
    const caller = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
    const callIds = [1, 2, 3].map((n) => `traced-${n}-${seed}`);
    try {
      await eventually("strace is attached", () => /recv|send|write/.test(textOf(file)));
      for (const callId of callIds) {
        expect((await caller.call({ called: "100", callId }, 200)) === 200, "the call is not answered");
        await atRest(file);
      }
    } finally {
      caller.close();
      const ended = new Promise((done) => tracer.once("exit", done));
      tracer.kill("SIGINT");
      await ended;
    }
    journalIsFlushedByWriting();
    for (const callId of callIds) acknowledgedAfterFlush(textOf(file), callId);
    await centre.settled();
  });
}

/** Resolves when the journal was not touched for longer than a flush is held up: what comes next is about the next call alone. */
async function atRest(file: string): Promise<void> {
  for (let before = -1, now = 0; before !== now; ) {
    before = now;
    await Bun.sleep(flushHeldMs * 2);
    now = textOf(file).split("/journal/").length;
  }
}

/** Of every descriptor by which a journal file is written; proc(5), "fdinfo": the flags of open(2), in octal. */
function journalIsFlushedByWriting(): void {
  const folder = `/proc/${landline.inside}`;
  const journals = readdirSync(`${folder}/fd`).filter((fd) => /\/journal\/\d+\.log$/.test(linkOf(`${folder}/fd/${fd}`)));
  const flags = journals.map((fd) => Number.parseInt(/^flags:\s+([0-7]+)$/m.exec(textOf(`${folder}/fdinfo/${fd}`))![1]!, 8));
  const written = flags.filter((one) => (one & (constants.O_WRONLY | constants.O_RDWR)) !== 0);
  expect(written.length > 0 && written.every((one) => (one & constants.O_DSYNC) === constants.O_DSYNC), `journal opened with ${flags}`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function acknowledgedAfterFlush(trace: string, callId: string): void {
  const lines = trace.split("\n").map((text) => ({ at: Number(/^\d+ +(\d+\.\d+) /.exec(text)?.[1]) * 1_000, text }));
  const after = (at: number, pattern: RegExp, mentions = ""): { readonly at: number; readonly text: string } => {
    const found = lines.find((line) => line.at >= at && pattern.test(line.text) && line.text.includes(mentions));
    if (found === undefined) throw new Error(`nothing like ${pattern} of ${callId} in the trace`);
    return found;
  };
  const invite = after(0, /recv\w*[( ].*INVITE sip:/, callId);
  const written = after(invite.at, /pwrite64\(\d+<[^>]*\/journal\/\d+\.log>/);
  const ok = after(invite.at, /send\w*\(.*SIP\/2\.0 200 OK.*CSeq: 1 INVITE/, callId);
  const waitedMs = ok.at - written.at;
  expect(
    waitedMs >= flushHeldMs,
    `the 200 of ${callId} left ${Math.round(waitedMs)} ms after the write began, which took ${flushHeldMs} ms`,
  );
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

// ── The disk is full ──

/** A node of its own whose data lie on a small file system; the node before it has stopped. */
async function diskFull(): Promise<void> {
  const small = new Centre([
    /fact="the journal cannot be written; new calls are refused"/,
    // The call that finds out.
    /fact="journal refuses" .*reason="Unavailable: The journal cannot be written/,
    /fact="the disk is nearly full/,
  ]);
  const { data } = small.landline;
  mkdirSync(data, { mode: 0o755, recursive: true });
  run("mount", "-t", "tmpfs", "-o", `size=${dataMegabytes}m`, "landline-test", data);
  small.landline.handOver(data);
  try {
    await small.landline.start();
    await small.populate();
    await round("the disk is full in a call: it lives, new calls get 503, and with room all goes on", () => fillAndEmpty(small));
  } finally {
    await small.landline.stop();
    run("umount", data);
    if (!hasFailed()) small.landline.discard();
  }
}

async function fillAndEmpty(small: Centre): Promise<void> {
  const { caller, agent } = await small.talk();
  const { id } = await small.newest();
  const desk = await Desk.signIn(small.landline.http, "gareth@example.org");
  desk.watch();
  const ballast = join(small.landline.data, "ballast");
  // Whatever room appears is taken: the journal cuts back what it could not write.
  const filling = setInterval(() => fill(ballast), 100);
  const prober = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
  try {
    // The first call may be the one that finds out: it gets no answer as long as the disk takes none.
    await eventually("a new call is refused with 503", async () => (await prober.call({ called: "100" }, 100)) === 503, 30_000);
    const { status, text } = await small.readiness();
    expect(status === 503 && /disk/i.test(text), `readyz says ${status} ${text}`);
    await eventually("the page says it too", () => /disk/i.test(desk.problem ?? ""));
    await bothHear(caller, agent, "with a full disk");
    await Bun.sleep(3_000);
    await bothHear(caller, agent, "with a disk full for a while");
  } finally {
    clearInterval(filling);
    rmSync(ballast, { force: true });
  }
  await eventually("it is ready again", async () => (await small.readiness()).status === 200, 60_000);
  await eventually("the page's banner is empty again", () => desk.problem === null);
  desk.leave();
  expect((await prober.call({ called: "100" }, 500)) === 200, "a new call is not answered after room was made");
  prober.close();
  await bothHear(caller, agent, "after room was made");
  caller.hangUp();
  await recorded(small.landline, id, Date.now());
  await eventually("the end is in the log", async () => {
    const ended = (await small.conversations()).find((conversation) => conversation.id === id);
    return ended?.endReason === "customer-hung-up";
  });
  await small.wrapUp();
  await small.settled();
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  const fd = openSync(path, "a");
  const bytes = Buffer.alloc(1024 * 1024);
  for (let size = bytes.length; size > 0; ) {
    try {
      writeSync(fd, bytes, 0, size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      size >>= 1;
    }
  }
  closeSync(fd);
}

function run(...words: string[]): void {
  const done = Bun.spawnSync(words);
  if (done.exitCode !== 0) throw new Error(`${words.join(" ")}: ${done.stderr.toString().trim()}`);
}
