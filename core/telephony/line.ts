// Watching a line: whose phone rings or is busy, and how many messages wait. What telephony asks before it tells a phone.
import type { StationId, UserId } from "../lib/id.ts";

/** A person's line as somebody may see it. */
export type WatchedLine = {
  readonly userId: UserId;
  /** All devices of that person: the line is busy when one is. */
  readonly stationIds: readonly StationId[];
  /** Whether the watcher may know with whom they talk. */
  readonly seesParty: boolean;
  /** Whether the watcher may take the calls that ring there. */
  readonly mayPickUp: boolean;
};

/** Voice messages of a person: not heard yet, and heard. */
export type MessagesWaiting = { readonly fresh: number; readonly heard: number };

export interface LinePort {
  /** Whom `watcher` means by `named` (an extension, a direct number, or the user part of a phone's address). Asked before every word that is told. */
  watched(watcher: UserId, named: string): WatchedLine | "unknown" | "forbidden";
  messages(userId: UserId): MessagesWaiting;
}
