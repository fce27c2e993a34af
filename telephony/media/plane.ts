// The thread protocol between signalling and media: two unions of flat objects, and the port that both planes implement.
import type { SrtpKeyTexts, SrtpSuite } from "../../core/lib/media-encryption.ts";

/** One RTP stream to one peer. Made by signalling, unique on the node (the LegId's text). */
export type StreamId = string;

/** G722 at 64 kbit/s: 16 kHz under a clock that counts as if it were 8 (RFC 3551 §4.5.2). OPUS in one channel, under a clock of 48 kHz (RFC 7587). */
export type CodecName = "OPUS" | "G722" | "PCMU" | "PCMA";

/** Telephone events of the peer (RFC 4733): their payload type, null when it has none, and what their timestamps and durations count in a millisecond. */
export type Events = { readonly dtmfPayloadType: number | null; readonly dtmfUnitsPerMs: 8 | 48 };

/** One prompt to play: an embedded or stored mono 16-bit 8 kHz sound by key, or raw samples. */
export type PromptSource =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "tone"; readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number };

/** How the peer's media is reached, negotiated by offer/answer. Addresses are literal IPv4 or IPv6. */
export type RemoteRtp = Events & {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly codec: CodecName;
  readonly payloadType: number;
  readonly ptimeMs: number;
  /** The suite of both directions, and under which key the peer sends (base64 of master key and salt); null: plain. */
  readonly srtp: { readonly suite: SrtpSuite; readonly key: string } | null;
};

/** What connectivity checks are signed with (RFC 8445 §7.2.2). */
export type IceCredentials = { readonly ufrag: string; readonly pwd: string };

/** The peer's half of a WebRTC session (RFC 8829); media comes only from the ICE-validated pair. */
export type RemoteWebRtc = IceCredentials &
  Events & {
    /** Lower-case hex with colons removed is not used: as in SDP, upper-case pairs joined by colons. SHA-256 only. */
    readonly fingerprint: string;
    readonly codec: CodecName;
    readonly payloadType: number;
  };

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

export type MediaCommand =
  /** Opens a stream. Answered by `opened` or `failed`. `groupId` (ConversationId) decides the worker: all of a group share one. */
  | {
      readonly kind: "open";
      readonly streamId: StreamId;
      readonly groupId: string;
      readonly transport: "rtp" | "webrtc";
      readonly localAddress: string;
    }
  | { readonly kind: "connect-rtp"; readonly streamId: StreamId; readonly remote: RemoteRtp; readonly direction: Direction }
  /** `ours`: what our description says; others than before are an ICE restart (RFC 8445 §9), which is the peer's wish. */
  | {
      readonly kind: "connect-webrtc";
      readonly streamId: StreamId;
      readonly ours: IceCredentials;
      readonly remote: RemoteWebRtc;
      readonly direction: Direction;
    }
  | { readonly kind: "direction"; readonly streamId: StreamId; readonly direction: Direction }
  /** The call is answered: from now on a peer that is not heard is told as `trouble`. */
  | { readonly kind: "expect"; readonly streamId: StreamId }
  /** Plays prompts one after the other towards the peer; a later `play` replaces an earlier one. `loop` repeats for ever. Ends with `play-finished`. */
  | {
      readonly kind: "play";
      readonly streamId: StreamId;
      readonly playId: string;
      readonly prompts: readonly PromptSource[];
      readonly loop: boolean;
    }
  | { readonly kind: "stop-play"; readonly streamId: StreamId; readonly playId: string }
  /** Sends digits to the peer: by RFC 4733, or as tones where it has no events. */
  | { readonly kind: "send-digits"; readonly streamId: StreamId; readonly digits: string; readonly toneMs: number; readonly gapMs: number }
  /** Joins two streams both ways (digits are relayed too). A stream is in one bridge at most. A `play` on a bridged stream covers the bridge until it ends. */
  | { readonly kind: "bridge"; readonly a: StreamId; readonly b: StreamId }
  | { readonly kind: "unbridge"; readonly streamId: StreamId }
  /** Out of its bridge, and from here on of that group: joined there with others, mixed and recorded. Carried out by links.ts alone. */
  | { readonly kind: "move"; readonly streamId: StreamId; readonly groupId: string }
  /**
   * Puts a stream into a mix, which its first member makes and its last one ends; again: changes who hears it. Each member hears the sum of all
   * others whose `heardBy` names it (null: everybody). All are of one group, and so on one clock. A stream is in one bridge or one mix at most:
   * either ends the other, `unbridge` ends both. Digits of a member go to nobody. A `play` on a member covers the mix for it alone. While a
   * recording's left stream is in a mix, its right channel is all that the left stream hears of it.
   */
  | { readonly kind: "mix"; readonly streamId: StreamId; readonly mixId: string; readonly heardBy: readonly StreamId[] | null }
  /** Silence instead of what this stream says in its bridge or mix (mute by the server). */
  | { readonly kind: "mute"; readonly streamId: StreamId; readonly muted: boolean }
  /**
   * Records two channels: left = what `left` says, right = what `right` says. `right` may be null (and may be set later by `record-channel`).
   * 8 kHz, 16-bit. The sink is made by the worker's `RecordingSinkFactory` from `target` (opaque to media).
   */
  | {
      readonly kind: "record-start";
      readonly recordingId: string;
      readonly groupId: string;
      readonly left: StreamId;
      readonly right: StreamId | null;
      readonly target: RecordingTarget;
    }
  | { readonly kind: "record-channel"; readonly recordingId: string; readonly groupId: string; readonly right: StreamId | null }
  /** From here on both channels are silent, or have sound again: the file is as long as if nothing had been paused. */
  | { readonly kind: "record-pause"; readonly recordingId: string; readonly groupId: string; readonly paused: boolean }
  /** Ends with `recording-closed`. */
  | { readonly kind: "record-stop"; readonly recordingId: string; readonly groupId: string }
  /** Packets of the stream are captured as pcap records (`captured`): headers and lengths, or with what is said, never digits. `off` ends it. */
  | { readonly kind: "capture"; readonly streamId: StreamId; readonly mode: "off" | "headers" | "voice"; readonly localAddress: string }
  /** Closes a stream; its last `stats` come first. Unknown streams are ignored. */
  | { readonly kind: "close"; readonly streamId: StreamId };

