// What the exchange and telephony share of the configuration: trunks, stations, DIDs and IVRs.
import type { ConferenceRoomId, FlowId, SiteId, StationId, TrunkId, UserId } from "../lib/id.ts";
import type { MediaEncryption } from "../lib/media-encryption.ts";
import type { ConfiguredObject } from "../objects/object.ts";
import type { CivicAddress } from "./civic-address.ts";
import type { ExtensionOrder, ExtensionRange } from "./extension-range.ts";
import type { NumberFormat, PlanRule } from "./number-plan.ts";

export const trunkTransports = ["UDP", "TCP", "TLS"] as const;
export const callerIdPresentations = ["user", "trunk", "withhold"] as const;
/** Where a carrier reads who calls: RFC 3325, what came before it, or From alone. */
export const callerIdHeaders = ["P-Asserted-Identity", "Remote-Party-ID", "From"] as const;
export const trunkCodecs = ["PCMA", "PCMU", "G722", "OPUS"] as const;
export const redirectPolicies = ["refuse", "follow"] as const;
/** How a carrier is told who has forwarded a call: not, by RFC 5806, or by RFC 7044. */
export const diversionHeaders = ["none", "Diversion", "History-Info"] as const;
/** How a carrier is told where help is to be sent: not, or as a document in the call (RFC 6442, location by value). */
export const geolocations = ["none", "pidf-lo"] as const;
/** What becomes of a call that a phone sends on by itself (302). */
export const forwardings = ["refuse", "inside", "outside"] as const;

/** A carrier or PBX: who may call in, known by its source addresses, and how calls leave by it. */
export type Trunk = ConfiguredObject & {
  readonly id: TrunkId;
  /** Literal IPv4 or IPv6 addresses, exact; beside them, what its next hops resolve to. */
  readonly addresses: readonly string[];
  /** Next hops in order of preference, `host` or `host:port`; none: calls only come in. */
  readonly proxies: readonly string[];
  /** Of the account that the carrier has given us, as in its URI; empty: we are known by our address. */
  readonly username: string;
  /** The host part of the account's URI; empty: the first next hop's. */
  readonly domain: string;
  /** Sealed with the key file; null: none. */
  readonly sealedPassword: string | null;
  /** Whether we tell the carrier where we are (RFC 3261 §10): it has no address of ours. */
  readonly registers: boolean;
  /** Whether next hops are asked by OPTIONS whether they live. */
  readonly heartbeat: boolean;
  readonly transport: (typeof trunkTransports)[number];
  /** Of voice. Its keys stand in the descriptions: who reads the signalling has them. */
  readonly mediaEncryption: MediaEncryption;
  /** Whether whoever calls in from its addresses is taken for it only by TLS and with its certificate. */
  readonly demandsCertificate: boolean;
  /** Who vouches for the carrier's certificate in both directions, PEM; empty: for next hops, whomever this machine trusts. */
  readonly peerIssuers: string;
  /** DNS names or SHA-256 fingerprints that the certificate shown to us may have; none: any of its issuers'. */
  readonly peerNames: readonly string[];
  /** What we show where the carrier asks for a certificate, PEM; null: nothing. */
  readonly certificate: string | null;
  /** Its private key, sealed with the key file. */
  readonly sealedKey: string | null;
  /** From which template it began (trunk-template.ts); empty: from none. */
  readonly template: string;
  readonly numberFormat: NumberFormat;
  /** As the carrier tells numbers: who calls, and who is called. */
  readonly incomingFormat: NumberFormat;
  readonly callerIdHeader: (typeof callerIdHeaders)[number];
  /** What is offered, and taken, best first. */
  readonly codecs: readonly (typeof trunkCodecs)[number][];
  /** Whether our calls ask for session timers (RFC 4028); the carrier's wish is obeyed either way. */
  readonly sessionTimers: boolean;
  /** What becomes of a 3xx of the carrier's. */
  readonly redirects: (typeof redirectPolicies)[number];
  /** How often one call is sent on. */
  readonly redirectsMax: number;
  readonly diversion: (typeof diversionHeaders)[number];
  /** Of calls for help only. */
  readonly geolocation: (typeof geolocations)[number];
  /** `user`: the person's direct number, else the trunk's; `trunk`: always its own; `withhold`: none. */
  readonly callerIdPresentation: (typeof callerIdPresentations)[number];
  /** E.164; null: the site's. */
  readonly callerId: string | null;
  /** At once, in both directions together; a call for help ends another one where all are taken. Null: as many as the node has. */
  readonly channelsMax: number | null;
  /** Extensions that live on the PBX at its other end, which makes it a tie line; none: a carrier. */
  readonly extensionRanges: readonly ExtensionRange[];
  /** Who is asked first for one that somebody has here, too. */
  readonly extensionsFirst: ExtensionOrder;
};

