// What the life of one call is made of: its state, what changes it, what it wants done, and the words that its parts share.
import type { FlowInput, FlowOutput } from "../architect/action.ts";
import type { EndReason, SupervisionMode } from "../conversation/conversation.ts";
import type { ConversationEvents, ConversationEventType } from "../conversation/events.ts";
import type {
  AlertId,
  ConferenceRoomId,
  ConversationId,
  FlowId,
  LegId,
  ParticipantId,
  QueueId,
  RecordingId,
  SiteId,
  SkillId,
  StationId,
  TrunkId,
  UserId,
} from "../lib/id.ts";
import type { Step } from "../lib/machine.ts";
import type { RecordingPause } from "../recording/vault.ts";
import type { WrapupPrompt } from "../routing/queue.ts";
import type { CivicAddress } from "../telephony/civic-address.ts";
import type { NetworkFacts } from "../telephony/network-facts.ts";
import type { CallCommand, CallEvent, CallerIdentity, CallOrigin, Diversion, RejectReason } from "./call-control.ts";
import type { SoundChart } from "./sound-chart.ts";

export type CallState = {
  readonly conversationId: ConversationId;
  readonly caller: CallerIdentity;
  readonly called: string;
  /** What the carrier says of it beside, as participant data. */
  readonly told: Readonly<Record<string, string>>;
  /** Whoever the call is about: who called, or who stays when a transfer takes the caller away. */
  readonly customer: Customer;
  /** The flow that has the caller now; in-queue flows belong to `acd`. */
  readonly ivr: { readonly participantId: ParticipantId; readonly flowId: FlowId } | null;
  readonly acd: Acd | null;
  readonly alert: AlertInCall | null;
  readonly agent: AgentInCall | null;
  /** One party that the call is being put through to. */
  readonly dial: Dialling | null;
  /** The party that it was put through to. */
  readonly party: PartyInCall | null;
  /** Somebody whom the agent, or one of the two parties, asks while the other is on hold. */
  readonly consult: Consult | null;
  /** Who talks with the two, in the order in which they were brought in; empty: no conference. */
  readonly members: readonly MemberInCall[];
  /** Where they meet others who have called in as they have; null: it is a call of its own. */
  readonly room: RoomInCall | null;
  /** Who has put everybody else on hold. */
  readonly heldBy: readonly ParticipantId[];
  /** Who listens, and whether they are heard. They are no parties of the call. */
  readonly supervisors: readonly SupervisorInCall[];
  /** The one who called has left a conference: who stays belongs in no queue. */
  readonly callerLeft: boolean;
  readonly recording: { readonly recordingId: RecordingId } | null;
  /** Nothing is recorded now, nor will be when a recording begins. */
  readonly pause: PauseInCall | null;
  /** Those that are over. */
  readonly pauses: readonly RecordingPause[];
  /** Who hears music because somebody has put them on hold, and the play of it. */
  readonly music: ReadonlyMap<LegId, string>;
  /** Nobody took it: the tone that says so sounds, and then it ends for this reason. */
  readonly ending: EndReason | null;
  readonly ended: EndReason | null;
  readonly plays: number;
  /** Whose the legs were of those who have left: their last facts come after them. */
  readonly left: ReadonlyMap<LegId, ParticipantId>;
};

export type Customer = {
  readonly legId: LegId;
  readonly participantId: ParticipantId;
  /** One of ours, at a station of theirs; null: somebody outside. */
  readonly userId: UserId | null;
  readonly stationId: StationId | null;
  /** By which they came; null: not by one. */
  readonly trunkId: TrunkId | null;
  readonly up: boolean;
  readonly ended: boolean;
  /** As whom they were called, where the one who called has left; absent: they are the caller. */
  readonly callee?: Callee;
};

/** A way to a party: a device of ours, or a number by a trunk. `shown`: who the callee is told is calling; empty number: withheld. */
export type DialPath =
  | { readonly kind: "station"; readonly stationId: StationId; readonly shown: CallerIdentity }
  /** `hop`: which of the trunk's next hops. */
  | {
      readonly kind: "trunk";
      readonly trunkId: TrunkId;
      readonly hop: number;
      readonly number: string;
      readonly shown: CallerIdentity;
      readonly diversion?: Diversion;
      /** Of a call for help, by a trunk that wants it told. */
      readonly place?: CivicAddress;
      /** The same way as the one before, without its place: some refuse what they do not know. */
      readonly isAgain?: true;
    };

