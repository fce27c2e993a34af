// Where anything of ours may go: signalling, media, and which of our addresses a peer is told. Default deny.
import type { TelephonyDirectory } from "../core/call/call-control.ts";
import { isIpv4, isIpv6, isLoopback, isUnicast, normalAddress } from "../core/lib/ip-address.ts";
import { parseUri } from "./sip/message/uri.ts";
import type { Flow } from "./sip/transport/flow.ts";

/**
 * The next hop of a request within a dialog. A peer's Contact or Route may move it to another port of itself or to an address of a
 * configured trunk, and nowhere else: no name is looked up, no stranger is contacted because a message says so.
 */
export function nextHop(uriText: string, flow: Flow, directory: TelephonyDirectory): Flow {
  if (flow.transport !== "udp") return flow;
  const uri = parseUri(uriText);
  if (uri?.scheme !== "sip" || !(isIpv4(uri.host) || isIpv6(uri.host))) return flow;
  const address = normalAddress(uri.host);
  const isAllowed = address === normalAddress(flow.remote.address) || directory.trunkByAddress(address) !== null;
  return isAllowed && uri.port !== 0 ? { ...flow, remote: { address, port: uri.port ?? 5060 } } : flow;
}

/**
 * Whether media may be sent to `address` for a peer that signals from `signalling`: nobody outside makes us talk to ourselves, by loopback or by
 * one of our `own` addresses, where the ports of other calls are.
 */
export function mayReceiveMedia(address: string, signalling: string, own: readonly string[] = []): boolean {
  const isOurs = (one: string): boolean => isLoopback(one) || own.some((mine) => normalAddress(mine) === normalAddress(one));
  return isUnicast(address) && isLoopback(address) === isLoopback(signalling) && (!isOurs(address) || isOurs(signalling));
}

/** Which of our own addresses (public ones first) a peer is told to send to. */
export function localAddressFor(remote: string, own: readonly string[]): string {
  if (isLoopback(remote)) return own.find(isLoopback) ?? (remote.includes(":") ? "::1" : "127.0.0.1");
  const sameFamily = own.filter((address) => address.includes(":") === normalAddress(remote).includes(":"));
  return sameFamily.find((address) => !isLoopback(address)) ?? sameFamily[0] ?? own[0] ?? "127.0.0.1";
}
