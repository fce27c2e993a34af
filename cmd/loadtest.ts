// `loadtest`: robots hold so many calls for so long, against a node of their own or one that runs, and say plainly how it went.

import { applyCentre } from "../core/centre/apply.ts";
import { demoAgentsAddress, demoCallersAddress } from "../core/demo/centre.ts";
import { loadCallerPrefix, loadCentre, loadNumber } from "../core/demo/load-centre.ts";
import type { Env } from "../core/env/env.ts";
import { pause } from "../core/env/pause.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { isIpv4 } from "../core/lib/ip-address.ts";
import { loadtestCallsMax } from "../core/lib/limits.ts";
import type { CallerPlan } from "../telephony/robots/caller.ts";
import { between } from "../telephony/robots/draw.ts";
import { type AnswerReport, type CallReport, Robots } from "../telephony/robots/robots.ts";
import { type Score, type Spread, score, spread } from "../telephony/robots/score.ts";
import { defaultRealm } from "../telephony/start.ts";
import { endpoint } from "./addresses.ts";
import type { Assets } from "./assets.ts";
import { ConfigError } from "./config.ts";
import { robotAgents, robotDesk } from "./demo.ts";
import { attachNode, type OpenNode } from "./node.ts";
import { OwnNode, type Usage } from "./own-node.ts";
import { newPhoneSecret } from "./phone-secret.ts";
import { machineActor } from "./wire.ts";

const minutesMax = 24 * 60;
const talkMs = [15_000, 30_000] as const;
/** Less is no talk. A call that could not last that long does not begin. */
const talkMsMin = 5_000;
const patienceMs = 30_000;
/** The calls do not begin all at once, as no customers do. */
const rampMs = 100;
const retryMs = 1_000;
const registerMs = 60_000;
const sampleMs = 1_000;
const lookMs = 100;
/** Robots that are later than this now and then speak with gaps of their own: two frames of voice. */
const lateMsMax = 40;
const rtpPorts = [30_000, 32_700] as const;
/** An agent who wraps up must not keep the next caller waiting. */
const spareAgents = (calls: number): number => Math.max(2, Math.ceil(calls / 5));

export type LoadOrder = {
  readonly calls: number;
  readonly minutes: number;
  /** A node that runs, and what to dial there; null: one of our own. */
  readonly target: { readonly address: string; readonly port: number; readonly number: string } | null;
};

export type LoadResult = Score & {
  readonly calls: number;
  readonly minutes: number;
  /** Most and, over the time, on average. */
  readonly upMax: number;
  readonly upMean: number;
  /** How late the robots' own clock was: they share the machine with the node. */
  readonly robotsLateMs: Spread | null;
  /** Of the node and its database; null: it is not ours. */
  readonly cost: { readonly node: Cost; readonly database: Cost } | null;
  /** Every call was heard as it should be. */
  readonly isGood: boolean;
};
type Cost = { readonly secondsPerCallMinute: number; readonly bytesMax: number };

