// What `doctor` says of the network: addresses, next hops, interfaces, the kernel's buffers, the clock, the certificate. Looks, and asks nobody but name servers and the TURN servers that it was given.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Clock, Env } from "../core/env/env.ts";
import { hostAndPort, hostText, isIpv4, isIpv6, isPrivate } from "../core/lib/ip-address.ts";
import { hopLookupMs } from "../core/lib/limits.ts";
import { untimelyBecause } from "../core/setup/certificate.ts";
import type { Trunk } from "../core/telephony/telephony.ts";
import { iceServerFor, type TurnSettings } from "../core/telephony/turn.ts";
import { receiveBufferBytes } from "../telephony/media/udp.ts";
import { machineNames, type NameServer, resolveHop } from "../telephony/net/resolve.ts";
import { askTurn, type TurnVerdict } from "../telephony/net/turn.ts";
import { endpoint, ownAddresses } from "./addresses.ts";
import { selfMadePath } from "./certificate.ts";
import type { Config } from "./config.ts";
import { type Finding, fine, look, mend } from "./finding.ts";

/** What must get through in one piece: RFC 8200 §5. Less than Ethernet's usual size is a tunnel, more is for networks that agree on it. */
const mtuMin = 1_280;
const mtuUsual = 1_500;
/** Of all datagrams, lost in the machine itself: more than one in a thousand is heard. */
const dropsShareMax = 0.001;
const dayMs = 86_400_000;
/** Whoever gets certificates by hand needs so many days. */
const certificateDaysMin = 14;

/** All that needs no database. `isUp`: whether a node of ours runs here. */
export function networkFindings(config: Config, clock: Clock, isUp: boolean): Finding[] {
  const read = (path: string): string | null => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  };
  const udp = ["/proc/net/udp", "/proc/net/udp6"].map(read).join("\n");
  return [
    ...addressFindings(config["public-address"], ownAddresses({ "public-address": [] })),
    ...(isUp ? [] : [rtpPortsFinding(config["rtp-ports"], udp)]),
    ephemeralFinding(config["rtp-ports"], read("/proc/sys/net/ipv4/ip_local_port_range")),
    algFinding(read("/proc/modules"), config.sip),
    ...interfacesInUse().map((name) => mtuFinding(name, read(`/sys/class/net/${name}/mtu`))),
    bufferFinding(read("/proc/sys/net/core/rmem_max")),
    dropsFinding(read("/proc/net/snmp")),
    clockFinding(existsSync, read),
    ...certificateFindings(config, clock, read),
  ];
}

/** Where voice is offered, and whether those outside can reach that. */
export function addressFindings(publicOnes: readonly string[], local: readonly string[]): Finding[] {
  const offered = [...new Set([...publicOnes, ...local])];
  if (offered.length === 0) return [mend("no address besides loopback", "the browser phone needs one: give --public-address")];
  const names = publicOnes.filter((address) => !isIpv4(address) && !isIpv6(address));
  if (names.length > 0)
    return [mend(`--public-address ${names.join(", ")} is no address: voice needs numbers, not names`, "give the IP address itself")];
  const said = fine(`voice is offered at ${offered.join(", ")}`);
  const inside = publicOnes.filter(isPrivate);
  if (inside.length > 0)
    return [
      said,
      look(`--public-address ${inside.join(", ")} is private: only its own network reaches it`, "give the address that the Internet sees"),
    ];
  if (publicOnes.length > 0 || !offered.every(isPrivate)) return [said];
  return [
    said,
    look(
      "all addresses at which voice is offered are private: nobody outside this network hears or is heard",
      "when calls come from outside, give --public-address the router's address, and pass the ports for voice on",
    ),
  ];
}

