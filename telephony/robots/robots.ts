// Hosts robots: keeps the state of callers and agents, runs their steps, carries out what they want, and reports each call from both its ends.

import type { Env, Timer } from "../../core/env/env.ts";
import { pause } from "../../core/env/pause.ts";
import type { UserId } from "../../core/lib/id.ts";
import { assertNever } from "../../core/lib/machine.ts";
import type { Endpoint } from "../sip/transport/flow.ts";
import { type AgentInput, type AgentOutput, type AgentPlan, type AgentState, type AgentTimer, newAgent, stepAgent } from "./agent.ts";
import {
  type CallerInput,
  type CallerOutcome,
  type CallerOutput,
  type CallerPlan,
  type CallerState,
  type CallerTimer,
  startCaller,
  stepCaller,
} from "./caller.ts";
import type { CallEnd, RobotCall } from "./robot-call.ts";
import { type RobotSecret, UserAgent } from "./user-agent.ts";

/** An agent's page, for one that has none. */
export interface RobotDesk {
  setPresence(userId: UserId, presence: "ON_QUEUE" | "BREAK" | "OFFLINE"): Promise<void>;
  /** Sets a code for whatever after-call work is open. */
  wrapUp(userId: UserId): Promise<void>;
}

export type RobotAgent = { readonly userId: UserId; readonly secret: RobotSecret };

/** The caller's end of a call. */
export type CallReport = {
  readonly plan: CallerPlan;
  readonly outcome: CallerOutcome;
  /** From the INVITE to the answer; null: there was none. */
  readonly setupMs: number | null;
  /** From the answer until an agent was heard, to the second; null: none was. */
  readonly waitedMs: number | null;
  readonly talkedMs: number;
  /** From the answer to the end. */
  readonly connectedMs: number;
  readonly end: CallEnd;
};

/** The agent's end of a call. */
export type AnswerReport = { readonly callerNumber: string; readonly talkedMs: number; readonly end: CallEnd };

export type RobotsOptions = {
  readonly env: Env;
  readonly server: Endpoint;
  /** Two of our own on loopback: a trunk belongs to the callers', phones register from the agents'. */
  readonly addresses: { readonly callers: string; readonly agents: string };
  readonly rtpPorts: readonly [first: number, last: number];
  readonly realm: string;
  readonly agents: readonly RobotAgent[];
  readonly desk: RobotDesk;
  /** What an agent does with the next call. */
  planAgent(): AgentPlan;
  /** An agent's end of a call that was connected. */
  answered(report: AnswerReport): void;
};

/** A second of speech holds more than half of it; a single window may be chance. */
const voiceMsMin = 300;
/** How long the calls of robots that stop are given to end. */
const stopMs = 5_000;
const pollMs = 50;

type Timers<Name extends string> = Map<Name, Timer>;

export class Robots {
  private callers: UserAgent | null = null;
  private phones: UserAgent | null = null;
  private readonly agents = new Map<string, AgentHost>();
  private readonly up = new Set<CallerHost>();
  private stopping: Promise<void> | null = null;

  private constructor(private readonly options: RobotsOptions) {
    for (const agent of options.agents) this.agents.set(agent.secret.username, new AgentHost(agent, options, () => this.phones!));
  }

  /** Sockets are bound when it resolves; nothing is sent yet. */
  static async open(options: RobotsOptions): Promise<Robots> {
    const robots = new Robots(options);
    const { env, server, addresses, rtpPorts, realm } = options;
    const [first, last] = rtpPorts;
    const middle = first + ((last - first) >> 1);
    const shared = { env, server, realm };
    robots.callers = await UserAgent.open({
      ...shared,
      address: addresses.callers,
      rtpPorts: [first, middle],
      voice: "caller",
      incoming: (call) => call.hangUp(),
    });
    robots.phones = await UserAgent.open({
      ...shared,
      address: addresses.agents,
      rtpPorts: [middle + 1, last],
      voice: "agent",
      incoming: (call, to, { number }) => {
        const agent = robots.agents.get(to);
        if (agent === undefined) call.hangUp();
        else agent.ringsFor(call, number);
      },
    });
    return robots;
  }

