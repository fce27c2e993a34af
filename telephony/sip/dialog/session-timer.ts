// Session timers (RFC 4028): how long a session lasts without a refresh, who refreshes, and the headers that say so. Pure values.
import { sessionIntervalMax, sessionIntervalMin, sessionIntervalUsual } from "../../../core/lib/limits.ts";
import { type Header, header, headerTokens, headerValue, type SipRequest, type SipResponse } from "../message/message.ts";

/** What both sides said in the last 2xx: so many seconds, and whether we are the one who refreshes. */
export type Agreement = { readonly seconds: number; readonly isOurs: boolean };

type Wish = { readonly seconds: number; readonly refresher: "uac" | "uas" | null };
type HasHeaders = { readonly headers: readonly Header[] };

/** Whether a request asks for more refreshes than we bear: 422 (§9). Who does not know timers could not obey, and is not refused. */
export function isTooShort(request: SipRequest): boolean {
  const wish = wishOf(request);
  return wish !== null && wish.seconds < sessionIntervalMin && knowsTimers(request);
}

/** What our 2xx to an INVITE or UPDATE says (§9, Table 2). Null: the session does not expire. */
export function agree(request: SipRequest): Agreement | null {
  const wish = wishOf(request);
  const least = Math.min(minimumOf(request) ?? sessionIntervalMin, sessionIntervalMax);
  // A caller that does not know timers leaves the refreshes to us, when a proxy between us wants them.
  if (!knowsTimers(request)) {
    return wish === null || wish.seconds < sessionIntervalMin ? null : { seconds: shorten(wish.seconds, least), isOurs: true };
  }
  if (wish === null) return { seconds: Math.max(sessionIntervalUsual, least), isOurs: true };
  return { seconds: shorten(wish.seconds, least), isOurs: wish.refresher === "uas" };
}

/** The answering side may shorten what was asked, never below Min-SE, and never lengthen it (§9). */
function shorten(seconds: number, least: number): number {
  return Math.min(seconds, Math.max(sessionIntervalUsual, least));
}

/** The headers of our 2xx. §9: whoever knows timers is required to, as it must refresh or expect our BYE. */
export function agreementHeaders(request: SipRequest, agreement: Agreement | null): Header[] {
  if (agreement === null) return [];
  const expires = header("Session-Expires", `${agreement.seconds};refresher=${agreement.isOurs ? "uas" : "uac"}`);
  return knowsTimers(request) ? [header("Require", "timer"), expires] : [expires];
}

/** The headers of a request of ours. Null: the other side may say who refreshes (§7.1). */
export function wishHeaders(seconds: number, minimum: number, refresher: "uac" | "uas" | null): Header[] {
  const expires = String(Math.max(seconds, minimum)) + (refresher === null ? "" : `;refresher=${refresher}`);
  return [header("Session-Expires", expires), header("Min-SE", String(minimum))];
}

/** What a 2xx to a request of ours says (§7.2). Without a word the session does not expire. */
export function agreementOf(response: SipResponse): Agreement | null {
  const wish = wishOf(response);
  if (wish === null || wish.seconds === 0) return null;
  const seconds = Math.min(Math.max(wish.seconds, sessionIntervalMin), sessionIntervalMax);
  return { seconds, isOurs: wish.refresher !== "uas" };
}

/** What a 422 demands (§7.3); null when it says nothing that could be obeyed. */
export function minimumTold(response: SipResponse): number | null {
  const minimum = response.status === 422 ? minimumOf(response) : null;
  return minimum === null || minimum > sessionIntervalMax ? null : minimum;
}

/** §7.4, §10: refresh at half of the interval. */
export function refreshAfterMs({ seconds }: Agreement): number {
  return seconds * 500;
}

/** §10: the BYE leaves a third of the interval before its end, at most 32 s. */
export function expireAfterMs({ seconds }: Agreement): number {
  return (seconds - Math.min(32, seconds / 3)) * 1_000;
}

/** RFC 3326: why the BYE comes. */
export const expiredReason: readonly Header[] = [header("Reason", 'SIP;cause=408;text="Session timer expired"')];

function knowsTimers(message: HasHeaders): boolean {
  return headerTokens(message, "supported").includes("timer") || headerTokens(message, "require").includes("timer");
}

function wishOf(message: HasHeaders): Wish | null {
  const value = headerValue(message, "session-expires");
  const found = value === null ? null : /^\s*([0-9]{1,10})\s*(;.*)?$/.exec(value);
  if (found === null) return null;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(found[2] ?? "")?.[1]?.toLowerCase();
  return { seconds: Number(found[1]), refresher: refresher === "uac" || refresher === "uas" ? refresher : null };
}

function minimumOf(message: HasHeaders): number | null {
  const found = /^\s*([0-9]{1,10})\s*(;.*)?$/.exec(headerValue(message, "min-se") ?? "");
  return found === null ? null : Number(found[1]);
}