/** @throws ConfigError that names the option */
export function loadOrder(flags: Readonly<Record<string, unknown>>): LoadOrder {
  const number = (name: string, max: number, fallback: number, isWhole: boolean): number => {
    const value = flags[name] === undefined ? fallback : Number(flags[name]);
    const isRight = value > 0 && value <= max && (!isWhole || Number.isInteger(value));
    if (!isRight) throw new ConfigError(`--${name}: a ${isWhole ? "whole " : ""}number above 0, at most ${max}`);
    return value;
  };
  const [calls, minutes] = [number("calls", loadtestCallsMax, 10, true), number("minutes", minutesMax, 1, false)];
  if (flags.to === undefined && flags.number === undefined) return { calls, minutes, target: null };
  const to = String(flags.to ?? "");
  if (!/^[0-9.]+:[0-9]{1,5}$/.test(to) || !isIpv4(endpoint(to).address))
    throw new ConfigError("--to: the SIP address of a node on this machine, like 127.0.0.1:5060");
  if (!/^\+?[0-9*#]{2,32}$/.test(String(flags.number ?? ""))) throw new ConfigError("--number: what to dial there, like +441632960200");
  return { calls, minutes, target: { ...endpoint(to), number: String(flags.number) } };
}

export async function loadtest(env: Env, order: LoadOrder, assets: Assets): Promise<LoadResult> {
  const run = new LoadRun(env, order);
  const interrupt = (): void => run.interrupt();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  try {
    return order.target === null ? await run.againstOwn(assets) : await run.againstOther(order.target);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

class LoadRun {
  private readonly reports: CallReport[] = [];
  private readonly answers: AnswerReport[] = [];
  private readonly up: number[] = [];
  private readonly lateMs: number[] = [];
  private readonly bytesMax = { node: 0, database: 0 };
  private isInterrupted = false;
  private numbers = 0;

  constructor(
    private readonly env: Env,
    private readonly order: LoadOrder,
  ) {}

  /** What was begun is ended, counted and cleaned up. */
  interrupt(): void {
    this.isInterrupted = true;
  }

  async againstOwn(assets: Assets): Promise<LoadResult> {
    const { calls } = this.order;
    const own = await OwnNode.start(this.env);
    try {
      const node = await attachNode(this.env, own.config, assets);
      try {
        await applyCentre(node.app, machineActor(node), loadCentre(calls + spareAgents(calls)), (username) =>
          newPhoneSecret(this.env.random, node.keys, username),
        );
        const robots = await this.robots({ address: "127.0.0.1", port: own.sipPort }, demoCallersAddress, node);
        try {
          await this.agentsThere(robots);
          const before = own.usage();
          await this.hold(robots, loadNumber, "agent", () => this.sample(own.usage()));
          const after = own.usage();
          // The agents' ends are told moments after the callers'.
          await robots.stop();
          const found = score(this.reports, this.answers);
          const cost = (which: "node" | "database"): Cost => ({
            secondsPerCallMinute: found.callMinutes === 0 ? 0 : (after[which].seconds - before[which].seconds) / found.callMinutes,
            bytesMax: this.bytesMax[which],
          });
          return this.result(found, { node: cost("node"), database: cost("database") });
        } finally {
          await robots.stop();
        }
      } finally {
        await node.close();
      }
    } finally {
      await own.stop();
    }
  }

  async againstOther(target: NonNullable<LoadOrder["target"]>): Promise<LoadResult> {
    // From the address that a softphone on the same machine has, too: the example's trunk lets it in.
    const robots = await this.robots(target, "127.0.0.1", null);
    try {
      await this.hold(robots, target.number, "anything", () => undefined);
      await robots.stop();
      return this.result(score(this.reports, null), null);
    } finally {
      await robots.stop();
    }
  }

  private async robots(server: { readonly address: string; readonly port: number }, callers: string, node: OpenNode | null) {
    const { env } = this;
    return Robots.open({
      env,
      server,
      addresses: { callers, agents: demoAgentsAddress },
      rtpPorts,
      realm: defaultRealm,
      agents: node === null ? [] : await robotAgents(node),
      desk: node === null ? noDesk : robotDesk(node),
      planAgent: () => ({
        answerMs: between(env.random, [200, 1_000]),
        talkMs: minutesMax * 60_000,
        wrapUpMs: between(env.random, [100, 500]),
        breakMs: null,
      }),
      answered: (report) => this.answers.push(report),
    });
  }

  /** Registered and on queue, all of them. @throws Unavailable */
  private async agentsThere(robots: Robots): Promise<void> {
    const wanted = this.order.calls + spareAgents(this.order.calls);
    await robots.startAgents();
    const until = this.env.clock.monotonic() + registerMs;
    while (robots.agentsThere < wanted) {
      if (this.isInterrupted || this.env.clock.monotonic() > until)
        throw new Unavailable(`Only ${robots.agentsThere} of ${wanted} robots' phones could register.`);
      await pause(this.env.clock, sampleMs);
    }
  }

  /** So many calls at a time, each followed by the next, until the time is over and the last has ended. */
  private async hold(robots: Robots, called: string, hears: CallerPlan["hears"], sample: () => void): Promise<void> {
    const { clock } = this.env;
    const endAt = clock.monotonic() + this.order.minutes * 60_000;
    const slot = async (index: number): Promise<void> => {
      await pause(clock, index * rampMs);
      for (;;) {
        const leftMs = endAt - clock.monotonic();
        if (this.isInterrupted || leftMs < talkMsMin) return;
        const report = await robots.call(this.plan(called, hears, leftMs));
        this.reports.push(report);
        // Whoever is refused does not dial again in the same breath.
        if (report.outcome !== "talked") await pause(clock, retryMs);
      }
    };
    let isOver = false;
    const look = (): void => {
      if (isOver) return;
      const dueAt = clock.monotonic() + lookMs;
      clock.after(lookMs, () => {
        this.lateMs.push(Math.max(0, clock.monotonic() - dueAt));
        look();
      });
    };
    look();
    const slots = Promise.all(Array.from({ length: this.order.calls }, (_, index) => slot(index))).then(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.race([slots, pause(clock, sampleMs)]);
      if (this.isInterrupted) robots.hangUp();
      if (clock.monotonic() < endAt) this.up.push(robots.callsUp);
      sample();
    }
  }

  private plan(called: string, hears: CallerPlan["hears"], leftMs: number): CallerPlan {
    const number = `${loadCallerPrefix}${String(++this.numbers).padStart(6, "0")}`;
    const drawn = Math.max(talkMsMin, Math.min(leftMs, between(this.env.random, talkMs)));
    return { number, name: "Load test", called, keys: [], hears, patienceMs, talkMs: drawn };
  }

  private sample({ node, database }: { readonly node: Usage; readonly database: Usage }): void {
    this.bytesMax.node = Math.max(this.bytesMax.node, node.bytes);
    this.bytesMax.database = Math.max(this.bytesMax.database, database.bytes);
  }

  private result(found: Score, cost: LoadResult["cost"]): LoadResult {
    const { calls, minutes } = this.order;
    const upMean = this.up.length === 0 ? 0 : this.up.reduce((sum, n) => sum + n, 0) / this.up.length;
    const isGood = found.tried > 0 && found.heardBothWays === found.tried && !this.isInterrupted;
    return { calls, minutes, ...found, upMax: Math.max(0, ...this.up), upMean, robotsLateMs: spread(this.lateMs), cost, isGood };
  }
}

const noDesk = { setPresence: async () => undefined, wrapUp: async () => undefined };

export function loadLines(result: LoadResult, isOwn: boolean): readonly string[] {
  const ms = (what: Spread | null): string =>
    what === null ? "none" : `p50 ${what.p50.toFixed(0)} ms, p99 ${what.p99.toFixed(0)} ms, at most ${what.max.toFixed(0)} ms`;
  const { cost, tried, failed, robotsLateMs } = result;
  const areLate = !result.isGood && robotsLateMs !== null && robotsLateMs.p99 > lateMsMax;
  const bad = Object.entries(failed);
  const mb = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  return [
    `calls        ${tried} tried, ${result.answered} answered; ${result.upMean.toFixed(1)} at once on average, at most ${result.upMax}`,
    isOwn
      ? `heard        ${result.heardBothWays} of ${tried} both ways`
      : `heard        ${result.heardBothWays} of ${tried} by the caller (the other side is not ours)`,
    `failed       ${tried - result.heardBothWays}${bad.map(([why, n]) => `\n               ${n}: ${why}`).join("")}`,
    `answer       ${ms(result.setupMs)}`,
    `${isOwn ? "agent" : "sound"}        ${ms(result.waitedMs)} after the answer, to the second`,
    `voice        ${result.lossPercent.toFixed(3)} % of packets lost; jitter ${ms(result.jitterMs)}`,
    ...(cost === null
      ? []
      : [
          `processor    ${cost.node.secondsPerCallMinute.toFixed(2)} s for a minute of a call, its database ${cost.database.secondsPerCallMinute.toFixed(2)} s`,
          `memory       ${mb(cost.node.bytesMax)}, its database ${mb(cost.database.bytesMax)}`,
        ]),
    `robots       late by ${ms(robotsLateMs)}`,
    ...(areLate
      ? ["             the robots themselves were too late: this machine carries fewer of them, whatever the node could do"]
      : []),
    result.isGood ? "good: every call was heard as it should be" : "not good: see what failed",
  ];
}
