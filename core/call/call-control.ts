// The port to telephony: what core may ask of legs, and what legs report. Two unions of flat objects, as between threads.

import type { ConferenceRoomId, ConversationId, LegId, RecordingId, StationId, TrunkId, UserId } from "../lib/id.ts";
import type { MediaEncryption } from "../lib/media-encryption.ts";
import type { CivicAddress } from "../telephony/civic-address.ts";
import type { NetworkFacts } from "../telephony/network-facts.ts";
import type { CertificateDemand, CertificateTrouble, OwnCertificate } from "../telephony/peer-certificate.ts";
import type { Trunk } from "../telephony/telephony.ts";

/** What is played: stored or embedded sounds by key, in order. `tone` is for ringback and beeps. */
export type Prompt =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "tone"; readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number };

/** Why a call is refused before it was answered. Telephony maps it to a SIP status. */
export type RejectReason =
  | "no-such-number" // 404
  | "not-allowed" // 403
  | "busy" // 486
  | "declined" // 603
  | "unavailable" // 480
  | "overloaded" // 503 with Retry-After
  | "emergency-not-available"; // 403, its reason phrase says so plainly

/** Why a leg ended; the Platform API's disconnectType is derived from it and from who asked. */
export type LegEndReason =
  | "hung-up" // the peer ended it: BYE, or CANCEL before the answer
  | "ended-by-us" // a `hang-up` or `reject` of ours was carried out
  | "declined" // 486, 600, 603 from the peer
  | "no-answer" // ring time over, or 408/480 from the peer
  | "unreachable" // no binding, transport failed, 404/410/5xx from the peer
  | "not-acknowledged" // our 2xx was never acknowledged
  | "media-failed"
  | "redirected" // 3xx from the peer: it sends the call elsewhere
  | "not-encrypted" // voice must be encrypted, and the peer does not
  | "overloaded"
  | "error";

/** Why we hang up: what the device is told of it (RFC 3326). */
export type HangUpReason = "normal" | "no-answer" | "answered-elsewhere" | "declined" | "failed" | "preempted";

