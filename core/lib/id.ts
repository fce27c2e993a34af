// Ids: UUIDv7 strings, the same text in log, URL, SIP header, database and API; branded in types.
import type { Clock, Random } from "../env/env.ts";

export type Brand<T, B extends string> = T & { readonly __brand: B };
export type Id<B extends string> = Brand<string, B>;

export type OrganizationId = Id<"Organization">;
export type DivisionId = Id<"Division">;
export type UserId = Id<"User">;
export type ConversationId = Id<"Conversation">;
export type ParticipantId = Id<"Participant">;
export type SessionId = Id<"Session">;
export type LegId = Id<"Leg">;
export type QueueId = Id<"Queue">;
export type SkillId = Id<"Skill">;
export type WrapupCodeId = Id<"WrapupCode">;
export type FlowId = Id<"Flow">;
export type PromptId = Id<"Prompt">;
export type StationId = Id<"Station">;
export type TrunkId = Id<"Trunk">;
export type SiteId = Id<"Site">;
export type ConferenceRoomId = Id<"ConferenceRoom">;
export type AlertId = Id<"Alert">;
export type RecordingId = Id<"Recording">;
export type EventId = Id<"Event">;

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A new UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, 74 random bits. */
export function newId<T extends string = string>(env: { clock: Clock; random: Random }): T {
  const bytes = env.random.bytes(16);
  const at = env.clock.now();
  bytes[0] = (at / 2 ** 40) & 0xff;
  bytes[1] = (at / 2 ** 32) & 0xff;
  bytes[2] = (at >>> 24) & 0xff;
  bytes[3] = (at >>> 16) & 0xff;
  bytes[4] = (at >>> 8) & 0xff;
  bytes[5] = at & 0xff;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return formatUuid(bytes) as T;
}

/** Sixteen bytes as the canonical text of a UUID. */
export function formatUuid(b: Uint8Array): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += hex[b[i]!];
  }
  return text;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` is a UUID in canonical lower-case form. */
/** The instant of a UUIDv7, epoch ms. */
export function idTime(id: string): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

export function isId(text: string): boolean {
  return uuidPattern.test(text);
}