/** Where whoever calls for help is. `from`: what said it. */
export type Place = {
  readonly civic: CivicAddress | null;
  /** As somebody wrote it, with floor and room; where `civic` is not known. */
  readonly address: string;
  readonly from: "person" | "station" | "site";
};

/** One party to put a call through to. Paths are tried in order until one answers, or the party itself refuses. */
export type Callee = {
  readonly purpose: "user" | "external";
  readonly userId: UserId | null;
  /** As people write it: an extension, or E.164. */
  readonly number: string;
  readonly name: string;
  /** Of the number plan that the number fitted; null: an extension, here or on another PBX. */
  readonly classification: string | null;
  /** A call for help: no limit ends it and nobody's wish but the caller's. */
  readonly isEmergency: boolean;
  readonly paths: readonly [DialPath, ...DialPath[]];
  readonly ringMs: number;
  /** Of a number outside: whose right and limits it is dialled with. */
  readonly dialledBy?: { readonly userId: UserId; readonly stationId: StationId | null };
  /** Of a call for help, for those who are sent. */
  readonly place?: Place;
  /** It only tries how help would be called from that site. */
  readonly isHelpTestOf?: SiteId;
  /** Who has sent the call on to here, in order, each by person or number; absent: nobody. */
  readonly sentOn?: readonly string[];
  /** Who has the same extension elsewhere, and is called when this one is not to be found; null: nobody. */
  readonly otherwise: Callee | null;
};

export type Dialling = {
  readonly participantId: ParticipantId;
  readonly callee: Callee;
  readonly legId: LegId;
  /** Its index among the callee's paths. */
  readonly path: number;
  /** What the caller has been told: nothing yet, that it rings, or what the other side itself says. */
  readonly told: "nothing" | "ringing" | "early-media";
  /** The ringback that a caller hears who had been answered before. */
  readonly playId: string | null;
};

export type PartyInCall = {
  readonly participantId: ParticipantId;
  readonly callee: Callee;
  readonly legId: LegId;
  /** The path that worked. */
  readonly path: number;
};

/** Whoever comes from another call, connected. */
export type Guest = Pick<PartyInCall, "callee" | "legId" | "path">;

/** Somebody in a conference beside the two between whom the call is. */
export type MemberInCall = Pick<PartyInCall, "participantId" | "callee" | "legId" | "path"> & {
  /** Who brought them in, and may remove them. */
  readonly addedBy: ParticipantId;
};

/** `isIn`: they have been answered, and are heard there. The room takes part as one. */
export type RoomInCall = {
  readonly participantId: ParticipantId;
  readonly roomId: ConferenceRoomId;
  readonly name: string;
  readonly number: string;
  readonly isIn: boolean;
  readonly isAlone: boolean;
};

export type SupervisorInCall = {
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly legId: LegId;
  /** Beside whom they listen. */
  readonly supervises: ParticipantId;
  readonly mode: SupervisionMode;
  /** Their station has answered. */
  readonly isUp: boolean;
};

/** `by`: who wanted it, a person, a program or a flow; `untilAt`: when it ends by itself. */
export type PauseInCall = Pick<RecordingPause, "startedAt" | "secure" | "by" | "reason"> & { readonly untilAt: number };

/** As the Platform API has it: with whom somebody talks who asks a third. */
export const speakTos = ["DESTINATION", "OBJECT", "BOTH"] as const;
/** `DESTINATION`: with whom they ask. `OBJECT`: with whom they were talking, while the third waits. `BOTH`: all together. */
export type SpeakTo = (typeof speakTos)[number];

/** `by` asks `callee`. With `BOTH` they come together as soon as the callee is there. */
export type Consult = {
  readonly by: ParticipantId;
  readonly participantId: ParticipantId;
  readonly callee: Callee;
  readonly legId: LegId;
  readonly path: number;
  readonly isUp: boolean;
  readonly speakTo: SpeakTo;
  readonly playId: string | null;
};

export type Acd = {
  readonly participantId: ParticipantId;
  readonly queueId: QueueId;
  readonly queueName: string;
  readonly baseAt: number;
  readonly priority: number;
  readonly skillIds: readonly SkillId[];
  readonly languageId: SkillId | null;
  readonly inQueueFlow: string | null;
};

export type AlertInCall = {
  readonly alertId: AlertId;
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly stationId: StationId | null;
  readonly legId: LegId;
  readonly acw: AcwRule;
};

export type AgentInCall = {
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly stationId: StationId;
  readonly legId: LegId;
  /** Since when its browser is gone; the leg that calls it back. */
  readonly lost: { readonly at: number; readonly returningLegId: LegId | null } | null;
  readonly acw: AcwRule;
};

