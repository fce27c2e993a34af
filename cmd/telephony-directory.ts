// What telephony asks of the configuration: whose address is that, which phone, which station.
import type { TelephonyDirectory } from "../core/call/call-control.ts";
import type { Directory } from "../core/exchange/directory.ts";
import type { TrunkId } from "../core/lib/id.ts";
import { hostText, isIpv6, normalAddress } from "../core/lib/ip-address.ts";
import { trunkPasswordPlace } from "../core/telephony/commands.ts";
import type { OpenNode } from "./node.ts";
import { openHa1 } from "./phone-secret.ts";

export function telephonyDirectory(directory: Directory, node: OpenNode): TelephonyDirectory {
  const testPeers = new Set(node.config["test-peers"].map(normalAddress));
  return {
    trunkByAddress: (address) => {
      const wanted = normalAddress(address);
      const trunk = directory.current.trunks.find((entry) => entry.addresses.some((own) => normalAddress(own) === wanted));
      if (trunk !== undefined) return { trunkId: trunk.id, name: trunk.name };
      return testPeers.has(wanted) ? { trunkId: node.app.nodeId as unknown as TrunkId, name: "test peer" } : null;
    },
    trunks: () =>
      directory.current.trunks
        .filter(({ proxies }) => proxies.length > 0)
        .map(({ id, name, version, transport, proxies, username, domain, sealedPassword, registers, heartbeat }) => {
          const hops = proxies.map(hopOf);
          const password = sealedPassword === null ? "" : (node.app.secrets.open(sealedPassword, trunkPasswordPlace(id)) ?? "");
          const account = username === "" ? null : { username, password, domain: domain || hostText(hops[0]!.host) };
          return { trunkId: id, name, version, transport, proxies: hops, account, registers, heartbeat };
        }),
    phone: (username) => {
      const station = directory.current.stations.find((entry) => entry.username === username && entry.kind === "phone");
      if (station?.sealedHa1 == null || station.userId === null) return null;
      const ha1 = openHa1(node.keys, username, station.sealedHa1);
      return ha1 === null ? null : { stationId: station.id, userId: station.userId, ha1 };
    },
    station: (id) => {
      const station = directory.current.stations.find((entry) => entry.id === id);
      return station === undefined || station.userId === null
        ? null
        : { username: station.username, userId: station.userId, kind: station.kind };
    },
  };
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address. */
function hopOf(proxy: string): { readonly host: string; readonly port: number | null } {
  if (isIpv6(proxy)) return { host: proxy, port: null };
  const [, host = proxy, port] = /^(.*?)(?::([0-9]+))?$/.exec(proxy) ?? [];
  return { host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? null : Number(port) };
}