/** What the vault needs to open a file; built by storage/vault on the main thread, opaque here. Structured-cloneable. */
export type RecordingTarget = {
  readonly path: string;
  readonly key: Uint8Array;
  readonly wrappedKey: Uint8Array;
  readonly header: Uint8Array;
};

export type LocalMedia = {
  /** Addresses to advertise are chosen by signalling; the plane says the port. */
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Set for webrtc only. `tcpPort` null: UDP alone. */
  readonly webrtc: (IceCredentials & { readonly fingerprint: string; readonly tcpPort: number | null }) | null;
  /** Set for rtp only: under which key we send, whichever suite is agreed on. Fresh for each stream, and never written down. */
  readonly srtp: SrtpKeyTexts | null;
};

/** How one direction sounded, as mean opinion scores (rtp/e-model.ts): in the last window of some seconds, at its worst, on average. */
export type SoundFigures = {
  readonly mos: number;
  readonly mosMin: number;
  readonly mosAvg: number;
  /** Of the last window, in percent. */
  readonly lossPercent: number;
  /** So many there were. */
  readonly windows: number;
};

/** What is wrong with one direction. `from`: what the peer says does not reach us. `to`: what we send does not reach it. */
export type TroubleCause =
  /** No packet of any kind since the answer; `detail`: the address that it should come from. */
  | "never-came"
  /** It came, and now nothing does, not even reports. */
  | "stopped"
  /** It comes from `detail`, which is not where the peer said that it is. */
  | "other-address"
  /** What comes is not authentic. */
  | "not-authentic"
  /** What comes is in a form that was not agreed. */
  | "other-codec"
  /** The peer's reports arrive, and say that it sends nothing. */
  | "sends-nothing"
  /** The peer's reports arrive, and say that it sends. */
  | "lost-on-the-way"
  /** ICE or DTLS are not done. */
  | "not-connected"
  /** It was connected, and has not asked for half a minute whether we are there (RFC 7675): nothing is sent there any more. */
  | "gone"
  /** Packets arrive in which nothing sounds, from the first on. */
  | "only-silence"
  /** The peer's reports say that nothing of ours arrives; `detail`: where we send it. */
  | "not-received"
  /** It arrives badly; `detail`: the loss in whole percent, 0 when it is the delay. */
  | "poor";
export type Trouble = { readonly cause: TroubleCause; readonly detail: string };

