// What a leg is told at its birth: what is spoken with its device, whether encrypted, and where its voice may go.
import type { CallOrigin, TelephonyDirectory } from "../core/call/call-control.ts";
import type { Env } from "../core/env/env.ts";
import type { LegId, TrunkId } from "../core/lib/id.ts";
import { normalAddress } from "../core/lib/ip-address.ts";
import type { MediaEncryption } from "../core/lib/media-encryption.ts";
import { mayReceiveMedia } from "./egress.ts";
import type { LegFacts } from "./leg.ts";
import { type Codec, narrowCodecs } from "./sdp/codecs.ts";
import type { Local } from "./sdp/offer-answer.ts";
import type { Flow } from "./sip/transport/flow.ts";

/** A call for help goes on without encryption where there is no other way: it is said, and it is heard. */
export function encryptionOf(
  directory: TelephonyDirectory,
  origin: Exclude<CallOrigin, { kind: "guest" }>,
  isForHelp: boolean,
): MediaEncryption {
  const encryption = directory.mediaEncryption(origin.kind === "trunk" ? origin.trunkId : origin.stationId);
  return encryption === "required" && isForHelp ? "optional" : encryption;
}

/** Best first. */
export function codecsOfTrunk(directory: TelephonyDirectory, trunkId: TrunkId): readonly Codec[] {
  return directory.trunkManner(trunkId)?.codecs ?? narrowCodecs;
}

/** `addresses`: our own, public ones first. */
export function factsOf(
  { env, addresses }: { readonly env: Env; readonly addresses: readonly string[] },
  legId: LegId,
  side: LegFacts["side"],
  device: Local["kind"],
  flow: Flow,
  encryption: MediaEncryption,
  codecs: readonly Codec[],
): LegFacts {
  const bytes = env.random.bytes(4);
  const sessionId = ((bytes[0]! & 0x7f) << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  const mayReach = (address: string): boolean => mayReceiveMedia(address, flow.remote.address, addresses);
  const isNear = (host: string): boolean =>
    [flow.remote.address, flow.local.address, ...addresses].map(normalAddress).includes(normalAddress(host));
  return { legId, side, device, encryption, codecs, sessionId, silenceMs: null, mayReach, isNear };
}
