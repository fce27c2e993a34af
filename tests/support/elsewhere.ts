// A second network beside the test's own: the node lives there, so that browsers here may lose theirs. Inside a namespace only.
import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { ownAddress } from "./namespace.ts";

/** Where the node is reached, by whichever way. */
export const nodeAddress = "10.99.0.1";
/** The other way's ends: here and there. */
export const secondAddress = "10.78.0.1";
const secondGateway = "10.78.0.2";
const firstGateway = "10.77.0.2";

export class Elsewhere {
  private constructor(private readonly child: ChildProcess) {}

  static open(): Elsewhere {
    const child = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "ignore", "inherit"] });
    const network = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/net`);
    // Its own network is there once it differs from ours.
    while (network(child.pid!) === network("self")) Bun.sleepSync(5);
    const far = new Elsewhere(child);
    run("ip", "link", "set", "there", "netns", String(child.pid));
    run("ip", "link", "add", "vpn", "type", "veth", "peer", "name", "gate", "netns", String(child.pid));
    far.run("ip", "link", "set", "lo", "up");
    far.run("ip", "addr", "add", `${nodeAddress}/32`, "dev", "lo");
    far.run("ip", "addr", "add", `${firstGateway}/24`, "dev", "there");
    far.run("ip", "addr", "add", `${secondGateway}/24`, "dev", "gate");
    for (const device of ["there", "gate"]) far.run("ip", "link", "set", device, "up");
    // Without somebody at its other end an interface does not run, and the node would not offer its address.
    run("ip", "link", "set", "vpn", "up");
    return far;
  }

  /** What runs a program there. */
  get prefix(): readonly string[] {
    return ["nsenter", "--net", `--target=${this.child.pid}`];
  }

  run(...words: readonly string[]): void {
    run(...this.prefix, ...words);
  }

  /** A firewall there that lets whoever comes from outside not to this port. Returns how to open it. */
  block(protocol: "udp" | "tcp", port: string): () => void {
    const iptables = (how: "-I" | "-D"): void =>
      this.run("iptables", how, "INPUT", "!", "-i", "lo", "-p", protocol, "--dport", port, "-j", "DROP");
    iptables("-I");
    return () => iptables("-D");
  }

  close(): void {
    this.child.kill();
  }
}

/** Whoever is here leaves one network, its address and its way, and is in the other. */
export function moveTo(network: "first" | "second"): void {
  const [to, from, address, old, gateway] =
    network === "second"
      ? (["vpn", "here", secondAddress, ownAddress, secondGateway] as const)
      : (["here", "vpn", ownAddress, secondAddress, firstGateway] as const);
  // The first time there is nothing to leave.
  const left = Bun.spawnSync(["ip", "addr", "del", `${old}/24`, "dev", from]);
  if (left.exitCode === 0) run("ip", "link", "set", from, "down");
  run("ip", "link", "set", to, "up");
  Bun.spawnSync(["ip", "addr", "add", `${address}/24`, "dev", to]);
  run("ip", "route", "replace", "default", "via", gateway, "dev", to);
}

function run(...words: readonly string[]): void {
  const done = Bun.spawnSync([...words]);
  if (done.exitCode !== 0) throw new Error(`${words.join(" ")}: ${done.stderr.toString().trim()}`);
}