export type CallCommand =
  /** 180 Ringing to the caller. */
  | { readonly kind: "ring"; readonly legId: LegId }
  /** 183 Session Progress to the caller, who from here on hears what the leg is bridged with or is played. Not an answer. */
  | { readonly kind: "progress"; readonly legId: LegId }
  /** 200 OK to the caller. Ends in `leg.answered`, later `leg.connected`. Never sent before the journal holds the answer. */
  | {
      readonly kind: "answer";
      readonly legId: LegId;
      /** The conference room whose voices this one is to meet: its media opens beside theirs. */
      readonly meetsIn?: ConferenceRoomId;
    }
  | { readonly kind: "reject"; readonly legId: LegId; readonly reason: RejectReason }
  /**
   * Calls a station. Events follow on `legId`: `leg.ringing`, then `leg.answered` or `leg.ended`. `autoAnswer` asks the device to
   * answer by itself (re-attaching a browser). `ringMs`: the leg ends `no-answer` after it. Media opens beside the conversation's other legs.
   */
  | {
      readonly kind: "dial-station";
      readonly legId: LegId;
      readonly conversationId: ConversationId;
      readonly stationId: StationId;
      readonly callerName: string;
      readonly callerNumber: string;
      /** Shown by the device and used by the page to find its card: the conversation's id travels in our own header to our own stations only. */
      readonly autoAnswer: boolean;
      readonly ringMs: number;
    }
  /**
   * Calls a number by a trunk; events as with a station. `shown`: the number we present, E.164; empty withholds it (RFC 3323, RFC 3325).
   */
  | {
      readonly kind: "dial-trunk";
      readonly legId: LegId;
      readonly conversationId: ConversationId;
      readonly trunkId: TrunkId;
      /** Which of the trunk's next hops. */
      readonly hop: number;
      /** In the form that the trunk wants. */
      readonly number: string;
      readonly shown: CallerIdentity;
      /** Of a number outside: whose call it is, for what it costs. Not telephony's concern. */
      readonly payer?: { readonly userId: UserId; readonly number: string; readonly classification: string };
      /** Who has forwarded it; told where the trunk wants it told. */
      readonly diversion?: Diversion;
      readonly isEmergency: boolean;
      /** Of a call for help, where the trunk wants it told: it is told. */
      readonly place?: CivicAddress;
      /** Also by a next hop that has not answered lately: somebody wants to know why. */
      readonly isTest?: true;
      readonly ringMs: number;
    }
  /**
   * The station accepted (2xx arrived, `leg.answered`), and core has put that on disk: only now is it acknowledged to the device (ACK).
   */
  | { readonly kind: "confirm"; readonly legId: LegId }
  | { readonly kind: "hang-up"; readonly legId: LegId; readonly reason: HangUpReason }
  | { readonly kind: "play"; readonly legId: LegId; readonly playId: string; readonly prompts: readonly Prompt[]; readonly loop: boolean }
  | { readonly kind: "stop-play"; readonly legId: LegId; readonly playId: string }
  /** What became of a device's own wish to pass its call on: the SIP status of it; nothing when it had none. */
  | { readonly kind: "refer-result"; readonly legId: LegId; readonly status: number }
  /** From here on the leg is of that conversation, which is up here, and in no bridge. */
  | { readonly kind: "move"; readonly legId: LegId; readonly conversationId: ConversationId }
  | { readonly kind: "bridge"; readonly a: LegId; readonly b: LegId }
  | { readonly kind: "unbridge"; readonly legId: LegId }
  /**
   * Puts a leg into a mix, the conversation's own or a conference room's, or changes who hears it there: the legs named, or everybody (null). Each hears the sum of whoever it may
   * hear. `bridge` and `unbridge` take it out again. While a recording's left leg is in a mix, the right channel is all that it hears.
   */
  | {
      readonly kind: "mix";
      readonly mixId: ConversationId | ConferenceRoomId;
      readonly legId: LegId;
      readonly heardBy: readonly LegId[] | null;
    }
  | {
      readonly kind: "record-start";
      readonly recordingId: RecordingId;
      readonly conversationId: ConversationId;
      /** Left channel: the customer. Right channel: the agent. */
      readonly left: LegId;
      readonly right: LegId | null;
    }
  /** The right channel now belongs to another leg (a browser that came back), or to none. */
  | {
      readonly kind: "record-channel";
      readonly recordingId: RecordingId;
      readonly conversationId: ConversationId;
      readonly right: LegId | null;
    }
  /** A secure pause begins or ends: while it lasts nothing of any leg of the call is captured. */
  | { readonly kind: "privacy"; readonly conversationId: ConversationId; readonly isPrivate: boolean }
  /** From here on the file holds silence, on both channels, or sound again. */
  | {
      readonly kind: "record-pause";
      readonly recordingId: RecordingId;
      readonly conversationId: ConversationId;
      readonly paused: boolean;
    }
  | { readonly kind: "record-stop"; readonly recordingId: RecordingId; readonly conversationId: ConversationId };

/** Who the network says is calling, cleaned (core/lib/remote-text.ts). */
export type CallerIdentity = { readonly number: string; readonly name: string };

/** Who has forwarded a call, as carriers are told: E.164; `isPrivate`: the callee is not to know. */
export type Diversion = { readonly number: string; readonly isPrivate: boolean };

/** A Contact of a 3xx, cleaned. `isNear`: its host is where the call was sent, or we ourselves; so is a number without a host. */
export type RedirectTarget = { readonly number: string; readonly host: string; readonly isNear: boolean };

export type CallOrigin =
  | { readonly kind: "trunk"; readonly trunkId: TrunkId }
  | { readonly kind: "station"; readonly stationId: StationId; readonly userId: UserId }
  /** Somebody with a guest's link, in a browser, without an account. */
  | { readonly kind: "guest"; readonly guestId: string };