  /** Robots' calls that are up or being set up, by the callers' count. */
  get callsUp(): number {
    return this.up.size;
  }

  /** Agents whose phone is registered. */
  get agentsThere(): number {
    return [...this.agents.values()].filter((agent) => agent.isThere).length;
  }

  /** One after the other: the first that proves itself makes the path known, and the others are no strangers any more. */
  async startAgents(): Promise<void> {
    for (const agent of this.agents.values()) await agent.start();
  }

  /** One call, from dialling to its end. Never rejects. */
  call(plan: CallerPlan): Promise<CallReport> {
    return new Promise((resolve) => {
      const host: CallerHost = new CallerHost(this.options.env, this.callers!, plan, (report) => {
        this.up.delete(host);
        resolve(report);
      });
      this.up.add(host);
      host.start();
    });
  }

  /** Callers hang up: those that talk, and those that wait. */
  hangUp(): void {
    for (const caller of [...this.up]) caller.input({ kind: "stop" });
  }

  /** Hangs up, sends the agents home, and closes the sockets; once, and bounded. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    const { env } = this.options;
    this.hangUp();
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
    const until = env.clock.monotonic() + stopMs;
    while ((this.callers!.size > 0 || this.phones!.size > 0) && env.clock.monotonic() < until) {
      await pause(env.clock, pollMs);
    }
    await this.callers![Symbol.asyncDispose]();
    await this.phones![Symbol.asyncDispose]();
  }
}

class CallerHost {
  private state: CallerState;
  private readonly timers: Timers<CallerTimer> = new Map();
  private readonly outputs: readonly CallerOutput[];
  private readonly robotCall: RobotCall;
  private dialledAt = 0;
  private connectedAt: number | null = null;
  private heardAt: number | null = null;
  private end: CallEnd | null = null;

  constructor(
    private readonly env: Env,
    callers: UserAgent,
    private readonly plan: CallerPlan,
    private readonly report: (report: CallReport) => void,
  ) {
    ({ state: this.state, outputs: this.outputs } = startCaller(plan));
    this.robotCall = callers.call(plan.called, { number: plan.number, name: plan.name });
    this.robotCall.listener = {
      connected: () => {
        this.connectedAt = this.now();
        this.input({ kind: "connected" });
      },
      heard: ({ agent, caller, sound }) => {
        if ((plan.hears === "agent" ? agent : agent + caller + sound) < voiceMsMin) return;
        this.heardAt ??= this.now();
        this.input({ kind: "agent-heard" });
      },
      ended: (end) => {
        this.end = end;
        this.input({ kind: "ended" });
      },
    };
  }

  start(): void {
    for (const output of this.outputs) this.carryOut(output);
  }

  input(input: CallerInput): void {
    const { state, outputs } = stepCaller(this.state, input);
    this.state = state;
    for (const output of outputs) this.carryOut(output);
  }

  private carryOut(output: CallerOutput): void {
    switch (output.kind) {
      case "call":
        this.dialledAt = this.now();
        return this.robotCall.start();
      case "press":
        return this.robotCall.press(output.digit);
      case "hang-up":
        return this.robotCall.hangUp();
      case "start":
        return setTimer(this.env, this.timers, output.timer, output.ms, (timer) => this.input({ kind: "timer", timer }));
      case "stop":
        return stopTimer(this.timers, output.timer);
      case "done": {
        const { plan, end, dialledAt, connectedAt, heardAt } = this;
        const setupMs = connectedAt === null ? null : connectedAt - dialledAt;
        const waitedMs = heardAt === null || connectedAt === null ? null : heardAt - connectedAt;
        const talkedMs = heardAt === null ? 0 : this.now() - heardAt;
        const connectedMs = connectedAt === null ? 0 : this.now() - connectedAt;
        return this.report({ plan, outcome: output.outcome, setupMs, waitedMs, talkedMs, connectedMs, end: end! });
      }
      default:
        return assertNever(output);
    }
  }

  private now(): number {
    return this.env.clock.monotonic();
  }
}

class AgentHost {
  private state: AgentState = newAgent;
  private readonly timers: Timers<AgentTimer> = new Map();
  private call: RobotCall | null = null;
  /** The newest that rings, taken or not. */
  private atTheDoor: RobotCall | null = null;
  /** What was asked of the desk is done in that order. */
  private asked: Promise<void> = Promise.resolve();
  private registering: Promise<void> = Promise.resolve();

