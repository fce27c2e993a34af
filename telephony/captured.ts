// Whether a leg, or a message, is one that the admin wants captured. Pure.
import type { CaptureWanted } from "../core/call/call-control.ts";
import type { ConversationId, StationId, TrunkId } from "../core/lib/id.ts";
import type { MediaCommand } from "./media/plane.ts";

/** Whose a leg is; null: of no trunk, of no station. `isPrivate`: its call is in a secure pause. */
export type CapturedLeg = {
  readonly conversationId: ConversationId;
  readonly trunkId: TrunkId | null;
  readonly stationId: StationId | null;
  readonly isPrivate: boolean;
};
type Mode = Extract<MediaCommand, { kind: "capture" }>["mode"];

export function captureMode(wanted: CaptureWanted | null, leg: CapturedLeg): Mode {
  if (wanted === null || leg.isPrivate || !isWanted(wanted, leg)) return "off";
  return wanted.withVoice ? "voice" : "headers";
}

/** `method`: of a request, or of the request that a response answers. An INFO may be a key, and in a secure pause not even how many there were is kept. */
export function isMessageWanted(wanted: CaptureWanted, leg: CapturedLeg, method: string): boolean {
  return isWanted(wanted, leg) && !(leg.isPrivate && method === "INFO");
}

export function isWanted(wanted: CaptureWanted, leg: Omit<CapturedLeg, "isPrivate">): boolean {
  return (
    (wanted.trunkId === null || wanted.trunkId === leg.trunkId) &&
    (wanted.stationId === null || wanted.stationId === leg.stationId) &&
    (wanted.conversationId === null || wanted.conversationId === leg.conversationId)
  );
}