/**
 * How one direction of a leg sounded: mean opinion scores of the last seconds, at its worst and on average, and the last seconds' loss;
 * `windows`: of how many such seconds.
 */
export type SoundFigures = {
  readonly mos: number;
  readonly mosMin: number;
  readonly mosAvg: number;
  readonly lossPercent: number;
  readonly windows: number;
};

/** The media of one leg since it opened. Times in ms; null: not known. */
export type MediaVerdict = {
  readonly codec: string | null;
  readonly protection: string;
  /** What carries it: TCP is for browsers that get no UDP through. */
  readonly protocol: "udp" | "tcp";
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Of another codec or out of all order, doubled, and from a wrong source or not authentic. */
  readonly packetsDiscarded: number;
  readonly packetsDuplicated: number;
  readonly packetsRefused: number;
  readonly jitterMs: number;
  readonly jitterMsMax: number;
  readonly roundTripMs: number | null;
  readonly roundTripMsMax: number | null;
  /** By the peer's own reports, of what we send. */
  readonly remotePacketsLost: number | null;
  readonly remoteJitterMs: number | null;
  /** What the peer says, as it reaches us; what we send, as it reaches the peer. */
  readonly from: SoundFigures | null;
  readonly to: SoundFigures | null;
};

/** Why a direction of a leg is silent, or poor: telephony/media/plane.ts says what each means and what `detail` is. */
export const troubleCauses = [
  "never-came",
  "stopped",
  "other-address",
  "not-authentic",
  "other-codec",
  "sends-nothing",
  "lost-on-the-way",
  "not-connected",
  "gone",
  "only-silence",
  "not-received",
  "poor",
] as const;
export type TroubleCause = (typeof troubleCauses)[number];
export type Trouble = { readonly cause: TroubleCause; readonly detail: string };
/** `from`: what the peer says does not reach us; `to`: what we send does not reach the peer. */
export type SoundDirection = "from" | "to";

/** What of the packets is captured: of one trunk, station or conversation (each null: of any), with what is said or without. */
export type CaptureWanted = {
  readonly trunkId: TrunkId | null;
  readonly stationId: StationId | null;
  readonly conversationId: ConversationId | null;
  readonly withVoice: boolean;
};
export type CaptureStatus = { readonly packets: number; readonly bytes: number; readonly lost: number };

/**
 * Packets of this node, kept in memory: SIP without credentials, keys and bodies but descriptions; RTP without what is said unless that was wanted;
 * never digits, and nothing of the legs of a call in a secure pause.
 */
export interface CapturePort {
  /** From here on, the newest `captureBytesMax` bytes of the last `keepMs`. What was kept before is gone. */
  start(wanted: CaptureWanted, keepMs: number): void;
  /** Takes no more; what is kept stays. */
  stop(): void;
  /** What is kept is gone. */
  discard(): void;
  status(): CaptureStatus;
  /** A pcap file in order of time, as far as it has come. */
  file(): AsyncIterable<Uint8Array>;
}

/** One line of the redacted ladder: no credential, no key, no private digit, remote text escaped. */
export type LadderEntry = {
  readonly at: number;
  readonly direction: "in" | "out";
  readonly flow: string;
  readonly summary: string;
  readonly text: string;
};

