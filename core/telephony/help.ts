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
  /** The name of whoever has said that they see to it; empty: nobody yet. */
  readonly seenBy: string;
};

/**
 * Somebody says that they know, or that they see to it, which the others read; it is an event. @throws NotFound when nothing waits for them
 */
export async function knowOfHelpCall(app: App, actor: Actor, conversationId: ConversationId, wantsTo: "know" | "see-to"): Promise<void> {
  await app.unit.run(async (stores) => {
    const { userId } = actor;
    const mine = userId === null ? [] : await stores.helpCalls.waitingFor(userId);
    const call = found(actor, "call for help that waits for you", mine.find((one) => one.conversationId === conversationId) ?? null);
    await stores.helpCalls.know(conversationId, userId!);
    const seesTo = wantsTo === "see-to" && (await stores.helpCalls.seeTo(conversationId, actor.name));
    const payload = { conversationId, userId, seesTo };
    const told = newEvent(app, {
      type: "telephony.emergency.known",
      actorId: actor.id,
      // Whoever still waits for it reads on their pages who sees to it.
      subjectIds: [conversationId, userId!, ...call.waitingFor.filter((id) => id !== userId)],
      seal: { kind: "conversation", id: conversationId },
      payload,
    });
    return { value: undefined, events: [told] };
  });
}