/** `udp`: the texts of /proc/net/udp and udp6. Bound ports of others are passed over by calls, one by one. */
export function rtpPortsFinding([first, last]: Config["rtp-ports"], udp: string): Finding {
  const held = [...udp.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) /gm)]
    .map(([, port]) => Number.parseInt(port!, 16))
    .filter((port) => port >= first && port <= last);
  const name = `udp ports ${first}-${last} (--rtp-ports)`;
  const taken = [...new Set(held)].sort((a, b) => a - b);
  if (taken.length === 0) return fine(`${name} are free`);
  return look(`${name}: other programs hold ${some(taken.map(String))}`, "choose another range with --rtp-ports");
}

/** The kernel gives ports of its own range to any program that asks for none in particular. */
export function ephemeralFinding([first, last]: Config["rtp-ports"], range: string | null): Finding {
  const [from, to] = (range ?? "").trim().split(/\s+/).map(Number);
  const what = `udp ports ${first}-${last} (--rtp-ports)`;
  if (from === undefined || to === undefined || !(from > 0)) return look(`which ports the kernel gives away is not known`, "");
  if (last < from || first > to) return fine(`${what} are apart from those that the kernel gives away (${from}-${to})`);
  return look(
    `${what} lie among those that the kernel gives to any program (${from}-${to})`,
    "choose a range below with --rtp-ports, or narrow net.ipv4.ip_local_port_range",
  );
}

/** A helper in this machine's own firewall is seen; one in a router never is from here. */
export function algFinding(modules: string | null, sip: string): Finding {
  const helpers = ["nf_conntrack_sip", "nf_nat_sip"].filter((name) => new RegExp(`^${name} `, "m").test(modules ?? ""));
  if (helpers.length > 0)
    return look(
      `this machine's own firewall may rewrite SIP: ${helpers.join(", ")} is loaded`,
      `unload it (modprobe -r ${helpers.toReversed().join(" ")}), as it breaks addresses in SIP that are right already`,
    );
  const here = modules === null ? "whether this machine rewrites SIP is not known" : "nothing on this machine rewrites SIP";
  const signs = "phones that ring and then hear nothing, registrations that get lost";
  return fine(
    `${here} (ALG); of routers between, this cannot be seen: ${signs} are its signs, TLS or a port other than ${endpoint(sip).port} its cure`,
  );
}

export function mtuFinding(name: string, text: string | null): Finding {
  const mtu = Number(text ?? Number.NaN);
  if (!Number.isInteger(mtu) || mtu <= 0) return look(`the packet size (MTU) of ${name} is not known`, "");
  const what = `${name} carries packets of up to ${mtu} bytes (MTU)`;
  if (mtu < mtuMin)
    return mend(
      `${what}: keys for voice and long SIP messages arrive in pieces or not at all`,
      `set it to ${mtuMin} or more; ${mtuUsual} is usual`,
    );
  if (mtu < mtuUsual) return look(`${what}: less than the usual ${mtuUsual}`, "right for a tunnel or a VPN, otherwise set it to 1500");
  if (mtu > mtuUsual)
    return look(`${what}: more than the usual ${mtuUsual}`, "right when every switch on the way has the same, otherwise set it to 1500");
  return fine(what);
}

function interfacesInUse(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries]) => (entries?.some(({ internal }) => !internal) ? [name] : []));
}

/** What media asks for (telephony/media/udp.ts) the kernel cuts to its own limit. */
export function bufferFinding(text: string | null): Finding {
  const bytes = Number(text ?? Number.NaN);
  if (!(bytes > 0)) return look("how much the kernel keeps for a UDP port (net.core.rmem_max) is not known", "");
  const what = `the kernel keeps up to ${Math.round(bytes / 1_024)} KiB for a UDP port (net.core.rmem_max)`;
  if (bytes >= receiveBufferBytes) return fine(what);
  return look(
    `${what}: with many calls a short pause loses packets`,
    `sysctl -w net.core.rmem_max=${receiveBufferBytes}, and keep it in /etc/sysctl.d`,
  );
}