  constructor(
    private readonly agent: RobotAgent,
    private readonly options: RobotsOptions,
    private readonly phones: () => UserAgent,
  ) {}

  get isThere(): boolean {
    return this.state.name !== "away" && this.state.name !== "off";
  }

  /** Resolves when the registrar has answered, and on queue when it was yes. */
  async start(): Promise<void> {
    this.input({ kind: "start" });
    await this.registering;
    await this.asked;
  }

  /** Gone from the registrar and off queue when it resolves. */
  async stop(): Promise<void> {
    const wasThere = this.isThere;
    this.input({ kind: "stop" });
    await this.asked;
    if (wasThere) await Promise.race([this.phones().register(this.agent.secret, 0), pause(this.options.env.clock, stopMs)]);
  }

  ringsFor(call: RobotCall, callerNumber: string): void {
    let connectedAt: number | null = null;
    call.listener = {
      connected: () => {
        connectedAt = this.now();
        this.input({ kind: "connected" });
      },
      heard: () => undefined,
      ended: (end) => {
        if (connectedAt !== null) this.options.answered({ callerNumber, talkedMs: this.now() - connectedAt, end });
        if (this.call === call) this.input({ kind: "ended" });
      },
    };
    this.atTheDoor = call;
    this.input({ kind: "rings", plan: this.options.planAgent() });
  }

  private input(input: AgentInput): void {
    const { state, outputs } = stepAgent(this.state, input);
    this.state = state;
    for (const output of outputs) this.carryOut(output);
  }

  private carryOut(output: AgentOutput): void {
    const { userId } = this.agent;
    const { desk } = this.options;
    switch (output.kind) {
      case "register":
        this.registering = this.register();
        return;
      case "presence":
        return this.ask("presence", () => desk.setPresence(userId, output.presence));
      case "ring":
        this.call = this.atTheDoor;
        return this.call?.ring();
      case "answer":
        return this.call?.answer();
      case "hang-up":
        return this.call?.hangUp();
      case "refuse":
        return this.atTheDoor?.hangUp();
      case "wrap-up":
        return this.ask("wrap-up", () => desk.wrapUp(userId));
      case "start":
        return setTimer(this.options.env, this.timers, output.timer, output.ms, (timer) => this.input({ kind: "timer", timer }));
      case "stop":
        return stopTimer(this.timers, output.timer);
      default:
        return assertNever(output);
    }
  }

  private async register(): Promise<void> {
    const seconds = await this.phones().register(this.agent.secret);
    this.input({ kind: seconds > 0 ? "registered" : "not-registered" });
  }

  private ask(what: string, work: () => Promise<void>): void {
    const { env } = this.options;
    this.asked = this.asked
      .then(work)
      .catch((error: unknown) => env.log.warn("robot not heard", { what, user: this.agent.userId, reason: String(error) }));
  }

  private now(): number {
    return this.options.env.clock.monotonic();
  }
}

function setTimer<Name extends string>(env: Env, timers: Timers<Name>, name: Name, ms: number, run: (name: Name) => void): void {
  timers.get(name)?.cancel();
  timers.set(
    name,
    env.clock.after(ms, () => {
      timers.delete(name);
      run(name);
    }),
  );
}

function stopTimer<Name extends string>(timers: Timers<Name>, name: Name): void {
  timers.get(name)?.cancel();
  timers.delete(name);
}
