// The chain, version 1: the text of an event's header, its hash, and what a payload is bound to. 0001_log.sql computes the same hash.
import { createHash } from "node:crypto";
import type { PlainHeader } from "./event.ts";

/** What the first event links to. */
export const firstPrev = "0".repeat(64);

/** Types, and ids of any kind: no comma, no line break, never "-", which stands for "none". The database checks the same. */
export const eventTypePattern = /^[a-z0-9][a-z0-9.-]{0,63}$/;
export const headerIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127}$/;
export const subjectsMax = 16;

type Facts = Pick<PlainHeader, "id" | "at" | "node" | "type" | "divisionId" | "actorId" | "subjectIds">;

/**
 * Line by line: version, organization, sequence, previous hash, id, epoch ms, node, type, division or "-", actor, subjects joined by ","
 * or "-", payload digest. Every field is ASCII without line breaks, so the text is unambiguous.
 */
export function headerText(header: Omit<PlainHeader, "hash">): string {
  const { organizationId, seq, prev, payloadDigest } = header;
  return ["landline.event.v1", organizationId, seq, prev, ...factsOf(header), payloadDigest].join("\n");
}

/**
 * What a payload is sealed to: everything of its header that is known before it has a place in the chain. So neither who did it nor to what
 * can be written anew, not even in the minute before the next head is signed.
 */
export function payloadPlace(header: Facts & Pick<PlainHeader, "organizationId">): string {
  return ["landline.payload.v1", header.organizationId, ...factsOf(header)].join("\n");
}

/** SHA-256 of the text, lower-case hex. */
export function headerHash(header: Omit<PlainHeader, "hash">): string {
  return createHash("sha256").update(headerText(header), "utf8").digest("hex");
}

/** In both texts, and in this order. */
function factsOf({ id, at, node, type, divisionId, actorId, subjectIds }: Facts): readonly (string | number)[] {
  return [id, at, node, type, divisionId ?? "-", actorId, subjectIds.length === 0 ? "-" : subjectIds.join(",")];
}