/** A place with its own dial plan: what numbers mean there, by which trunks they leave, and where help is sent. */
export type Site = ConfiguredObject & {
  readonly id: SiteId;
  /** ISO 3166-1 alpha-2: how numbers are read, and which ones call for help. */
  readonly country: string;
  /** Where help is sent (RFC 5139's civic address as people write it). */
  readonly address: string;
  /** The same in its parts, as a carrier reads it; null: not said. */
  readonly civic: CivicAddress | null;
  /** `address/length`: whose browsers are here, wherever their station is. */
  readonly networks: readonly string[];
  /** Dialled before a number outside; empty: none. */
  readonly outsidePrefix: string;
  /** What is shown, and called back, when a person has no direct number. E.164. */
  readonly callerId: string | null;
  readonly callerName: string;
  /** By which trunks help is called, in this order. */
  readonly emergencyTrunkIds: readonly TrunkId[];
  /** Who is told at once when somebody calls for help. */
  readonly emergencyContactIds: readonly UserId[];
};

/** One rule of a site's dial plan; the lower priority is tried first. */
export type NumberPlan = ConfiguredObject & PlanRule & { readonly siteId: SiteId; readonly priority: number };

export const distributions = ["SEQUENTIAL", "RANDOM"] as const;

/** By which trunks numbers of some classifications leave a site. */
export type OutboundRoute = ConfiguredObject & {
  readonly siteId: SiteId;
  readonly classifications: readonly string[];
  readonly distribution: (typeof distributions)[number];
  readonly trunkIds: readonly TrunkId[];
  readonly enabled: boolean;
};

export type Station = ConfiguredObject & {
  readonly id: StationId;
  readonly kind: "browser" | "phone";
  readonly userId: UserId | null;
  /** User part of its address of record. */
  readonly username: string;
  /** Where a phone always is that does not register: `address` or `address:port`; empty: it registers. */
  readonly address: string;
  /** Where it stands; null: the organization's first site. */
  readonly siteId: SiteId | null;
  /** Floor and room, for whoever is sent to help. */
  readonly location: string;
  /** Where it stands, where that is not at its site; null: it is. */
  readonly civic: CivicAddress | null;
  /** Of a phone's voice; a browser's is encrypted always. */
  readonly mediaEncryption: MediaEncryption;
  /** `inside`: to people, rooms and extensions here; `outside`: beyond them, too, with its person's rights to dial. */
  readonly forwarding: (typeof forwardings)[number];
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

export const roomCallers = ["people", "everybody"] as const;

/** Where people meet by dialling a number. */
export type ConferenceRoom = ConfiguredObject & {
  readonly id: ConferenceRoomId;
  /** As dialled, or in E.164 with a leading +. */
  readonly number: string;
  /** `people`: whoever calls from a station of ours or an extension of a tie line's; `everybody`: who calls in from outside, too. */
  readonly callers: (typeof roomCallers)[number];
  /** At once. */
  readonly participantsMax: number;
};

/** Numbers that a carrier has given us, from the first to the last. */
export type DidPool = ConfiguredObject & { readonly startPhoneNumber: string; readonly endPhoneNumber: string };
