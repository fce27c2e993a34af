// What the web needs from the wiring: one organization's app, the stream of events, the vault, the assets and the node's health.
import type { App } from "../core/app.ts";
import type { LadderEntry, TrunkPort, VoiceCheckPort } from "../core/call/call-control.ts";
import type { TestCallPort } from "../core/call/test-call.ts";
import type { NodeFacts } from "../core/conversation/bundle.ts";
import type { LoggedEvent } from "../core/events/index.ts";
import type { ConversationId } from "../core/lib/id.ts";
import type { RecordingVault } from "../core/recording/vault.ts";
import type { NodeSettings } from "../core/setup/node-settings.ts";
import type { Captures } from "../core/telephony/capture.ts";
import type { PhoneSecret } from "../core/telephony/commands.ts";
import type { ToneSet } from "../core/telephony/tones.ts";
import type { IceServer } from "../core/telephony/turn.ts";
import type { Channels } from "./notifications/channels.ts";

export type Asset = { readonly bytes: Uint8Array; readonly type: string; readonly etag: string };

export type NodeHealth = {
  readonly database: boolean;
  readonly journalBytes: number;
  readonly journalEvents: number;
  readonly journalFull: boolean;
  /** A sentence for people when something is wrong; null when all is well. */
  readonly problem: string | null;
  /** A sentence for people about what has to be mended while all goes on; null when there is nothing. */
  readonly warning: string | null;
  /** Whether browsers can be reached with voice at all. */
  readonly mediaAddresses: readonly string[];
};

/** One proof run: what was checked, and every place that is wrong. */
export type VerifyReport = {
  readonly events: number;
  readonly erased: number;
  readonly recordings: number;
  readonly headSeq: number;
  readonly findings: readonly { readonly code: string; readonly place: string; readonly message: string }[];
};

export interface Verification {
  /** Since when one is running, epoch ms; null: none is. */
  readonly runningSince: number | null;
  readonly last: { readonly at: number; readonly report: VerifyReport } | { readonly at: number; readonly error: string } | null;
  /** Starts one unless one is running. */
  start(): void;
}

export type WebPorts = {
  readonly app: App;
  readonly organizationName: string;
  /** For whoever asks for none of ours; BCP 47. */
  readonly organizationLanguage: string;
  /** The number that guests may call; null: they may not. */
  readonly guestNumber: string | null;
  /** Where the organization is, ISO 3166-1 alpha-2; empty: nobody has said it. */
  readonly country: string;
  /** What telephones sound like where the organization is. */
  readonly tones: ToneSet;
  /** Whether the demo centre is loaded, and how many calls of its robots are up; null: no robots at work in this process. */
  readonly demo: { readonly robotCalls: number | null } | null;
  /** What the set-up needs of the machine. */
  readonly node: NodeSettings;
  /** Answers a browser that wants to see whether voice gets through; see core/call/call-control.ts. */
  readonly voiceCheck: VoiceCheckPort;
  /** Relays for a browser, with what is its own for some hours; none: there are none. `whose`: what a relay's log may call it. */
  iceServers(whose: string): readonly IceServer[];
  /** Every event of any node, in order, once each. Returns how to stop. */
  subscribe(listener: (event: LoggedEvent) => void): () => void;
  readonly vault: RecordingVault;
  asset(path: string): Asset | null;
  health(): NodeHealth;
  verify(): Promise<VerifyReport>;
  /** What the last check in the background found; it runs at the start, every hour (a long log: less often, but every day), and when asked. */
  readonly verification: Verification;
  /** The newest signed head of this node; null: none yet. */
  lastHead(): { readonly seq: number; readonly at: number; readonly keyId: string } | null;
  /** The log's proof as lines, for checking on another machine, and the fingerprint that belongs to it. */
  exportProof(): AsyncIterable<string>;
  readonly keyFingerprint: string;
  /** What passed so far of a call that is up on this node, redacted; empty: none is. */
  ladder(conversationId: ConversationId): readonly LadderEntry[];
  /** Calls that are up on this node and go by this Call-ID or Session-ID. */
  conversationsWith(sipId: string): readonly ConversationId[];
  /** Texts by path as one gzipped tar (POSIX.1-1988 ustar). */
  archive(files: Readonly<Record<string, string>>): Promise<Uint8Array>;
  /** Versions, addresses and the machine, for whoever is sent a bundle. */
  nodeFacts(): NodeFacts;
  /** Whether a station has a device registered now. */
  isRegistered(stationId: string): boolean;
  /** Trunks as this node sees them. */
  readonly trunks: TrunkPort;
  readonly testCalls: TestCallPort;
  /** Packets of this node. */
  readonly captures: Captures;
  /** Makes the secret of a SIP phone, and what is kept of it. */
  newPhoneSecret(username: string): PhoneSecret;
  readonly channels: Channels;
  /** Our own origins, as browsers write them; null: whatever the Host header says. */
  readonly publicUrl: string | null;
  readonly trustedProxies: ReadonlySet<string>;
  readonly version: string;
};