export type CallEvent =
  /** A new call asks in. `called` is the number or name dialled, cleaned; nothing has been answered but 100 Trying. */
  | {
      readonly kind: "call.offered";
      readonly conversationId: ConversationId;
      readonly legId: LegId;
      readonly origin: CallOrigin;
      readonly caller: CallerIdentity;
      readonly called: string;
      /** What a trunk says beside; absent: nothing. */
      readonly network?: NetworkFacts;
    }
  /** `hasEarlyMedia`: the callee's side can be heard before it answers. May come again when that begins later. */
  | { readonly kind: "leg.ringing"; readonly legId: LegId; readonly hasEarlyMedia: boolean }
  | { readonly kind: "leg.answered"; readonly legId: LegId }
  /** Media flows (first valid packet, or DTLS done). */
  | { readonly kind: "leg.connected"; readonly legId: LegId; readonly protection: string }
  /** The peer refused encrypted voice (`sipStatus`; null: it answered without) and is called once more, plainly: encryption is optional there. */
  | { readonly kind: "leg.unprotected"; readonly legId: LegId; readonly sipStatus: number | null }
  /** The device vanished without a word (its WebSocket closed, no BYE). The leg's media is gone; the leg is not ended: core decides. */
  | { readonly kind: "leg.lost"; readonly legId: LegId }
  /** `said`: the peer's own words for its refusal, cleaned; absent: none. */
  | {
      readonly kind: "leg.ended";
      readonly legId: LegId;
      readonly reason: LegEndReason;
      readonly sipStatus: number | null;
      readonly said?: string;
      /** Where a 3xx sends the call, in its order. */
      readonly targets?: readonly RedirectTarget[];
    }
  /**
   * A station's device calls in to take the place of a leg that rings here (RFC 3891); `legId` is of that conversation from now on. Nothing has been
   * answered: `answer` or `reject`.
   */
  | {
      readonly kind: "leg.replace-asked";
      readonly legId: LegId;
      readonly replaces: LegId;
      readonly stationId: StationId;
      readonly userId: UserId;
    }
  /** The device wants its call passed on, by a key of its own (REFER): `number` as dialled. */
  | { readonly kind: "leg.transfer-asked"; readonly legId: LegId; readonly number: string }
  /**
   * A station's device wants its two calls joined, by REFER with Replaces (RFC 5589 §7.1): `legId` is where it said so, `withLegId` its leg in the
   * other. Answered by `refer-result`.
   */
  | { readonly kind: "leg.join-asked"; readonly legId: LegId; readonly withLegId: LegId }
  /** By a key of its own the device puts whom it talks with on hold, or takes them back (RFC 3264 §8.4). */
  | { readonly kind: "leg.held"; readonly legId: LegId; readonly isHeld: boolean }
  /** Private until a flow action says otherwise. */
  | { readonly kind: "digit"; readonly legId: LegId; readonly digit: string }
  | {
      readonly kind: "play.finished";
      readonly legId: LegId;
      readonly playId: string;
      readonly reason: "done" | "stopped" | "unknown-prompt";
    }
  /** A direction is silent or poor, has another cause than `before`, or is well again (null); `forMs`: since when. */
  | {
      readonly kind: "leg.trouble";
      readonly legId: LegId;
      readonly direction: SoundDirection;
      readonly trouble: Trouble | null;
      readonly before: TroubleCause | null;
      readonly forMs: number;
    }
  /** The figures so far, every few seconds. Of each only a point of the leg's chart is kept (sound-chart.ts). */
  | { readonly kind: "leg.quality"; readonly legId: LegId; readonly verdict: MediaVerdict }
  /** Last facts of a leg's media, once, before or with its end. */
  | { readonly kind: "leg.media"; readonly legId: LegId; readonly verdict: MediaVerdict }
  | {
      readonly kind: "recording.closed";
      readonly recordingId: RecordingId;
      readonly conversationId: ConversationId;
      readonly path: string;
      readonly chunks: number;
      readonly durationMs: number;
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  | {
      readonly kind: "recording.failed";
      readonly recordingId: RecordingId;
      readonly conversationId: ConversationId;
      readonly reason: string;
    }
  /** All legs of a conversation are gone; the redacted ladder, at most `ladderBytesMax`. */
  | {
      readonly kind: "call.ladder";
      readonly conversationId: ConversationId;
      readonly entries: readonly LadderEntry[];
      readonly truncated: boolean;
      /** Call-IDs, and Session-IDs of both sides (RFC 7989), of its legs; at most `sipIdsMax`. */
      readonly sipIds: readonly string[];
    }
  /** A binding appeared or the last one went. */
  | { readonly kind: "station.registered"; readonly stationId: StationId; readonly userAgent: string }
  | { readonly kind: "station.unregistered"; readonly stationId: StationId };

/** Implemented by telephony/call-control.ts and by the simulator's world. Commands to unknown or ended legs are ignored. */
export interface CallControl {
  send(command: CallCommand): void;
  /** One listener: the exchange. */
  onEvent(listener: (event: CallEvent) => void): void;
  /** Whether the station has a binding now. */
  isRegistered(stationId: StationId): boolean;
}

/** What telephony must know of the configuration; the wiring keeps it current. */
export type TelephonyDirectory = {
  /** The trunk that owns a source address, or null: strangers. */
  trunkByAddress(address: string): { readonly trunkId: TrunkId; readonly name: string } | null;
  /** A SIP phone's line by its user part; null for unknown. `ha1` by algorithm, made from a secret that we generated. */
  phone(
    username: string,
  ): { readonly stationId: StationId; readonly userId: UserId; readonly ha1: { readonly md5: string; readonly sha256: string } } | null;
  /** A station by id: its address-of-record user part, whom it belongs to, and how it is reached. */
  station(stationId: StationId): {
    readonly username: string;
    readonly userId: UserId;
    readonly kind: "browser" | "phone";
    /** Where a phone always is that does not register; null: it registers. */
    readonly address: { readonly address: string; readonly port: number } | null;
  } | null;
  /** Whether a phone that does not register is at this address. */
  isPhoneAddress(address: string): boolean;
  /** The trunks by which calls leave. */
  trunks(): readonly TrunkPeer[];
  /** Whether voice with a trunk or a phone is encrypted. */
  mediaEncryption(id: TrunkId | StationId): MediaEncryption;
  /** How the carrier wants to be spoken to; null: as usual. */
  trunkManner(id: TrunkId): TrunkManner | null;
  /** What whoever comes from a trunk's address must show; null: the address is enough. */
  certificateDemand(id: TrunkId): CertificateDemand | null;
  /** Whether that phone calls for help by dialling that. */
  isCallForHelp(stationId: StationId, called: string): boolean;
};

/** How a trunk is spoken to in calls. */
export type TrunkManner = Pick<Trunk, "callerIdHeader" | "codecs" | "sessionTimers" | "diversion">;

/** Where a trunk's calls go, and as whom. */
export type TrunkPeer = {
  readonly trunkId: TrunkId;
  readonly name: string;
  /** Counts up with every change. */
  readonly version: number;
  readonly transport: "UDP" | "TCP" | "TLS";
  /** Who vouches for next hops' certificates, PEM; null: whomever this machine trusts. */
  readonly issuers: string | null;
  /** What we show who asks, PEM; null: nothing. */
  readonly certificate: OwnCertificate | null;
  /** Next hops in order of preference, at least one. */
  readonly proxies: readonly TrunkHop[];
  /** What the carrier has given us; null: we are known by our address. */
  readonly account: { readonly username: string; readonly password: string; readonly domain: string } | null;
  readonly registers: boolean;
  readonly heartbeat: boolean;
};
export type TrunkHop = { readonly host: string; readonly port: number | null };

/** Whether the carrier knows where we are. `why`: what to do about it, for people. */
export type TrunkRegistration =
  | { readonly name: "registering" }
  | { readonly name: "registered"; readonly untilAt: number }
  | { readonly name: "failed"; readonly trouble: TrunkTrouble; readonly againAt: number };

/** Why a next hop's certificate is not believed; `other`: for a reason that has no word of ours. */
export const hopCertificateFaults = ["other-name", "self-signed", "unknown-issuer", "expired", "not-yet", "other"] as const;
export type HopCertificateFault = (typeof hopCertificateFaults)[number];

/** What is wrong with a way to a trunk: as far as it got. */
export type TrunkTrouble =
  | { readonly kind: "no-such-name" | "refused" | "no-answer" | "closed" | "no-socket" | "no-password" | "wrong-password" }
  /** `fault` null: the connection ended before it was seen. `shown`: whom it names, by whom, until when; cleaned. */
  | { readonly kind: "certificate"; readonly fault: HopCertificateFault | null; readonly shown: string }
  | { readonly kind: "status"; readonly status: number };

/** A trunk as this node sees it. */
export type TrunkState = {
  readonly registration: TrunkRegistration | null;
  /** In the order of the next hops. `isUp` null: nobody has asked yet, or nobody asks. */
  readonly hops: readonly {
    readonly hop: TrunkHop;
    readonly isUp: boolean | null;
    readonly address: string | null;
    readonly roundTripMs: number | null;
    readonly trouble: TrunkTrouble | null;
  }[];
};

/** Somebody at a trunk's address who was not taken for it. */
export type TrunkRefusal = { readonly at: number; readonly address: string; readonly trouble: CertificateTrouble };

/** Trunks, as the wiring keeps them and web looks at them. */
export interface TrunkPort {
  onLogged(event: { readonly type: string }): void;
  /** Null: no calls leave by it, or the node does not know it yet. */
  state(trunkId: TrunkId): TrunkState | null;
  /** Who was refused last for want of its certificate, since this node started; null: nobody. */
  refusal(trunkId: TrunkId): TrunkRefusal | null;
  /** Whether there is a way to a next hop: its name, its connection. Asks nothing of the carrier. Null: there is no such hop. */
  look(trunkId: TrunkId, hop: number): Promise<{ readonly address: string | null; readonly trouble: TrunkTrouble | null } | null>;
  /** Asks every next hop now, and registers anew; the state after it. */
  test(trunkId: TrunkId): Promise<TrunkState | null>;
}

/**
 * Whose socket it is. A station may register and call; a guest may do nothing but call `number`, once at a time, until `untilAt` (a call
 * that is up then goes on): the same `guestId` on two sockets is one guest.
 */
export type SipSocketIdentity =
  | { readonly userId: UserId; readonly stationId: StationId }
  | { readonly guestId: string; readonly number: string; readonly untilAt: number };

/** What a browser says of a check: what it heard of us, how much it sent itself, and the round trip of its own probes; null: not known. */
export type HeardByBrowser = {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly sent: number;
  readonly roundTripMs: number | null;
};

/** One direction of a check as its receiver had it. `mos`: by the E-model over the whole check; null: nothing came. */
export type CheckedWay = { readonly packets: number; readonly lost: number; readonly jitterMs: number; readonly mos: number | null };

export type CheckedVoice = {
  /** Where the browser was told to send voice, `address:port`. */
  readonly offered: readonly string[];
  /** From the browser to us, and back. */
  readonly up: CheckedWay;
  readonly down: CheckedWay;
  readonly roundTripMs: number | null;
};

/** Whether voice gets through between a browser and us, without a call: its offer (SDP) is answered by a stream that lives for moments, and hums to whoever sends, too. */
export interface VoiceCheckPort {
  /**
   * `whose` holds one at a time: a newer one ends the older.
   * @throws BadInput when the offer has no audio for us · Unavailable when too many look, or media cannot open
   */
  answer(offer: string, whose: string): Promise<{ readonly checkId: string; readonly answer: string }>;
  /** Ends what this one holds, if anything: nobody wants to know any more. */
  cancel(whose: string): void;
  /** Ends it and tells how it sounded; null: it is over already, somebody else's, or another node's. */
  finish(checkId: string, whose: string, heard: HeardByBrowser): Promise<CheckedVoice | null>;
}

/** The door through which web's upgraded sockets reach SIP: identity comes from the session or the link, never from the page. */
export interface SipSocketPort {
  /** Called for every accepted upgrade. `send` and `close` talk to the browser. */
  open(identity: SipSocketIdentity, socket: { send(text: string): void; close(code: number, reason: string): void }): SipSocketHandler;
}
export interface SipSocketHandler {
  receive(text: string): void;
  closed(): void;
}