export type AcwRule = { readonly prompt: WrapupPrompt; readonly timeoutMs: number };

/** Where the router sends a new call. */
export type Route =
  | { readonly kind: "flow"; readonly flowId: FlowId; readonly flowName: string; readonly version: number }
  | { readonly kind: "dial"; readonly callee: Callee }
  | { readonly kind: "room"; readonly roomId: ConferenceRoomId; readonly name: string; readonly number: string }
  /** `why`: in words, for the log. */
  | { readonly kind: "reject"; readonly reason: RejectReason; readonly why?: string };

export type AlertOffer = {
  readonly alertId: AlertId;
  readonly participantId: ParticipantId;
  readonly queueId: QueueId;
  readonly userId: UserId;
  readonly stationId: StationId | null;
  readonly deadlineAt: number;
  readonly acw: AcwRule;
};

export type CallInput =
  | {
      readonly kind: "offered";
      readonly conversationId: ConversationId;
      readonly legId: LegId;
      readonly origin: CallOrigin;
      readonly caller: CallerIdentity;
      readonly called: string;
      readonly network?: NetworkFacts;
      readonly route: Route;
    }
  /** `chart`: with a leg's last facts, how it sounded until then. */
  | { readonly kind: "leg"; readonly event: Extract<CallEvent, { legId: LegId }>; readonly chart?: SoundChart | null }
  | { readonly kind: "flow"; readonly output: FlowOutput }
  /** The runner has resolved a transfer's names; null: there is no such queue. */
  | { readonly kind: "queue-found"; readonly queue: Omit<Acd, "participantId" | "baseAt"> | null; readonly message: string }
  | { readonly kind: "alerted"; readonly alert: AlertOffer }
  /** A desk phone takes the call that rings at another: its own leg in place of that one. Whether its person may has been asked. */
  | { readonly kind: "picked-up"; readonly legId: LegId; readonly replaces: LegId; readonly callee: Callee }
  /** The phone whose leg that is joins this call with another, in which its leg is `otherLegId`: whoever it talks to goes there. */
  | { readonly kind: "given"; readonly legId: LegId; readonly into: ConversationId; readonly otherLegId: LegId }
  /** And here they are, in place of the phone whose leg that is. */
  | { readonly kind: "taken-in"; readonly legId: LegId; readonly from: ConversationId; readonly guest: Guest }
  | { readonly kind: "join-refused"; readonly legId: LegId }
  | { readonly kind: "station-registered"; readonly stationId: StationId }
  | { readonly kind: "timer"; readonly name: CallTimer }
  | { readonly kind: "asked"; readonly wish: Wish }
  /** So many are in the call's conference room now. */
  | { readonly kind: "room-changed"; readonly size: number }
  /** The runner has looked where a 3xx leads. */
  | { readonly kind: "redirect-found"; readonly of: "dial" | "consult"; readonly end: LegEnd; readonly found: FoundRedirect }
  /** The runner has looked up whom a wish names. */
  | { readonly kind: "target-found"; readonly wish: WishWithTarget; readonly found: FoundTarget }
  /** The node stops and its calls with it. */
  | { readonly kind: "stop"; readonly reason: Extract<EndReason, "node-stopped" | "node-fenced" | "preempted" | "error"> };

/** What a person asks of a call they are in, by the page or the API. */
export type Wish =
  | { readonly kind: "hold" | "resume" | "disconnect" | "complete-transfer" | "cancel-transfer"; readonly participantId: ParticipantId }
  /** At once, and leave. */
  | { readonly kind: "transfer"; readonly participantId: ParticipantId; readonly to: TransferTarget }
  /** Talk to them first; `asId`: who asks has named the participant that they will be. */
  | {
      readonly kind: "consult";
      readonly participantId: ParticipantId;
      readonly to: TransferTarget;
      readonly speakTo: SpeakTo;
      readonly asId: ParticipantId;
    }
  | { readonly kind: "speak-to"; readonly participantId: ParticipantId; readonly speakTo: SpeakTo }
  /** Out of a conference, by whoever brought them in. */
  | { readonly kind: "remove"; readonly participantId: ParticipantId }
  /** Somebody listens beside `participantId`, or does so in another way from now on. */
  | ({ readonly kind: "supervise" } & SupervisionWish)
  | ({ readonly kind: "pause-recording" } & PauseWish)
  | ({ readonly kind: "resume-recording" } & Omit<PauseWish, "secure" | "reason" | "limitMs">);