/** `snmp`: the text of /proc/net/snmp. Counts since the machine started, of all its programs. */
export function dropsFinding(snmp: string | null): Finding {
  const [names, values] = [...(snmp ?? "").matchAll(/^Udp: (.*)$/gm)].map(([, line]) => line!.trim().split(/\s+/));
  const count = (name: string): number => Number(values?.[names?.indexOf(name) ?? -1] ?? Number.NaN);
  const [received, dropped] = [count("InDatagrams"), count("RcvbufErrors")];
  if (Number.isNaN(received) || Number.isNaN(dropped)) return look("whether UDP packets are lost in this machine is not known", "");
  const what = `${dropped} of ${received + dropped} UDP packets were lost in full buffers since this machine started`;
  const remedy = "raise net.core.rmem_max, give --workers more threads, or look at what else keeps the processor busy";
  if (dropped === 0) return fine(what);
  return dropped / (received + dropped) > dropsShareMax ? mend(what, remedy) : look(what, remedy);
}

/** By the files that the usual keepers of time leave: none of them asks anybody. */
export function clockFinding(exists: (path: string) => boolean, read: (path: string) => string | null): Finding {
  if (exists("/run/systemd/timesync/synchronized")) return fine("this machine's clock is kept by the network (systemd-timesyncd)");
  const keepers = [
    ["chrony", "/run/chrony/chronyd.pid"],
    ["ntpd", "/run/ntpd.pid"],
    ["OpenNTPD", "/run/openntpd.pid"],
  ] as const;
  const running = keepers.find(([, path]) => exists(`/proc/${read(path)?.trim() || "none"}/stat`));
  if (running !== undefined)
    return fine(`this machine's clock is kept by ${running[0]}; whether it agrees with its servers, it says itself`);
  if (exists("/run/systemd/timesync"))
    return look(
      "systemd-timesyncd runs and has not set this machine's clock yet",
      "see that it reaches a time server (timedatectl timesync-status)",
    );
  return look(
    "whether this machine's clock is kept by the network is not known: no keeper of time leaves a sign here",
    "run chrony or systemd-timesyncd; in a container the host does",
  );
}

function certificateFindings(config: Config, clock: Clock, read: (path: string) => string | null): Finding[] {
  if (config.https === null && config["sip-tls"] === null) return [];
  const path = config["https-cert"];
  const pem = read(path ?? selfMadePath(config).cert);
  if (pem === null)
    return [
      path === null ? fine("a certificate is made when `landline serve` starts") : mend(`${path} cannot be read`, "see that it is there"),
    ];
  const host = config["public-url"] === null ? null : new URL(config["public-url"]).hostname.replace(/^\[|\]$/g, "");
  return [certificateFinding(pem, path, host, clock.now())];
}

