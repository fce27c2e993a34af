// What a REGISTER says of the way back to its device: the proxies that it came by (Path, RFC 3327), and which of the device's flows it is (RFC 5626).
import { pathProxiesMax } from "../core/lib/limits.ts";
import { type Header, header, headerTokens, headerValues, type SipRequest } from "./sip/message/message.ts";
import { addressList, type NameAddr } from "./sip/message/name-addr.ts";
import { param } from "./sip/message/params.ts";

/** `path`: as written, nearest to us first: the Route of every call. `usesFlows`: contacts are told apart by device and flow. */
export type WayBack = { readonly path: readonly string[]; readonly usesFlows: boolean };

/** @returns 400 for a path that nobody can be sent along, 439 where the device's first proxy keeps no flows (RFC 5626 §6) */
export function wayBackOf(request: SipRequest, transport: string): WayBack | 400 | 439 {
  const addresses = headerValues(request, "path").length === 0 ? [] : addressList(request, "path");
  if (addresses === null || addresses.length > pathProxiesMax) return 400;
  // A strict router (RFC 2543) would take the Request-URI away.
  if (addresses.some(({ uri }) => (uri.scheme !== "sip" && uri.scheme !== "sips") || !uri.params.has("lr"))) return 400;
  const path = addresses.map(({ uriText }) => `<${uriText}>`);
  const flows = (addressList(request, "contact") ?? []).flatMap((contact) => flowIdOf(contact) ?? []);
  if (flows.length === 0 || !headerTokens(request, "supported").includes("outbound")) return { path, usesFlows: false };
  // One request speaks of one flow: the one that it came along.
  if (flows.length > 1) return 400;
  const first = addresses.at(-1);
  const isDirect = headerValues(request, "via").length === 1;
  const keepsFlows = first !== undefined && (first.uri.scheme === "sip" || first.uri.scheme === "sips") && first.uri.params.has("ob");
  if (!isDirect && !keepsFlows) return 439;
  // A flow over UDP lives by STUN on its port (§4.4.2), which we do not speak: such a device is told nothing of flows, and goes on without.
  return { path, usesFlows: !isDirect || transport !== "udp" };
}

/** The device and its flow (§4.2), or null: the contact names none. */
export function flowIdOf({ params }: NameAddr): string | null {
  const [instance, regId] = [param(params, "+sip.instance"), param(params, "reg-id")];
  if (!instance || !regId || !/^[1-9][0-9]{0,9}$/.test(regId)) return null;
  return `;+sip.instance="${instance.replace(/["\\\r\n]/g, "")}";reg-id=${regId}`;
}

/** What a device is told of both in the 200. */
export function wayBackHeaders({ path, usesFlows }: WayBack): readonly Header[] {
  return [
    ...path.map((value) => header("Path", value)),
    header("Supported", "path, outbound"),
    ...(usesFlows ? [header("Require", "outbound")] : []),
  ];
}
