// The ladder of a conversation: as it was kept at its end, or as far as it has come on this node.
import type { LadderEntry } from "../../../core/call/call-control.ts";
import { type ConversationView, ladderOf } from "../../../core/conversation/queries.ts";
import type { WebPorts } from "../../ports.ts";

/** Redacted; empty when nothing is known, or it is erased. For whoever may read it: `analytics:conversationDetail:view`. */
export function ladderSoFar(ports: WebPorts, { events, conversation }: ConversationView): readonly LadderEntry[] {
  const kept = ladderOf(events, (gzip) => ports.vault.decompress(gzip));
  return kept.length > 0 || events.some(({ type }) => type === "conversation.ladder.kept") ? kept : ports.ladder(conversation.id);
}
