// How messages find their transaction (RFC 3261 §17.1.3, §17.2.3), the RFC 2543 way included.
import { hostText, normalAddress } from "../../../core/lib/ip-address.ts";
import type { SipRequest } from "../message/message.ts";
import { tagOf } from "../message/name-addr.ts";
import { formatVia, magicBranch } from "../message/via.ts";
import type { Flow } from "../transport/flow.ts";

/**
 * One text per server transaction. An ACK finds its INVITE, every other method is on its own. The source address is part of it:
 * nobody reaches a stranger's transaction by guessing its branch.
 */
export function serverKey(request: SipRequest, flow: Flow, method: string = request.method): string {
  const base = method === "ACK" ? "INVITE" : method;
  const isBrowser = flow.transport === "ws" || flow.transport === "wss";
  const source = `${flow.transport}|${isBrowser ? flow.connectionId : normalAddress(flow.remote.address)}`;
  const branch = magicBranch(request.via);
  if (branch !== null) return `${source}|${branch}|${hostText(request.via.host)}:${request.via.port ?? ""}|${base}`;
  // §17.2.3, second half. The To tag is left out: an ACK carries the one that our response added.
  return `${source}|2543|${request.uriText}|${tagOf(request.from) ?? ""}|${request.callId}|${request.cseq.number}|${formatVia(request.via)}|${base}`;
}

/** Equal for the copies of one request that took different ways (RFC 3261 §8.2.2.2). */
export function mergeKey(request: SipRequest): string {
  return `${tagOf(request.from) ?? ""}|${request.callId}|${request.cseq.number} ${request.cseq.method}`;
}

export function clientKey(branch: string, method: string): string {
  return `${branch}|${method}`;
}