/** Facts of one direction pair of a stream, cumulative since `open`. Loss in packets, jitter in ms, RTT in ms (null: unknown). */
export type StreamStats = {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsLost: number;
  readonly packetsDiscarded: number;
  readonly packetsDuplicated: number;
  readonly jitterMs: number;
  readonly jitterMsMax: number;
  /** What the peer's last report says of what we send. */
  readonly remotePacketsLost: number | null;
  readonly remoteJitterMs: number | null;
  readonly roundTripMs: number | null;
  readonly roundTripMsMax: number | null;
  /** Null: not measured yet, or, of what we send, no report ever came. */
  readonly from: SoundFigures | null;
  readonly to: SoundFigures | null;
  /** Packets refused: bad SRTP tag, replay, wrong source, malformed. */
  readonly packetsRefused: number;
  readonly codec: CodecName | null;
  /** SRTP suite in use, "none" for plain RTP. */
  readonly protection: string;
  /** What carries it: TCP is for browsers that get no UDP through. */
  readonly protocol: "udp" | "tcp";
};

export type MediaEvent =
  | { readonly kind: "opened"; readonly streamId: StreamId; readonly local: LocalMedia }
  /** First valid media from the peer (plain RTP) or DTLS done and fingerprint right (WebRTC). */
  | { readonly kind: "connected"; readonly streamId: StreamId; readonly protection: string }
  /** One digit, exactly once, at its end: by RFC 4733, or as tones of a peer that has no events. */
  | { readonly kind: "digit"; readonly streamId: StreamId; readonly digit: string; readonly durationMs: number }
  | {
      readonly kind: "play-finished";
      readonly streamId: StreamId;
      readonly playId: string;
      readonly reason: "done" | "stopped" | "unknown-prompt";
    }
  /**
   * Sound that should come or go does not, or badly, told within 5 s, again when more of its cause is known, and as null when it is over. After
   * `expect` only. `forMs`: since when. `before`: the cause told last.
   */
  | {
      readonly kind: "trouble";
      readonly streamId: StreamId;
      readonly direction: "from" | "to";
      readonly trouble: Trouble | null;
      readonly before: TroubleCause | null;
      readonly forMs: number;
    }
  /** Every 5 s while open, and last at `close` (`final`). */
  | { readonly kind: "stats"; readonly streamId: StreamId; readonly stats: StreamStats; readonly final: boolean }
  /** Chunks sealed so far are safe; `durationMs` of audio are on disk. */
  | { readonly kind: "recording-progress"; readonly recordingId: string; readonly chunks: number; readonly durationMs: number }
  | {
      readonly kind: "recording-closed";
      readonly recordingId: string;
      readonly chunks: number;
      readonly durationMs: number;
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  | { readonly kind: "recording-failed"; readonly recordingId: string; readonly reason: string }
  /** pcap records of streams that are captured, in order; `lost`: so many were too many. */
  | { readonly kind: "captured"; readonly records: Uint8Array; readonly packets: number; readonly lost: number }
  /** The stream cannot live: no port, DTLS refused, fingerprint wrong, worker died. */
  | { readonly kind: "failed"; readonly streamId: StreamId; readonly reason: string };

export type WorkerLoad = {
  readonly worker: number;
  readonly streams: number;
  readonly packetsPerSecond: number;
  readonly muxPort: number;
  /** Streams of browsers that were connected since it started, by what carried them. */
  readonly browsers: BrowserPaths;
};
export type BrowserPaths = { readonly udp: number; readonly tcp: number };

/** Implemented by worker-plane (production) and inline-plane (tests, one thread). Commands of one stream keep their order. */
export interface MediaPlane {
  send(command: MediaCommand): void;
  /** One listener: signalling. */
  onEvent(listener: (event: MediaEvent) => void): void;
  /** Streams open now, per worker, and packets per second: what the least loaded worker is chosen by. */
  load(): readonly WorkerLoad[];
  close(): Promise<void>;
}

/** Where recorded audio goes; the vault implements it (storage/vault), the worker's entry point hands it in. */
export interface RecordingSink {
  /** Interleaved 16-bit little-endian stereo at 8 kHz. Resolves when sealed, written and fdatasync'ed. */
  write(samples: Uint8Array): Promise<void>;
  /** Seals the end. */
  close(): Promise<{ readonly chunks: number; readonly durationMs: number; readonly sizeBytes: number; readonly sha256: string }>;
}
export type RecordingSinkFactory = (target: RecordingTarget) => Promise<RecordingSink>;

/** Sounds by key: 16-bit mono 8 kHz samples; null when there is none. */
export type PromptLoader = (key: string) => Promise<Int16Array | null>;
