// The INVITEs that we send: to our own stations, and to numbers by a trunk. What is not meant for a peer is not in them.
import type { CallCommand, CallerIdentity, Diversion, TrunkManner } from "../core/call/call-control.ts";
import { hostText } from "../core/lib/ip-address.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";
import type { CivicAddress } from "../core/telephony/civic-address.ts";
import { pidfLoType, writePidfLo } from "../core/telephony/pidf-lo.ts";
import { type Header, header, type RequestDraft, toWire } from "./sip/message/message.ts";
import { formatNameAddr } from "./sip/message/name-addr.ts";
import { encodeUser } from "./sip/message/uri.ts";
import type { Endpoint } from "./sip/transport/flow.ts";

export type DialStation = Extract<CallCommand, { kind: "dial-station" }>;
export type DialTrunk = Extract<CallCommand, { kind: "dial-trunk" }>;

/** What every INVITE of ours needs besides. Tokens are random; `contact` with brackets. */
export type InviteParts = {
  readonly body: Uint8Array;
  readonly local: Endpoint;
  readonly contact: string;
  readonly callId: string;
  readonly tag: string;
  /** Between the parts of a body; random. */
  readonly boundary: string;
  /** Epoch ms. */
  readonly now: number;
};

/** `contact` is the binding's: as registered, it is the Request-URI. `path`: the proxies that it was registered by (RFC 3327 §5.3), our Route. */
export function stationInvite(
  dial: DialStation,
  username: string,
  binding: { readonly contact: string; readonly path: readonly string[] },
  parts: InviteParts,
): RequestDraft {
  const host = hostText(parts.local.address);
  const from = `sip:${userPart(dial.callerNumber) || "anonymous"}@${host}`;
  const to = `<sip:${encodeUser(toWire(username))}@${host}>`;
  // Our own stations may know which conversation rings; nobody else ever sees an id of ours.
  const route = binding.path.map((proxy) => header("Route", proxy));
  const own = [...route, header("X-Landline-Conversation", dial.conversationId), ...(dial.autoAnswer ? autoAnswer : [])];
  return invite(binding.contact, formatNameAddr(nameOf(dial.callerName), from), to, parts, own);
}

/**
 * To a carrier or PBX: at `host`, or where we have an account, at its domain and as one of that domain. Who calls stands in From and, for whom
 * the trunk trusts (RFC 3325), in P-Asserted-Identity, or where the carrier reads it; withheld, From is anonymous (RFC 3323 §4.1.1.3) and nothing
 * else says who it is.
 */
export function trunkInvite(
  dial: DialTrunk,
  domain: string | null,
  host: string,
  parts: InviteParts,
  manner: Pick<TrunkManner, "callerIdHeader" | "diversion"> | null = null,
): RequestDraft {
  const uri = `sip:${userPart(dial.number)}@${domain ?? host}`;
  const own = domain ?? hostText(parts.local.address);
  const identity = identityHeaders(dial.shown, own, manner?.callerIdHeader ?? "P-Asserted-Identity");
  const forwarded = dial.diversion === undefined ? [] : diversionHeaders(dial.diversion, own, uri, manner?.diversion ?? "none");
  const draft = invite(uri, fromOf(dial.shown, own), `<${uri}>`, parts, [...identity, ...forwarded]);
  if (dial.place === undefined) return draft;
  return withPlace(draft, dial.place, `sip:${userPart(dial.shown.number) || "anonymous"}@${own}`, parts);
}

/** Location by value (RFC 6442 §3.1): beside the description, named by its Content-ID. Who gets it may route by it (§4.2): that is what it is for. */
function withPlace(draft: RequestDraft, place: CivicAddress, entity: string, { boundary, now, local }: InviteParts): RequestDraft {
  const id = `${boundary}@${local.address.includes(":") ? "landline.invalid" : local.address}`;
  const description = `--${boundary}\r\nContent-Type: application/sdp\r\n\r\n`;
  const document = `\r\n--${boundary}\r\nContent-Type: ${pidfLoType}\r\nContent-ID: <${id}>\r\n\r\n${writePidfLo(place, entity, now)}\r\n--${boundary}--\r\n`;
  const body = Buffer.concat([Buffer.from(description), draft.body, Buffer.from(document)]);
  const headers = draft.headers.map((one) =>
    one.key === "content-type" ? header("Content-Type", `multipart/mixed;boundary=${boundary}`) : one,
  );
  return { ...draft, headers: [...headers, header("Geolocation", `<cid:${id}>`), header("Geolocation-Routing", "yes")], body };
}

/** Who has forwarded the call: RFC 5806 §4, or RFC 7044 §5 with the cause of RFC 4458. Whoever does not want to be told of is marked so in either. */
function diversionHeaders({ number, isPrivate }: Diversion, own: string, target: string, by: TrunkManner["diversion"]): readonly Header[] {
  if (by === "none" || number === "") return [];
  const diverter = `sip:${userPart(number)}@${own}`;
  if (by === "Diversion") return [header("Diversion", `<${diverter}>;reason=deflection;privacy=${isPrivate ? "full" : "off"}`)];
  const privacy = isPrivate ? "Privacy=history&" : "";
  const first = `<${diverter}?${privacy}Reason=SIP%3Bcause%3D302>;index=1`;
  return [header("History-Info", first), header("History-Info", `<${target};cause=302>;index=1.1;mp=1`)];
}

function invite(uriText: string, from: string, to: string, parts: InviteParts, more: readonly Header[]): RequestDraft {
  const headers = [
    header("From", `${from};tag=${parts.tag}`),
    header("To", to),
    header("Call-ID", parts.callId),
    header("CSeq", "1 INVITE"),
    header("Max-Forwards", "70"),
    header("Contact", parts.contact),
    header("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"),
    header("Content-Type", "application/sdp"),
    ...more,
  ];
  return { kind: "request", method: "INVITE", uriText, headers, body: parts.body };
}

function fromOf({ number, name }: CallerIdentity, host: string): string {
  if (number === "") return '"Anonymous" <sip:anonymous@anonymous.invalid>';
  return formatNameAddr(nameOf(name), `sip:${userPart(number)}@${host}`);
}

function identityHeaders({ number, name }: CallerIdentity, host: string, by: TrunkManner["callerIdHeader"]): readonly Header[] {
  if (number === "") return [header("Privacy", "id")];
  const identity = formatNameAddr(nameOf(name), `sip:${userPart(number)}@${host}`);
  switch (by) {
    case "P-Asserted-Identity":
      return [header("P-Asserted-Identity", identity)];
    // It never became a standard; draft-ietf-sip-privacy-04 §5.
    case "Remote-Party-ID":
      return [header("Remote-Party-ID", `${identity};party=calling;privacy=off;screen=no`)];
    case "From":
      return [];
  }
}

/** Names and numbers are core's and cleaned once more: nothing of them can become a header. */
function nameOf(name: string): string {
  return toWire(cleanRemoteText(name));
}

function userPart(number: string): string {
  return encodeUser(toWire(cleanRemoteText(number)));
}

/** What phones and softphones understand as "pick up by yourself". */
const autoAnswer: readonly Header[] = [
  header("Call-Info", "<sip:landline>;answer-after=0"),
  header("Alert-Info", "<http://localhost>;info=alert-autoanswer"),
];
