// Calls for help, as those read them who are to know at once.
import { type App, newEvent } from "../app.ts";
import { type Actor, found } from "../authorization/actor.ts";
import type { ConversationId, DivisionId, OrganizationId, UserId } from "../lib/id.ts";

export type HelpCall = {
  readonly conversationId: ConversationId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly at: number;
  readonly userId: UserId | null;
  /** Of whoever calls. */
  readonly name: string;
  /** What was dialled, and under which number those who answer can call back. */
  readonly number: string;
  readonly callback: string;
  /** The site's address, floor and room. */
  readonly place: string;
  /** Who is to know and has not said that they do. */
  readonly waitingFor: readonly UserId[];
};

/** Somebody says that they know; it is an event. @throws NotFound when nothing waits for them */
export async function knowOfHelpCall(app: App, actor: Actor, conversationId: ConversationId): Promise<void> {
  await app.unit.run(async (stores) => {
    const { userId } = actor;
    const mine = userId === null ? [] : await stores.helpCalls.waitingFor(userId);
    found(actor, "call for help that waits for you", mine.find((call) => call.conversationId === conversationId) ?? null);
    await stores.helpCalls.know(conversationId, userId!);
    const payload = { conversationId, userId };
    const told = newEvent(app, {
      type: "telephony.emergency.known",
      actorId: actor.id,
      subjectIds: [conversationId, userId!],
      seal: { kind: "conversation", id: conversationId },
      payload,
    });
    return { value: undefined, events: [told] };
  });
}
