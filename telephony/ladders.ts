// Which messages are of which leg and conversation, by Call-ID: written into its ladder, and stamped with its Session-ID (RFC 7989).
import type { Env } from "../core/env/env.ts";
import type { Conversation, Leg } from "./hosted.ts";
import { newSessionId, sessionIdHeader, sessionIdOf } from "./session-id.ts";
import { type Draft, headerValue } from "./sip/message/message.ts";
import type { Ladder } from "./sip/trace.ts";
import type { Observe } from "./sip/transport/layer.ts";

export class Ladders {
  private readonly byCallId = new Map<string, Conversation>();
  private readonly legByCallId = new Map<string, Leg>();
  /** The messages of an INVITE that has just come in, until its conversation is known. */
  private unclaimed: { readonly callId: string; readonly entries: Parameters<Ladder["add"]>[] } = { callId: "", entries: [] };

  constructor(private readonly env: Env) {}

  readonly observe: Observe = (direction, flow, passing) => {
    const callId = passing.headers.find(({ key }) => key === "call-id")?.value ?? "";
    const leg = this.legByCallId.get(callId);
    if (leg !== undefined && direction === "in") {
      leg.peerSession = sessionIdOf(passing) ?? leg.peerSession;
      if (leg.peerSession !== null) leg.conversation.sessions.add(leg.peerSession);
    }
    const message = leg === undefined || direction === "in" ? passing : this.stamped(leg, passing);
    const entry: Parameters<Ladder["add"]> = [this.env.clock.now(), direction, flow, message];
    const conversation = this.byCallId.get(callId);
    if (conversation !== undefined) conversation.ladder.add(...entry);
    else if (message.kind === "request" && message.method === "INVITE" && direction === "in") this.unclaimed = { callId, entries: [entry] };
    else if (callId === this.unclaimed.callId && this.unclaimed.entries.length < 4) this.unclaimed.entries.push(entry);
    return message;
  };

  /** Who is at the other end goes by one name on both legs (RFC 7989 §6); where nobody is yet, or several are, it is ours. */
  private stamped(leg: Leg, message: Draft): Draft {
    const { conversation, partner } = leg;
    const [first, second] = conversation.legs;
    const other = partner ?? (conversation.legs.size === 2 ? (leg === first ? second : first) : leg.dial === null ? null : first);
    // Whoever has just left is the last whom it talked to.
    if (other != null && other !== leg) leg.otherSession = this.peerSessionOf(other);
    const local = leg.otherSession ?? conversation.session;
    conversation.sessions.add(local);
    return { ...message, headers: [...message.headers, sessionIdHeader(local, leg.peerSession)] };
  }

  /** A device that knows nothing of it gets a name all the same (§7). */
  private peerSessionOf(leg: Leg): string {
    leg.peerSession ??= newSessionId(this.env.random);
    return leg.peerSession;
  }

  /** Of whom a message is; each null: of none that is up. */
  ownersOf(message: Draft): { readonly leg: Leg | null; readonly conversation: Conversation | null } {
    const callId = headerValue(message, "call-id") ?? "";
    return { leg: this.legByCallId.get(callId) ?? null, conversation: this.byCallId.get(callId) ?? null };
  }

  /** From now on what goes by this Call-ID is of the conversation, also what has just come. */
  claim(conversation: Conversation, callId: string): void {
    conversation.callIds.add(callId);
    this.byCallId.set(callId, conversation);
    if (this.unclaimed.callId !== callId) return;
    for (const entry of this.unclaimed.entries) conversation.ladder.add(...entry);
    this.unclaimed = { callId: "", entries: [] };
  }

  /** And of this leg of it. */
  name(leg: Leg, callId: string): void {
    leg.callIds.add(callId);
    this.legByCallId.set(callId, leg);
  }

  dropLeg(leg: Leg): void {
    for (const callId of leg.callIds) this.legByCallId.delete(callId);
  }

  drop(conversation: Conversation): void {
    for (const callId of conversation.callIds) if (this.byCallId.get(callId) === conversation) this.byCallId.delete(callId);
  }
}