/** `participantId`: as whom they are in the call; null: not in it. */
export type PauseWish = {
  readonly participantId: ParticipantId | null;
  readonly secure: boolean;
  readonly by: string;
  readonly userId: UserId | null;
  readonly reason: string;
  readonly limitMs: number;
};

export type SupervisionWish = {
  readonly participantId: ParticipantId;
  readonly mode: SupervisionMode;
  readonly userId: UserId;
  readonly stationId: StationId;
  readonly reason: string;
  /** What the supervisor's device shows. */
  readonly shown: string;
};

/** How a leg ended that nobody answered. */
export type LegEnd = Pick<Extract<CallEvent, { kind: "leg.ended" }>, "reason" | "sipStatus" | "targets">;

/** `paidBy`: whose call outside it is, `isInstead` of one that counts as theirs already; null: it costs nobody. */
export type FoundRedirect =
  | { readonly kind: "callee"; readonly callee: Callee; readonly paidBy: { readonly userId: UserId; readonly isInstead: boolean } | null }
  | { readonly kind: "nobody"; readonly message: string };

export type WishWithTarget = Extract<Wish, { readonly to: TransferTarget }>;
export type FoundTarget =
  | { readonly kind: "callee"; readonly callee: Callee }
  | { readonly kind: "queue"; readonly queue: Omit<Acd, "participantId" | "baseAt"> }
  | { readonly kind: "nobody"; readonly message: string };

/** Whom a transfer is to. Numbers are as dialled, an extension too. */
export type TransferTarget = { readonly kind: "number"; readonly number: string } | { readonly kind: "queue"; readonly queueId: QueueId };

/** Each once: an agent's browser is awaited, a tone is heard out, a pause of the recording ends. */
export type CallTimer = "agent-lost" | "tone" | "pause";

export type Append<T extends ConversationEventType = ConversationEventType> = {
  [K in T]: { readonly kind: "append"; readonly type: K; readonly payload: ConversationEvents[K]; readonly subjectIds: readonly string[] };
}[T];

export type CallOutput =
  /** To the journal; nothing that follows is done before it is on disk. */
  | Append
  | { readonly kind: "control"; readonly command: CallCommand }
  | { readonly kind: "give"; readonly into: ConversationId; readonly otherLegId: LegId; readonly guest: Guest }
  | { readonly kind: "flow-start"; readonly which: "inbound"; readonly flowId: FlowId }
  | { readonly kind: "flow-start"; readonly which: "in-queue"; readonly flowName: string | null }
  | { readonly kind: "flow-input"; readonly input: FlowInput }
  | { readonly kind: "flow-stop" }
  | { readonly kind: "find-queue"; readonly transfer: Extract<FlowOutput, { kind: "transfer-to-acd" }> }
  | { readonly kind: "find-target"; readonly wish: WishWithTarget }
  | { readonly kind: "find-redirect"; readonly of: "dial" | "consult"; readonly end: LegEnd }
  /** A flow pauses the recording, or lets it go on: the organization says for how long at most. */
  | { readonly kind: "find-pause-limit"; readonly wanted: Extract<FlowOutput, { kind: "pause-recording" | "resume-recording" }> }
  | { readonly kind: "flow-timer"; readonly ms: number | null }
  | { readonly kind: "ask-queue-facts" }
  | { readonly kind: "timer-set"; readonly name: CallTimer; readonly ms: number }
  /** Null: every one. */
  | { readonly kind: "timer-cancel"; readonly name: CallTimer | null };

/** Ids are made by the host, so that the same inputs always give the same outputs. */
export type Moment = { readonly now: number; readonly ids: readonly string[] };
export const idsPerInput = 4;

export type Result = Step<CallState, CallOutput>;

export function append<T extends ConversationEventType>(
  state: CallState,
  type: T,
  payload: ConversationEvents[T],
  subjectIds: readonly string[] = [],
): Append {
  return { kind: "append", type, payload, subjectIds: [state.conversationId, ...subjectIds] } as unknown as Append;
}

export function control(command: CallCommand): CallOutput {
  return { kind: "control", command };
}

/** A number that costs, and is counted: nobody inside, here or on another PBX, and no call for help. */
export function isOutside({ purpose, classification, isEmergency }: Callee): boolean {
  return purpose === "external" && classification !== null && !isEmergency;
}

/** By which trunk somebody is reached; null: by none. */
export function trunkOf({ callee, path }: { readonly callee: Callee; readonly path: number }): TrunkId | null {
  const way = callee.paths[path]!;
  return way.kind === "trunk" ? way.trunkId : null;
}

export function nothing(state: CallState): Result {
  return { state, outputs: [] };
}
