// What agents do for themselves: presence and On Queue, and wrap-up.
import { type App, newEvent } from "../app.ts";
import { type Actor, can, demand, found } from "../authorization/actor.ts";
import type { EventDraft } from "../events/index.ts";
import { BadInput, Conflict, NotFound } from "../lib/errors.ts";
import { isId, type ParticipantId, type UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import { type AfterCallWork, type AgentState, type RoutingStatus, type SystemPresence, systemPresences } from "./agent.ts";
import { freeAgent } from "./free-agent.ts";
import { wrapupCodesOf } from "./queries.ts";
import { wrapupTimeoutCode } from "./queue.ts";

/**
 * Sets a presence: one of the system's by its name, or one of the organization's own by its id. On Queue makes ready and ends Not
 * Responding. What is in hand stays in hand. @throws Forbidden · NotFound · BadInput when there is no such presence
 */
export async function setPresence(app: App, actor: Actor, userId: UserId, wanted: string): Promise<AgentState> {
  // Whoever runs the queues may set it for others.
  if (actor.userId !== userId && !can(actor, "routing:queueMember:manage")) demand(actor, "directory:user:edit");
  demand(actor, "presence:userPresence:edit");
  const { value } = await app.unit.run(async (stores) => {
    found(actor, "user with this id", await stores.users.byId(userId));
    const agent = await stores.agents.lock(userId);
    if (agent === null) throw new NotFound("agent with this user id");
    return changePresence(app, actor, stores, agent, await presenceOf(app, stores, wanted));
  });
  return value;
}

/** Within another command's transaction; `before` is locked. */
export async function changePresence(
  app: App,
  actor: Actor,
  stores: Stores,
  before: AgentState,
  { system: presence, definitionId: presenceDefinitionId }: { readonly system: SystemPresence; readonly definitionId: string | null },
): Promise<{ readonly value: AgentState; readonly events: readonly EventDraft[] }> {
  const { userId } = before;
  const routingStatus = statusWith(before, presence);
  const unchanged =
    before.presence === presence && before.presenceDefinitionId === presenceDefinitionId && before.routingStatus === routingStatus;
  if (unchanged) return { value: before, events: [] };
  const at = app.env.clock.now();
  await stores.agents.setPresence(userId, { system: presence, definitionId: presenceDefinitionId }, routingStatus, at);
  const event = newEvent(app, {
    type: "user.presence.set",
    actorId: actor.id,
    subjectIds: [userId],
    divisionId: before.divisionId,
    payload: {
      userId,
      presence,
      presenceDefinitionId,
      routingStatus,
      at,
      before: { presence: before.presence, presenceDefinitionId: before.presenceDefinitionId, routingStatus: before.routingStatus },
    },
  });
  return { value: { ...before, presence, presenceDefinitionId, presenceAt: at, routingStatus, routingStatusAt: at }, events: [event] };
}

async function presenceOf(
  app: App,
  stores: Stores,
  wanted: string,
): Promise<{ readonly system: SystemPresence; readonly definitionId: string | null }> {
  const system = systemPresences.find((presence) => presence === wanted);
  if (system !== undefined) return { system, definitionId: null };
  const own = isId(wanted) ? await stores.presences.byId(wanted) : null;
  if (own?.organizationId === app.organizationId) return { system: own.systemPresence, definitionId: own.id };
  throw new BadInput(`There is no such presence. One of ${systemPresences.join(", ")}, or the id of one of yours.`, "presence");
}

function statusWith(agent: AgentState, presence: SystemPresence): RoutingStatus {
  if (agent.inHand.kind === "conversation" || agent.inHand.kind === "after-call-work") return agent.routingStatus;
  return presence === "ON_QUEUE" ? "IDLE" : "OFF_QUEUE";
}

/**
 * Sets the wrap-up code of the agent's own part in a conversation; ends after-call work when that is running and its time is not forced. A
 * code may be chosen during the call already. @throws BadInput unknown code · Conflict when after-call work is over
 */
export async function wrapUp(app: App, actor: Actor, participantId: ParticipantId, code: string): Promise<void> {
  demand(actor, "conversation:wrapup:edit");
  await app.unit.run(async (stores) => {
    const participant = await stores.conversations.participant(participantId);
    if (participant === null || participant.userId === null || participant.userId !== actor.userId || participant.queueId === null) {
      throw new NotFound("conversation of yours with this participant");
    }
    const codes = await wrapupCodesOf(stores, participant.queueId);
    if (!codes.some((entry) => entry.name === code)) {
      throw new BadInput(
        `“${code}” is not a wrap-up code of this queue. Choose one of: ${codes.map((entry) => entry.name).join(", ")}.`,
        "code",
      );
    }
    const work = await stores.agents.afterCallWork(participantId);
    if (work !== null && work.endedAt !== null) throw new Conflict("After-call work is over; its code was set already.", "wrapup.ended");
    await stores.conversations.setWrapup(participantId, code);
    const events: EventDraft[] = [
      newEvent(app, {
        type: "conversation.wrapup.set",
        actorId: actor.id,
        subjectIds: [participant.conversationId, participantId],
        seal: { kind: "conversation", id: participant.conversationId },
        payload: { participantId, code },
      }),
    ];
    const queue = await stores.queues.byId(participant.queueId);
    // A forced time lasts exactly as long as it is (D8): the code is kept, the agent stays.
    const endsWithCode = queue?.acwWrapupPrompt !== "MANDATORY_FORCED_TIMEOUT";
    if (work !== null && endsWithCode) events.push(...(await endWork(app, stores, work, code, "agent", actor.id)));
    return { value: undefined, events };
  });
}

/** Ends after-call work whose time is up. Any node may; each ends once. Returns how many. */
export async function endDueAfterCallWork(app: App): Promise<number> {
  const due = await app.stores.agents.dueAfterCallWork(app.env.clock.now(), 100);
  for (const work of due) {
    await app.unit.run(async (stores) => {
      const participant = await stores.conversations.participant(work.participantId);
      const code = participant?.wrapupCode ?? wrapupTimeoutCode;
      if (participant?.wrapupCode == null) await stores.conversations.setWrapup(work.participantId, code);
      return { value: undefined, events: await endWork(app, stores, work, code, "timeout", app.nodeId) };
    });
  }
  return due.length;
}

async function endWork(
  app: App,
  stores: Stores,
  work: AfterCallWork,
  wrapupCode: string,
  by: "agent" | "timeout",
  actorId: string,
): Promise<EventDraft[]> {
  const at = app.env.clock.now();
  if (!(await stores.agents.endAfterCallWork(work.participantId, at, wrapupCode))) return [];
  await stores.conversations.endSegment(work.participantId, at);
  await freeAgent(stores, work.userId, { kind: "after-call-work", id: work.participantId }, { at });
  const { participantId, userId, queueId, conversationId } = work;
  return [
    newEvent(app, {
      type: "routing.acw.ended",
      actorId,
      subjectIds: [conversationId, userId, queueId],
      seal: { kind: "conversation", id: conversationId },
      payload: { participantId, userId, queueId, wrapupCode, by, at },
    }),
  ];
}
