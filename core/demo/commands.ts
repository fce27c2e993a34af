// Puts the demo centre beside whatever is there, and takes it away again. Both through the commands that everybody uses, so both are in the log.

import type { App } from "../app.ts";
import { flowKind, ivrKind } from "../architect/kinds.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import { type Applied, applyCentre } from "../centre/apply.ts";
import { setUserSkills } from "../directory/commands.ts";
import { userKind } from "../directory/kinds.ts";
import type { User } from "../directory/user.ts";
import { pause } from "../env/pause.ts";
import { Conflict } from "../lib/errors.ts";
import type { UserId } from "../lib/id.ts";
import { demoDrainMs, demoDrainPollMs } from "../lib/limits.ts";
import { deleteObject } from "../objects/commands.ts";
import type { ConfiguredObject, ObjectKind } from "../objects/object.ts";
import { setPresence, wrapUp } from "../routing/agent-commands.ts";
import { setQueueMember } from "../routing/commands.ts";
import { queueKind, skillKind, wrapupCodeKind } from "../routing/kinds.ts";
import { wrapupCodesOf } from "../routing/queries.ts";
import type { PhoneSecret } from "../telephony/commands.ts";
import { conferenceRoomKind, stationKind, trunkKind } from "../telephony/kinds.ts";
import type { Station } from "../telephony/telephony.ts";
import { demoCallersAddress, demoCentre } from "./centre.ts";
import { demoMailDomain, isDemo } from "./mark.ts";

/** Whether the demo is there. Its trunk is made last and taken away first. */
export async function hasDemo(app: App): Promise<boolean> {
  return (await app.stores.trunks.all(app.organizationId)).some((trunk) => isDemo(trunk) && trunk.addresses.includes(demoCallersAddress));
}

/** Makes what is missing of the demo; a second time changes nothing. @throws Forbidden · BadInput */
export function loadDemo(app: App, actor: Actor, newPhoneSecret: (username: string) => PhoneSecret): Promise<Applied> {
  return applyCentre(app, actor, demoCentre(), newPhoneSecret);
}

/** The demo's people with the phones that ring for them, by name. */
export async function demoAgents(app: App): Promise<readonly { readonly user: User; readonly phone: Station }[]> {
  const [people, stations] = await Promise.all([demoPeople(app), app.stores.stations.all(app.organizationId)]);
  return people.flatMap((user) => {
    const phone = stations.find((station) => station.id === user.stationId && station.kind === "phone");
    return phone === undefined ? [] : [{ user, phone }];
  });
}

/**
 * Takes away every object and every person of the demo, and says what. Conversations, recordings and events stay: they have happened. Robots
 * of a running node stop when the trunk goes; calls are given a moment to end. @throws Forbidden · Conflict when something of your own uses an
 * object of the demo, or calls do not end
 */
export async function wipeDemo(app: App, actor: Actor): Promise<readonly string[]> {
  demand(actor, "telephony:plugin:all");
  const gone: string[] = [];
  const { stores, organizationId } = app;
  const remove = async <Row extends ConfiguredObject & Settings, Settings extends { readonly name: string }>(
    kind: ObjectKind<Row, Settings>,
    which: (row: Row) => boolean = isDemo,
  ): Promise<void> => {
    for (const row of (await kind.store(stores).all(organizationId)).filter(which)) {
      await deleteObject(app, actor, kind, row.id);
      gone.push(`${kind.noun} ${row.name}`);
    }
  };
  // From here on nobody gets in.
  await remove(trunkKind);
  await remove(ivrKind);
  await remove(conferenceRoomKind);
  const people = await demoPeople(app);
  for (const { id } of people) await setPresence(app, actor, id, "OFFLINE");
  await untilNobodyTalks(app, people);
  await remove(flowKind, (flow) => isDemo(flow) && flow.type === "INBOUNDCALL");
  await remove(flowKind);
  for (const user of people) {
    for (const { queueId } of await stores.queues.queuesOf(user.id)) await setQueueMember(app, actor, queueId, user.id, null);
    await setUserSkills(app, actor, user.id, []);
  }
  for (const queue of (await stores.queues.all(organizationId)).filter(isDemo))
    for (const { userId } of await stores.queues.members(queue.id)) await setQueueMember(app, actor, queue.id, userId, null);
  await remove(queueKind);
  const theirs = new Set<string>(people.map(({ id }) => id));
  await remove(userKind, ({ id }) => theirs.has(id));
  await remove(stationKind, ({ userId }) => userId !== null && theirs.has(userId));
  await remove(skillKind);
  await remove(wrapupCodeKind);
  return gone;
}

/** Sets a code of the queue for the after-call work that somebody has open; `draw`, 0 ≤ x < 1, chooses it. */
export async function wrapUpOpenWork(app: App, actor: Actor & { readonly userId: UserId }, draw: number): Promise<void> {
  const work = await app.stores.agents.openAfterCallWorkOf(actor.userId);
  const codes = work === null ? [] : await wrapupCodesOf(app.stores, work.queueId);
  const code = codes[Math.floor(draw * codes.length)];
  if (work !== null && code !== undefined) await wrapUp(app, actor, work.participantId, code.name);
}

async function demoPeople(app: App): Promise<readonly User[]> {
  return (await app.stores.users.all(app.organizationId)).filter(({ email }) => email.endsWith(`@${demoMailDomain}`));
}

/** @throws Conflict */
async function untilNobodyTalks(app: App, people: readonly User[]): Promise<void> {
  const { stores, env } = app;
  const until = env.clock.monotonic() + demoDrainMs;
  for (;;) {
    const agents = await Promise.all(people.map(({ id }) => stores.agents.byUser(id)));
    const busy = agents.filter((agent) => agent?.inHand.kind === "alert" || agent?.inHand.kind === "conversation").length;
    const queues = (await stores.queues.all(app.organizationId)).filter(isDemo);
    const waiting = (await Promise.all(queues.map(({ id }) => stores.waiting.ofQueue(id)))).flat().length;
    if (busy + waiting === 0) return;
    if (env.clock.monotonic() >= until) {
      throw new Conflict("Calls are still up in the demo's queues. Let them end, or stop the node, and wipe again.", "demo.in.use");
    }
    await pause(env.clock, demoDrainPollMs);
  }
}
