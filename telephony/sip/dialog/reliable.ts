// Reliable provisional responses (RFC 3262), either side: how they are numbered and acknowledged. Pure values.
import { earlyDialogsMax } from "../../../core/lib/limits.ts";
import {
  type Header,
  header,
  headerTokens,
  headerValue,
  type RequestDraft,
  type ResponseDraft,
  type SipRequest,
  type SipResponse,
} from "../message/message.ts";
import { tagOf } from "../message/name-addr.ts";
import type { Flow } from "../transport/flow.ts";
import { type Dialog, requestWithin, uacDialog } from "./dialog.ts";

/** Our reliable provisional, repeated until its PRACK comes. */
export type Unproved = { readonly response: ResponseDraft; readonly rseq: number; readonly intervalMs: number };

/** A dialog that a provisional response to our INVITE made, and the last reliable one that we took in it. */
export type Early = { readonly dialog: Dialog; readonly rseq: number | null };

export function requires100rel(message: SipRequest | SipResponse): boolean {
  return headerTokens(message, "require").includes("100rel");
}

/** §3: what the caller requires; else only what carries a description is worth the repeating. */
export function isReliable(invite: SipRequest, body: Uint8Array | undefined): boolean {
  return requires100rel(invite) || (body !== undefined && headerTokens(invite, "supported").includes("100rel"));
}

/** §3: the first number is any of 1 to 2^31 - 1; the tag is random already, and the host is the only one with chance. */
export function firstRseq(localTag: string): number {
  const chance = Number.parseInt(localTag.slice(0, 7), 16);
  return Number.isNaN(chance) ? 1 : chance + 1;
}

export function reliableHeaders(rseq: number): Header[] {
  return [header("Require", "100rel"), header("RSeq", String(rseq))];
}

/** Whether a PRACK is for that provisional of that INVITE (§3). */
export function acknowledges(prack: SipRequest, rseq: number, inviteSeq: number): boolean {
  const found = /^\s*([0-9]{1,10})\s+([0-9]{1,10})\s+INVITE\s*$/.exec(headerValue(prack, "rack") ?? "");
  return found !== null && Number(found[1]) === rseq && Number(found[2]) === inviteSeq;
}

/** What a provisional response with a To tag means: the early dialogs after it, our PRACK, and whether it is news (§4). */
export type Heard = { readonly early: readonly Early[]; readonly prack: RequestDraft | null; readonly isNews: boolean };

export function hearProvisional(early: readonly Early[], invite: RequestDraft, response: SipResponse, flow: Flow): Heard {
  const tag = tagOf(response.to);
  if (tag === null) return { early, prack: null, isNews: true };
  const known = early.find(({ dialog }) => dialog.remoteTag === tag);
  if (known === undefined && early.length >= earlyDialogsMax) return { early, prack: null, isNews: false };
  const { dialog, rseq } = known ?? { dialog: uacDialog(invite, response, flow), rseq: null };
  const others = early.filter((one) => one !== known);
  const told = requires100rel(response) ? rseqOf(response) : null;
  if (told === null) return { early: [...others, { dialog, rseq }], prack: null, isNews: true };
  // §4: a repeated one is acknowledged by the PRACK's own transaction, one that came too early comes again.
  if (rseq !== null && told !== rseq + 1) return { early, prack: null, isNews: false };
  const rack = header("RAck", `${told} ${response.cseq.number} INVITE`);
  const next = requestWithin(dialog, "PRACK", { headers: [rack] });
  return { early: [...others, { dialog: next.dialog, rseq: told }], prack: next.request, isNews: true };
}

/** The dialog that a 2xx makes, counting on from what its early dialog has sent. */
export function answeredDialog(early: readonly Early[], invite: RequestDraft, response: SipResponse, flow: Flow): Dialog {
  const dialog = uacDialog(invite, response, flow);
  return { ...dialog, localSeq: lastSeq(early, dialog.remoteTag, dialog.localSeq) };
}

/** The last number that we used towards one fork. */
export function lastSeq(early: readonly Early[], remoteTag: string, inviteSeq: number): number {
  return Math.max(inviteSeq, ...early.filter(({ dialog }) => dialog.remoteTag === remoteTag).map(({ dialog }) => dialog.localSeq));
}

function rseqOf(response: SipResponse): number | null {
  const found = /^\s*([0-9]{1,10})\s*$/.exec(headerValue(response, "rseq") ?? "");
  return found === null ? null : Number(found[1]);
}
