// What the exchange and telephony share of the configuration: trunks, stations, DIDs and IVRs.
import type { DivisionId, FlowId, OrganizationId, StationId, TrunkId, UserId } from "../lib/id.ts";

/** A carrier or PBX that may call in, known by its source addresses. */
export type Trunk = {
  readonly id: TrunkId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  /** Literal IPv4 or IPv6 addresses, exact. */
  readonly addresses: readonly string[];
  readonly eventSeq: number | null;
};

export type Station = {
  readonly id: StationId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  readonly kind: "browser" | "phone";
  readonly userId: UserId | null;
  /** User part of its address of record. */
  readonly username: string;
  /** HA1 of a phone's generated secret, sealed with the vault's key; null for browsers. */
  readonly sealedHa1: string | null;
  readonly eventSeq: number | null;
};

/** Numbers that lead to a flow. */
export type Ivr = {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  /** As dialled, or in E.164 with a leading +. */
  readonly dnis: readonly string[];
  readonly flowId: FlowId;
  readonly eventSeq: number | null;
};

/** A flow's published version; `document` is parsed by core/architect/document.ts. */
export type FlowRecord = {
  readonly id: FlowId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  readonly type: "INBOUNDCALL" | "INQUEUECALL";
  readonly version: number;
  readonly document: unknown;
  readonly eventSeq: number | null;
};
