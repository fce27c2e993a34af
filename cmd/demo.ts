// The demo's robots in a running node: they live as long as the demo is loaded, and step back while a call that none of them placed is up.
import { userActor } from "../core/authorization/actor.ts";
import { demoAgentsAddress, demoCallerDigits, demoCallerPrefix, demoCallers, demoCallersAddress, demoLines } from "../core/demo/centre.ts";
import { demoAgents, hasDemo, loadDemo, wrapUpOpenWork } from "../core/demo/commands.ts";
import { isDemo } from "../core/demo/mark.ts";
import { OtherCalls } from "../core/demo/other-calls.ts";
import type { UserId } from "../core/lib/id.ts";
import { isIpv4 } from "../core/lib/ip-address.ts";
import { demoCallsMax } from "../core/lib/limits.ts";
import { setPresence } from "../core/routing/agent-commands.ts";
import type { AgentPlan } from "../telephony/robots/agent.ts";
import { between, fraction } from "../telephony/robots/draw.ts";
import { type RobotAgent, type RobotDesk, Robots } from "../telephony/robots/robots.ts";
import { Traffic } from "../telephony/robots/traffic.ts";
import { defaultRealm } from "../telephony/start.ts";
import { endpoint } from "./addresses.ts";
import { ConfigError } from "./config.ts";
import type { OpenNode } from "./node.ts";
import { newPhoneSecret, openHa1 } from "./phone-secret.ts";
import { machineActor, type RunningNode } from "./wire.ts";

/** Below the ports that the kernel hands out, beside those of the node. */
const rtpPorts: readonly [number, number] = [30_000, 31_999];
/** With these about every third agent is away, and somebody has to wait now and then. */
const breakChance = 0.35;
const breakMs = [90_000, 270_000] as const;

/** Loads the demo if it is not there, and sets its robots to work; resolves to how to stop them. @throws ConfigError about --sip */
export async function startDemo(node: OpenNode, running: RunningNode): Promise<() => Promise<void>> {
  const { app, env, config } = node;
  const server = { address: robotsReach(config.sip), port: running.sipPorts[0]! };
  if (!(await hasDemo(app))) {
    await loadDemo(app, machineActor(node), (username) => newPhoneSecret(env.random, node.keys, username));
    env.log.info("demo loaded");
  }
  await running.directory.load();
  const robots = await Robots.open({
    env,
    server,
    addresses: { callers: demoCallersAddress, agents: demoAgentsAddress },
    rtpPorts,
    realm: defaultRealm,
    agents: await robotAgents(node),
    desk: robotDesk(node),
    planAgent: () => drawAgent(node),
    answered: () => undefined,
  });
  const others = new OtherCalls(running.directory.current.trunks.find(isDemo)?.id ?? null);
  const traffic = new Traffic({
    env,
    lines: demoLines,
    callers: { names: demoCallers, prefix: demoCallerPrefix, digits: demoCallerDigits },
    mayCall: () => others.count === 0 && robots.callsUp < demoCallsMax,
    call: (plan) => void robots.call(plan),
  });
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    unsubscribe();
    traffic.stop();
    stopping ??= robots.stop().finally(() => {
      running.robotCalls = () => null;
    });
    return stopping;
  };
  const unsubscribe = running.web.subscribe((event) => {
    others.onLogged(event);
    if (event.type !== "telephony.trunk.deleted") return;
    hasDemo(app)
      .then((isThere) => (isThere ? undefined : stop()))
      .catch((error: unknown) => env.log.warn("robots not stopped", { reason: String(error) }));
  });
  robots
    .startAgents()
    .then(() => traffic.start())
    .catch((error: unknown) => env.log.error("robots did not start", { reason: String(error) }));
  env.log.info("robots at work", { calls: demoCallsMax, sip: `${server.address}:${server.port}` });
  running.robotCalls = () => robots.callsUp;
  return stop;
}

/** Where robots reach the node: loopback when it listens everywhere. @throws ConfigError */
export function robotsReach(sip: string): string {
  const { address } = endpoint(sip);
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  if (!isIpv4(address)) throw new ConfigError(`sip: robots call over IPv4 on this machine; use --sip 0.0.0.0:5060 in place of ${sip}`);
  return address;
}

/** Their phones' secrets were never kept: what proves a phone is what the registrar compares with. */
export async function robotAgents(node: OpenNode): Promise<readonly RobotAgent[]> {
  return (await demoAgents(node.app)).flatMap(({ user, phone }): RobotAgent[] => {
    const ha1 = phone.sealedHa1 === null ? null : openHa1(node.keys, phone.username, phone.sealedHa1);
    return ha1 === null ? [] : [{ userId: user.id, secret: { username: phone.username, ha1 } }];
  });
}

/** What an agent's page does, by the same commands and in the agent's own name. */
export function robotDesk({ app, env }: OpenNode): RobotDesk {
  const as = async <T>(userId: UserId, act: (actor: ReturnType<typeof userActor>) => Promise<T>): Promise<void> => {
    const user = await app.stores.users.byId(userId);
    // Wiped meanwhile: there is nobody to act for.
    if (user !== null) await act(userActor(user));
  };
  return {
    setPresence: (userId, presence) => as(userId, (actor) => setPresence(app, actor, userId, presence)),
    wrapUp: (userId) => as(userId, (actor) => wrapUpOpenWork(app, actor, fraction(env.random))),
  };
}

function drawAgent({ env: { random } }: OpenNode): AgentPlan {
  return {
    answerMs: between(random, [1_200, 6_000]),
    // Now and then it is the agent who hangs up.
    talkMs: between(random, [45_000, 150_000]),
    wrapUpMs: between(random, [6_000, 26_000]),
    breakMs: fraction(random) < breakChance ? between(random, breakMs) : null,
  };
}
