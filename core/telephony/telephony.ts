// What the exchange and telephony share of the configuration: trunks, stations, DIDs and IVRs.
import type { FlowId, StationId, TrunkId, UserId } from "../lib/id.ts";
import type { ConfiguredObject } from "../objects/object.ts";

/** A carrier or PBX that may call in, known by its source addresses. */
export type Trunk = ConfiguredObject & {
  readonly id: TrunkId;
  /** Literal IPv4 or IPv6 addresses, exact. */
  readonly addresses: readonly string[];
};

export type Station = ConfiguredObject & {
  readonly id: StationId;
  readonly kind: "browser" | "phone";
  readonly userId: UserId | null;
  /** User part of its address of record. */
  readonly username: string;
  /** HA1 of a phone's generated secret, sealed with the vault's key; null for browsers. */
  readonly sealedHa1: string | null;
};

/** Numbers that lead to a flow. */
export type Ivr = ConfiguredObject & {
  /** As dialled, or in E.164 with a leading +. */
  readonly dnis: readonly string[];
  readonly flowId: FlowId;
};

/** A flow's published version; `document` is parsed by core/architect/document.ts. */
export type FlowRecord = ConfiguredObject & {
  readonly id: FlowId;
  readonly type: "INBOUNDCALL" | "INQUEUECALL";
  readonly document: unknown;
};

/** Numbers that a carrier has given us, from the first to the last. */
export type DidPool = ConfiguredObject & { readonly startPhoneNumber: string; readonly endPhoneNumber: string };
