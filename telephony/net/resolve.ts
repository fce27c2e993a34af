// Where the name of a next hop leads (RFC 3263): an address as it is, a name with a port by its addresses, a name alone by SRV first.
import { lookup, resolveSrv } from "node:dns/promises";
import { isIpv4, isIpv6 } from "../../core/lib/ip-address.ts";
import type { Endpoint } from "../sip/transport/flow.ts";

export type Named = { readonly host: string; readonly port: number | null };
export type Service = "UDP" | "TCP" | "TLS";

/** The two questions that are asked of the outside. `draw`: 0 ≤ x < 1. */
export type NameServer = {
  readonly addresses: (name: string) => Promise<readonly string[]>;
  readonly services: (name: string) => Promise<readonly SrvRecord[]>;
  readonly draw: () => number;
};
export type SrvRecord = { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number };

const servicesOf: Readonly<Record<Service, string>> = { UDP: "_sip._udp", TCP: "_sip._tcp", TLS: "_sips._tcp" };
const endpointsMax = 16;

/** The machine's own: /etc/hosts counts for addresses. */
export function machineNames(draw: () => number): NameServer {
  return {
    addresses: async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address),
    services: (name) => resolveSrv(name),
    draw,
  };
}

/** Endpoints in the order in which they are to be tried; none: there is no such name. The transport is the trunk's, so NAPTR is not asked. */
export async function resolveHop({ host, port }: Named, service: Service, names: NameServer): Promise<readonly Endpoint[]> {
  const usual = service === "TLS" ? 5061 : 5060;
  if (isIpv4(host) || isIpv6(host)) return [{ address: host, port: port ?? usual }];
  if (port !== null) return addressesOf(host, port, names);
  const records = await names.services(`${servicesOf[service]}.${host}`).catch((): readonly SrvRecord[] => []);
  // RFC 2782: a lone "." says that the service is decidedly not there.
  if (records.length === 1 && (records[0]!.name === "." || records[0]!.name === "")) return [];
  const targets = records.length === 0 ? [{ name: host, port: usual }] : inOrder(records, names.draw);
  const found = await Promise.all(targets.slice(0, endpointsMax).map((target) => addressesOf(target.name, target.port, names)));
  return found.flat().slice(0, endpointsMax);
}

async function addressesOf(name: string, port: number, names: NameServer): Promise<readonly Endpoint[]> {
  const addresses = await names.addresses(name).catch((): readonly string[] => []);
  return [...new Set(addresses)].map((address) => ({ address, port }));
}

/** By priority; within one, drawn by weight (RFC 2782). */
export function inOrder(records: readonly SrvRecord[], draw: () => number): readonly SrvRecord[] {
  const byPriority = [...Map.groupBy(records, ({ priority }) => priority)].sort(([a], [b]) => a - b);
  return byPriority.flatMap(([, group]) => {
    // What has no weight comes first, so that it is seldom drawn but can be.
    const left = group.toSorted((a, b) => a.weight - b.weight);
    const drawn: SrvRecord[] = [];
    while (left.length > 0) {
      const total = left.reduce((sum, { weight }) => sum + weight, 0);
      let at = draw() * total;
      const index = left.findIndex(({ weight }) => {
        at -= weight;
        return at <= 0;
      });
      drawn.push(...left.splice(Math.max(index, 0), 1));
    }
    return drawn;
  });
}
