// What telephony asks of the configuration: whose address is that, which phone, which station.
import type { TelephonyDirectory } from "../core/call/call-control.ts";
import type { Configuration, Directory } from "../core/exchange/directory.ts";
import { helpNumberOf } from "../core/exchange/outbound.ts";
import { watchedLine } from "../core/exchange/watching.ts";
import type { StationId, TrunkId } from "../core/lib/id.ts";
import { endpointOf, hostAndPort, hostText, normalAddress } from "../core/lib/ip-address.ts";
import { trunkKeyPlace, trunkPasswordPlace } from "../core/telephony/commands.ts";
import type { LinePort } from "../core/telephony/line.ts";
import type { Station, Trunk } from "../core/telephony/telephony.ts";
import type { Ha1 } from "../telephony/sip/auth/digest.ts";
import type { OpenNode } from "./node.ts";
import { openHa1 } from "./phone-secret.ts";

export function telephonyDirectory(directory: Directory, node: OpenNode): TelephonyDirectory {
  const testPeers = new Set(node.config["test-peers"].map(normalAddress));
  const index = indexed(directory);
  const opened = new WeakMap<Station, Ha1 | null>();
  return {
    trunkByAddress: (address) => {
      const wanted = normalAddress(address);
      const trunk = index().trunks.get(wanted);
      if (trunk !== undefined) return { trunkId: trunk.id, name: trunk.name };
      return testPeers.has(wanted) ? { trunkId: node.app.nodeId as unknown as TrunkId, name: "test peer" } : null;
    },
    trunks: () =>
      directory.current.trunks
        .filter(({ proxies }) => proxies.length > 0)
        .map(({ id, name, version, transport, proxies, username, domain, sealedPassword, registers, heartbeat, ...tls }) => {
          const hops = proxies.map(hostAndPort);
          const password = sealedPassword === null ? "" : (node.app.secrets.open(sealedPassword, trunkPasswordPlace(id)) ?? "");
          const account = username === "" ? null : { username, password, domain: domain || hostText(hops[0]!.host) };
          const key = tls.sealedKey === null ? null : node.app.secrets.open(tls.sealedKey, trunkKeyPlace(id));
          const certificate = tls.certificate === null || key === null ? null : { chain: tls.certificate, key };
          const peer = { trunkId: id, name, version, transport, proxies: hops, account, registers, heartbeat };
          return { ...peer, issuers: tls.peerIssuers || null, certificate };
        }),
    phone: (username) => {
      const station = index().phones.get(username);
      if (station?.sealedHa1 == null || station.userId === null) return null;
      // Opened once: a registration asks for it several times, and a thousand phones come at once after a power cut.
      let ha1 = opened.get(station);
      if (ha1 === undefined) {
        ha1 = openHa1(node.keys, username, station.sealedHa1);
        opened.set(station, ha1);
      }
      return ha1 === null ? null : { stationId: station.id, userId: station.userId, ha1 };
    },
    mediaEncryption: (id) => {
      const station = index().stations.get(id as StationId);
      const configured = station?.kind === "phone" ? station : directory.current.trunks.find((trunk) => trunk.id === id);
      return configured?.mediaEncryption ?? "disabled";
    },
    trunkManner: (id) => index().byId.get(id) ?? null,
    certificateDemand: (id) => {
      const trunk = index().byId.get(id);
      return trunk?.demandsCertificate === true ? { issuers: trunk.peerIssuers, names: trunk.peerNames } : null;
    },
    isCallForHelp: (stationId, called) => helpNumberOf(directory.current, stationId, called) !== null,
    station: (id) => {
      const station = index().stations.get(id);
      return station === undefined || station.userId === null
        ? null
        : { username: station.username, userId: station.userId, kind: station.kind, address: endpointOf(station.address) };
    },
    isPhoneAddress: (address) => index().phoneAddresses.has(address),
  };
}

/** Voice messages do not exist yet, so none wait: whoever brings them answers here. */
export function linePort(directory: Directory): LinePort {
  return {
    watched: (watcher, named) => watchedLine(directory.current, watcher, named),
    messages: () => ({ fresh: 0, heard: 0 }),
  };
}

type Index = {
  readonly trunks: ReadonlyMap<string, Trunk>;
  readonly byId: ReadonlyMap<TrunkId, Trunk>;
  readonly stations: ReadonlyMap<StationId, Station>;
  readonly phones: ReadonlyMap<string, Station>;
  readonly phoneAddresses: ReadonlySet<string>;
};

/** Asked several times for every message, floods too: made anew only when the configuration is another. */
function indexed(directory: Directory): () => Index {
  let of: Configuration | null = null;
  let index: Index;
  return () => {
    if (directory.current === of) return index;
    of = directory.current;
    const { stations, trunks } = of;
    index = {
      // The first of two is who has it.
      trunks: new Map(trunks.toReversed().flatMap((trunk) => trunk.addresses.map((address) => [normalAddress(address), trunk] as const))),
      byId: new Map(trunks.map((trunk) => [trunk.id, trunk])),
      stations: new Map(stations.map((station) => [station.id, station])),
      phones: new Map(stations.filter(({ kind }) => kind === "phone").map((station) => [station.username, station])),
      phoneAddresses: new Set(stations.flatMap(({ address }) => endpointOf(address)?.address ?? [])),
    };
    return index;
  };
}