/** `path` null: the one that we make, and renew. `host`: what browsers call us; null: not known. */
export function certificateFinding(pem: string, path: string | null, host: string | null, now: number): Finding {
  const name = path ?? "the certificate made here";
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return mend(`${name} is no certificate in PEM form`, "give the chain that its issuer gave");
  }
  const untimely = untimelyBecause(certificate, now);
  if (untimely !== null) return mend(`browsers and phones refuse ${name}`, untimely.replace(/\.$/, ""));
  const isFor = host === null || (isIpv4(host) || isIpv6(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
  if (!isFor)
    return mend(
      `${name} is not for ${host}, but for ${certificate.subjectAltName ?? certificate.subject}`,
      "get one for the name in --public-url",
    );
  const days = Math.floor((Date.parse(certificate.validTo) - now) / dayMs);
  const what = `${name} is valid for ${days} ${days === 1 ? "day" : "days"} more`;
  return path !== null && days < certificateDaysMin ? look(what, "get a newer one before it ends") : fine(what);
}

/** Each TURN server, asked as a browser would ask it. */
export function turnFindings(turn: TurnSettings | null, env: Pick<Env, "clock" | "random">): Promise<Finding[]> {
  if (turn === null) return Promise.resolve([]);
  const names = machineNames(() => 0);
  const addressOf = async (name: string): Promise<string | null> => (await names.addresses(name).catch(() => []))[0] ?? null;
  const proof = iceServerFor(turn, "doctor", env.clock.now());
  return Promise.all(
    turn.urls.map(async (url) => turnFinding(url, await askTurn(env, url, proof, addressOf).catch(() => "no-answer" as const))),
  );
}

export function turnFinding(url: string, verdict: TurnVerdict): Finding {
  switch (verdict) {
    case "relays":
      return fine(`TURN server ${url} relays, and not to its own machine`);
    case "open":
      return look(
        `TURN server ${url} relays to its own machine, too: whoever has a credential reaches what listens there`,
        "have it refuse private and loopback addresses (coturn: denied-peer-ip, no allow-loopback-peers)",
      );
    case "refused":
      return mend(
        `TURN server ${url} refuses our credentials`,
        "see that --turn-secret is its static-auth-secret, or that --turn-user and --turn-password are known there, and compare both clocks",
      );
    case "no-answer":
      return mend(`TURN server ${url} does not answer`, "see that it runs, that its name leads there, and that this port is open");
    default:
      return mend(`TURN server ${url} answers with error ${verdict.error}`, "look at its log");
  }
}

/** By what the voice of browsers went since the node started: `metrics` is its text, null: it does not tell. */
export function browserPathFindings(udpPorts: readonly number[], tcpPorts: readonly number[] | null, metrics: string | null): Finding[] {
  const count = (protocol: string): number =>
    Number(new RegExp(`^landline_browser_streams_total\\{protocol="${protocol}"\\} (\\d+)$`, "m").exec(metrics ?? "")?.[1] ?? 0);
  const [udp, tcp] = [count("udp"), count("tcp")];
  if (udp + tcp === 0) return [];
  const what = `voice of browsers since the start: ${udp} by UDP, ${tcp} by TCP`;
  if (tcp > 0)
    return [look(what, `open UDP to port ${udpPorts.join(", ")} (--media-ports) for those networks: voice sounds better by UDP`)];
  return [tcpPorts === null ? look(what, "give --media-tcp-ports, for networks that let no UDP through") : fine(what)];
}

/** Every next hop of a trunk that has a name: what `serve` itself asks the name servers, and nothing else. */
export function hopFindings(
  trunks: readonly Pick<Trunk, "name" | "proxies" | "transport">[],
  names: NameServer,
  clock: Clock,
): Promise<Finding[]> {
  const named = trunks.flatMap(({ name, proxies, transport }) =>
    proxies.map(hostAndPort).flatMap((hop) => (isIpv4(hop.host) || isIpv6(hop.host) ? [] : [{ name, hop, transport }])),
  );
  return Promise.all(
    named.map(async ({ name, hop, transport }): Promise<Finding> => {
      const late = Promise.withResolvers<null>();
      const timer = clock.after(hopLookupMs, () => late.resolve(null));
      const found = await Promise.race([resolveHop(hop, transport, names), late.promise]);
      timer.cancel();
      const what = `next hop ${hop.host} of trunk ${name}`;
      if (found === null)
        return mend(`${what}: no name server answers`, "see that this machine has a name server that works (/etc/resolv.conf)");
      if (found.length === 0)
        return mend(
          `${what} leads nowhere: nobody knows an address for it`,
          "mend the name in the trunk, or this machine's name server (/etc/resolv.conf)",
        );
      return fine(`${what} leads to ${some(found.map(({ address, port }) => `${hostText(address)}:${port}`))}`);
    }),
  );
}

/** The first of many, and how many there are. */
function some(all: readonly string[]): string {
  const shown = 4;
  return all.length <= shown ? all.join(", ") : `${all.slice(0, shown).join(", ")} and ${all.length - shown} more`;
}
