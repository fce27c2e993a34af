// Literal IP addresses as text: validity, normal form, and the classes that decide whether anything may be sent there.

/** Dotted decimal, four parts, no leading zeros beyond "0" itself (octal is nobody's friend). */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** RFC 4291 text, with an embedded IPv4 tail allowed, without zone. */
export function isIpv6(text: string): boolean {
  return ipv6Groups(text) !== null;
}

/** The eight groups of an IPv6 address, or null. */
export function ipv6Groups(text: string): readonly number[] | null {
  if (text.length > 45 || !/^[0-9A-Fa-f:.]+$/.test(text)) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groupsOf(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      if (!mayEndInIpv4 || index !== parts.length - 1 || !isIpv4(part)) return null;
      const [a, b, c, d] = part.split(".").map(Number) as [number, number, number, number];
      groups.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** One spelling per address: IPv4-mapped IPv6 becomes IPv4 (an address rule must not be passed by in another dress), IPv6 becomes lower case without zone. */
export function normalAddress(address: string): string {
  if (isIpv4(address)) return address;
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const groups = ipv6Groups(bare);
  if (groups === null) return address.toLowerCase();
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high, low] = [groups[6]!, groups[7]!];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return groups.map((group) => group.toString(16)).join(":");
}

export function isLoopback(address: string): boolean {
  const normal = normalAddress(address);
  return isIpv4(normal) ? normal.startsWith("127.") : normal === "0:0:0:0:0:0:0:1";
}

/**
 * What media and signalling may be sent to: no unspecified, multicast, broadcast, link-local or reserved address
 * (RFC 1122 §3.2.1.3, RFC 4291 §2.5, §2.7). Names are no addresses.
 */
export function isUnicast(address: string): boolean {
  const normal = normalAddress(address);
  if (isIpv4(normal)) {
    const [a, b] = normal.split(".").map(Number) as [number, number, number, number];
    return a !== 0 && a < 224 && !(a === 169 && b === 254);
  }
  const groups = ipv6Groups(normal);
  if (groups === null) return false;
  const first = groups[0]!;
  return groups.some((group) => group !== 0) && first < 0xff00 && (first & 0xffc0) !== 0xfe80;
}

/** Reached only from its own network: RFC 1918, RFC 6598 (behind a carrier's NAT), RFC 4193, and link-local (RFC 3927, RFC 4291 §2.5.6). */
export function isPrivate(address: string): boolean {
  const normal = normalAddress(address);
  if (isIpv4(normal)) {
    const [a, b] = normal.split(".").map(Number) as [number, number, number, number];
    return a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168) || (a === 100 && b >> 6 === 1) || (a === 169 && b === 254);
  }
  const first = ipv6Groups(normal)?.[0];
  return first !== undefined && ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80);
}

/** An address as it stands in a URI, a Via or a log: IPv6 in brackets. */
export function hostText(address: string): string {
  return address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address, taken apart; port null: none is given. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number | null } {
  if (isIpv6(text)) return { host: text, port: null };
  const [, host = text, port] = /^(.*?)(?::([0-9]+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? null : Number(port) };
}

/** A literal unicast address, with or without a port (else SIP's own, RFC 3261 §19.1.2); null: something else. */
export function endpointOf(text: string): { readonly address: string; readonly port: number } | null {
  const { host, port } = hostAndPort(text);
  const isPort = port === null || (port > 0 && port <= 65_535);
  return isPort && (isIpv4(host) || isIpv6(host)) && isUnicast(host) ? { address: normalAddress(host), port: port ?? 5060 } : null;
}

/** Address and length of a network (RFC 4632, RFC 4291 §2.3): `192.0.2.0/24`, `2001:db8::/32`; an address alone is one of itself. */
export function isNetwork(text: string): boolean {
  return networkBits(text) !== null;
}

/** Whether an address, in whatever spelling, is of this network. */
export function isWithinNetwork(network: string, address: string): boolean {
  const prefix = networkBits(network);
  return prefix !== null && (bitsOf(address)?.startsWith(prefix) ?? false);
}

function networkBits(text: string): string | null {
  const [address = "", length, ...rest] = text.split("/");
  const bits = bitsOf(address);
  if (bits === null || rest.length > 0 || (length !== undefined && !/^[0-9]{1,3}$/.test(length))) return null;
  const size = isIpv4(address) ? 32 : 128;
  const wanted = length === undefined ? size : Number(length);
  // An IPv4-mapped one is told by its IPv4 form only.
  return wanted > size || bits.length - 1 !== size ? null : bits.slice(0, wanted + 1);
}

/** With the family in front: no IPv4 address is of an IPv6 network. */
function bitsOf(address: string): string | null {
  const normal = normalAddress(address);
  if (isIpv4(normal))
    return `4${normal
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("")}`;
  const groups = ipv6Groups(normal);
  return groups === null ? null : `6${groups.map((group) => group.toString(2).padStart(16, "0")).join("")}`;
}
