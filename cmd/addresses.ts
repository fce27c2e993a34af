// Addresses: this machine's own, and those that options name.
import { networkInterfaces } from "node:os";
import { hostAndPort, isLoopback } from "../core/lib/ip-address.ts";
import type { Config } from "./config.ts";

/** Public ones first, then this machine's own; never loopback: browsers get no voice there. */
export function ownAddresses(config: Pick<Config, "public-address">): string[] {
  const local = Object.values(networkInterfaces())
    .flat()
    .filter((entry) => entry !== undefined && !entry.internal && !entry.address.startsWith("fe80"))
    .map((entry) => entry!.address);
  return [...new Set([...config["public-address"], ...local])].filter((address) => !isLoopback(address));
}

/** `address:port` in its two parts; an IPv6 address stands in brackets. */
export function endpoint(text: string): { readonly address: string; readonly port: number } {
  const { host, port } = hostAndPort(text);
  return { address: host, port: port! };
}
