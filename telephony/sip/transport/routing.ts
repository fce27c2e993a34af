// Where responses go: the top Via is stamped with what we saw (RFC 3261 §18.2.1, RFC 3581), and answers follow the stamp (§18.2.2).
import { normalAddress } from "../../../core/lib/ip-address.ts";
import type { Header, SipRequest } from "../message/message.ts";
import { param, splitList } from "../message/params.ts";
import { formatVia, parseVia, type Via } from "../message/via.ts";
import type { Flow } from "./flow.ts";

/** The request with `received` (and `rport`, when asked for) of our making in its top Via. What the sender wrote there is dropped. */
export function stampVia(request: SipRequest, flow: Flow): SipRequest {
  const params = request.via.params.filter(([name]) => !/^(received|rport)$/i.test(name));
  const wantsPort = param(request.via.params, "rport") !== undefined;
  const stamped: [string, string | null][] = [];
  if (wantsPort || normalAddress(request.via.host) !== normalAddress(flow.remote.address)) stamped.push(["received", flow.remote.address]);
  if (wantsPort) stamped.push(["rport", String(flow.remote.port)]);
  const via: Via = { ...request.via, params: [...params, ...stamped] };
  return { ...request, via, headers: replaceTopVia(request.headers, via) };
}

function replaceTopVia(headers: readonly Header[], via: Via): readonly Header[] {
  const index = headers.findIndex(({ key }) => key === "via");
  const line = headers[index]!;
  const rest = splitList(line.value)?.slice(1) ?? [];
  const value = [formatVia(via), ...rest].join(", ");
  return headers.with(index, { ...line, value });
}

/** The flow on which a response leaves. `maddr` and a written `received` are never followed: nobody points our answers elsewhere. */
export function responseFlow(via: Via, flow: Flow): Flow {
  if (flow.transport !== "udp") return flow;
  // A Via that names another transport than the one it came by says nothing about UDP ports: back to the source then, as with rport.
  const wantsSource = param(via.params, "rport") !== undefined || via.transport !== "UDP";
  const port = wantsSource ? flow.remote.port : (via.port ?? 5060);
  return port === 0 ? flow : { ...flow, remote: { address: flow.remote.address, port } };
}

/** The same for a message that could not be parsed: by its top Via when that much is readable, else to the source. */
export function brokenResponseFlow(headers: readonly Header[], flow: Flow): Flow {
  const line = headers.find(({ key }) => key === "via");
  const via = line === undefined ? null : parseVia(splitList(line.value)?.[0] ?? "");
  return via === null ? flow : responseFlow(via, flow);
}
