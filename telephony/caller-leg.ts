// How a caller's leg begins: what its INVITE offers, and whether that can be answered.
import type { CallOrigin, TelephonyDirectory } from "../core/call/call-control.ts";
import type { Env } from "../core/env/env.ts";
import type { LegId } from "../core/lib/id.ts";
import type { Step } from "../core/lib/machine.ts";
import { encryptionWarning } from "./cause.ts";
import { type LegFacts, type LegOutput, type LegState, startCaller } from "./leg.ts";
import { codecsOfTrunk, encryptionOf, factsOf } from "./leg-facts.ts";
import { wideCodecs } from "./sdp/codecs.ts";
import { readOffer, type Understood } from "./sdp/offer-answer.ts";
import type { Session } from "./sip/dialog/layer.ts";
import type { SipRequest } from "./sip/message/message.ts";

type Options = { readonly env: Env; readonly directory: TelephonyDirectory; readonly addresses: readonly string[] };

/** How a caller's leg begins; null: its offer cannot be answered, and it has been told. */
export function startOf(
  options: Options,
  session: Session,
  invite: SipRequest,
  origin: CallOrigin,
  legId: LegId,
  isForHelp: boolean,
): Step<LegState, LegOutput> | null {
  const kind = session.flow.transport === "ws" || session.flow.transport === "wss" ? "webrtc" : "rtp";
  const encryption = origin.kind === "guest" ? "disabled" : encryptionOf(options.directory, origin, isForHelp);
  const codecs = origin.kind === "trunk" ? codecsOfTrunk(options.directory, origin.trunkId) : wideCodecs;
  const facts = factsOf(options, legId, "caller", kind, session.flow, encryption, codecs);
  const offer = invite.body.length === 0 ? null : readOffer(invite.body, encryption, codecs);
  if (offer === null || isUsable(offer, facts)) return startCaller(facts, offer);
  const reason = offer.ok ? "no usable audio in the offer" : offer.reason;
  options.env.log.warn("call refused", { status: 488, reason, origin: origin.kind });
  session.send({ kind: "reject", status: 488, headers: [encryptionWarning(offer.ok ? undefined : offer.encryption)] });
  return null;
}

/** Whether a caller's offer is of the device's kind and leads where its voice may go. */
function isUsable(offer: ReturnType<typeof readOffer>, facts: LegFacts): offer is Understood {
  if (!offer.ok || offer.peer.kind !== facts.device) return false;
  return offer.peer.kind === "webrtc" || offer.peer.address === null || facts.mayReach(offer.peer.address);
}
