// A dialog (RFC 3261 §12): who talks to whom under which tags, along which route, counted how. Pure values.
import type { Header, RequestDraft, SipRequest, SipResponse } from "../message/message.ts";
import { emptyBody, header } from "../message/message.ts";
import { addressList, tagOf } from "../message/name-addr.ts";
import type { Flow } from "../transport/flow.ts";

export type Dialog = {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Whole header values, tags included, as they stand in From and To. */
  readonly localText: string;
  readonly remoteText: string;
  /** Where requests to the peer are addressed: its last Contact. */
  readonly remoteTarget: string;
  /** URIs with brackets and parameters, in the order of the Route header. */
  readonly routeSet: readonly string[];
  readonly localSeq: number;
  /** Null until the peer has sent a request in it. */
  readonly remoteSeq: number | null;
  readonly flow: Flow;
};

/** The dialog that our response with `localTag` makes of an INVITE (§12.1.1). */
export function uasDialog(invite: SipRequest, localTag: string, flow: Flow): Dialog {
  return {
    callId: invite.callId,
    localTag,
    remoteTag: tagOf(invite.from) ?? "",
    localText: `${textOf(invite, "to")};tag=${localTag}`,
    remoteText: textOf(invite, "from"),
    // RFC 2543 callers send no Contact: what they call themselves has to do.
    remoteTarget: contactOf(invite) ?? invite.from.uriText,
    routeSet: recordRoutes(invite),
    localSeq: 0,
    remoteSeq: invite.cseq.number,
    flow,
  };
}

/** The dialog that a response with a To tag makes of our INVITE (§12.1.2). */
export function uacDialog(invite: RequestDraft, response: SipResponse, flow: Flow): Dialog {
  return {
    callId: response.callId,
    localTag: tagOf(response.from) ?? "",
    remoteTag: tagOf(response.to) ?? "",
    localText: textOf(invite, "from"),
    remoteText: textOf(response, "to"),
    remoteTarget: contactOf(response) ?? invite.uriText,
    routeSet: recordRoutes(response).reverse(),
    localSeq: response.cseq.number,
    remoteSeq: null,
    flow,
  };
}

/** The key under which requests from the peer find it. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}|${localTag}|${remoteTag}`;
}

/** The next request within it, and the dialog with its number taken (§12.2.1.1). ACK takes the number of its INVITE. */
export function requestWithin(
  dialog: Dialog,
  method: string,
  parts: { readonly headers?: readonly Header[]; readonly body?: Uint8Array; readonly seq?: number } = {},
): { readonly dialog: Dialog; readonly request: RequestDraft } {
  const seq = parts.seq ?? dialog.localSeq + 1;
  const { uriText, routes } = routeOf(dialog);
  const headers = [
    ...routes.map((route) => header("Route", route)),
    header("From", dialog.localText),
    header("To", dialog.remoteText),
    header("Call-ID", dialog.callId),
    header("CSeq", `${seq} ${method}`),
    header("Max-Forwards", "70"),
    ...(parts.headers ?? []),
  ];
  const next = parts.seq === undefined ? { ...dialog, localSeq: seq } : dialog;
  return { dialog: next, request: { kind: "request", method, uriText, headers, body: parts.body ?? emptyBody } };
}

/** Whether a request's number may come now: never backwards (§12.2.2). */
export function isInOrder(dialog: Dialog, request: SipRequest): boolean {
  return dialog.remoteSeq === null || request.cseq.number >= dialog.remoteSeq;
}

/** The dialog after a request of the peer: its number, and the path it came by. */
export function afterRequest(dialog: Dialog, request: SipRequest, flow: Flow): Dialog {
  return { ...dialog, remoteSeq: request.cseq.number, flow };
}

/** A target refresh (§12.2): an accepted INVITE moves the peer's target to its new Contact. */
export function refreshTarget(dialog: Dialog, message: SipRequest | SipResponse): Dialog {
  const contact = contactOf(message);
  return contact === null ? dialog : { ...dialog, remoteTarget: contact };
}

/** Loose routing, or the strict routing of RFC 2543 elements (§12.2.1.1). */
function routeOf(dialog: Dialog): { uriText: string; routes: readonly string[] } {
  const [first, ...rest] = dialog.routeSet;
  if (first === undefined || /;lr[;>=]/i.test(first)) return { uriText: dialog.remoteTarget, routes: dialog.routeSet };
  return { uriText: first.replace(/^<|>.*$/g, ""), routes: [...rest, `<${dialog.remoteTarget}>`] };
}

function contactOf(message: SipRequest | SipResponse): string | null {
  const contact = addressList(message, "contact")?.[0];
  return contact?.uri.scheme === "sip" || contact?.uri.scheme === "sips" ? contact.uriText : null;
}

/** A route nobody can read is no route: the flow is used then. */
function recordRoutes(message: SipRequest | SipResponse): string[] {
  return (addressList(message, "record-route") ?? []).map((route) => `<${route.uriText}>`);
}

function textOf(message: { readonly headers: readonly Header[] }, key: string): string {
  return message.headers.find((line) => line.key === key)!.value;
}
