// A network of the test's own: a namespace with loopback and one veth address, so that browsers get voice without any flag.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const ownAddress = "10.77.0.1";
/** The machine's second address; the default route leads there. */
export const otherAddress = "10.77.0.2";

function ip(...words: string[]): void {
  const done = Bun.spawnSync(["ip", ...words]);
  if (done.exitCode !== 0) throw new Error(`ip ${words.join(" ")}: ${done.stderr.toString().trim()}`);
}

/** Runs this very script again inside a new namespace and exits with its code; returns only inside. Needs root. */
export async function insideNamespace(): Promise<void> {
  if (process.env.LANDLINE_TEST_INSIDE === "1") return;
  const name = `landline-${process.pid}`;
  ip("netns", "add", name);
  let code = 1;
  try {
    ip("-n", name, "link", "set", "lo", "up");
    ip("-n", name, "link", "add", "here", "type", "veth", "peer", "name", "there");
    ip("-n", name, "addr", "add", `${ownAddress}/24`, "dev", "here");
    ip("-n", name, "addr", "add", `${otherAddress}/24`, "dev", "there");
    for (const device of ["here", "there"]) ip("-n", name, "link", "set", device, "up");
    // Firefox offers only the address of the default route. It leads nowhere: nothing leaves the namespace.
    ip("-n", name, "route", "add", "default", "via", otherAddress, "dev", "here");
    const child = spawn("ip", ["netns", "exec", name, process.execPath, ...process.argv.slice(1)], {
      stdio: "inherit",
      env: { ...process.env, LANDLINE_TEST_INSIDE: "1" },
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
    code = await new Promise<number>((done) => child.on("exit", (status) => done(status ?? 1)));
  } finally {
    ip("netns", "del", name);
  }
  process.exit(code);
}

/** Names are asked of the server at that address, by everybody in here. Inside a namespace only. */
export function resolveBy(address: string, folder: string): void {
  const file = join(folder, "resolv.conf");
  writeFileSync(file, `nameserver ${address}\n`);
  const done = Bun.spawnSync(["mount", "--bind", file, "/etc/resolv.conf"]);
  if (done.exitCode !== 0) throw new Error(`mount: ${done.stderr.toString().trim()}`);
}

/** A firewall in front of us: UDP from these ports to those gets lost. Returns how to open it. Inside a namespace only. */
export function blockUdp(from: string, to: string): () => void {
  return dropping("udp", "--sport", from.replace("-", ":"), "--dport", to.replace("-", ":"));
}

/** The same for TCP. */
export function blockTcp(to: string): () => void {
  return dropping("tcp", "--dport", to);
}

/** A bad line in front of us: of what comes to this UDP port, so large a share gets lost at random. Returns how to mend it. Inside a namespace only. */
export function loseUdp(to: string, share: number): () => void {
  return dropping("udp", "--dport", to, "-m", "statistic", "--mode", "random", "--probability", String(share));
}

function dropping(protocol: "udp" | "tcp", ...which: readonly string[]): () => void {
  const iptables = (how: "-I" | "-D"): void => {
    const done = Bun.spawnSync(["iptables", how, "INPUT", "-p", protocol, ...which, "-j", "DROP"]);
    if (done.exitCode !== 0) throw new Error(`iptables: ${done.stderr.toString().trim()}`);
  };
  iptables("-I");
  return () => iptables("-D");
}

export type BadNetwork = {
  /** Shares between 0 and 1. */
  readonly loss: number;
  readonly duplication: number;
  /** Each packet is held for so long, give or take `spreadMs`: with more than the 20 ms between two of a voice they overtake each other. */
  readonly delayMs: number;
  readonly spreadMs: number;
};
/** Packets: let through, lost, let through a second time, behind a later one. */
export type Suffered = { readonly passed: number; readonly lost: number; readonly twice: number; readonly overtaken: number };

/**
 * A bad network: all UDP suffers but the question for names, each direction by itself. The kernel's netem is not everywhere; a netfilter queue is.
 * Returns how to mend it, which says what it has done. Inside a namespace only.
 */
export async function spoilUdp(bad: BadNetwork, folder: string): Promise<() => Promise<Suffered>> {
  const program = join(folder, "bad-network");
  const built = Bun.spawnSync(["gcc", "-O2", "-o", program, join(import.meta.dir, "bad-network.c")]);
  if (built.exitCode !== 0) throw new Error(`gcc: ${built.stderr.toString().trim()}`);
  const words = [queue, bad.loss, bad.duplication, bad.delayMs, bad.spreadMs, 1].map(String);
  const child = Bun.spawn([program, ...words], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  if (!first.startsWith("ready")) throw new Error(`bad-network said “${first}”`);
  const queued = (how: "-I" | "-D"): void => {
    const which = ["-p", "udp", "-m", "multiport", "!", "--ports", "53", "-m", "mark", "!", "--mark", "0x77"];
    const done = Bun.spawnSync(["iptables", how, "INPUT", ...which, "-j", "NFQUEUE", "--queue-num", String(queue)]);
    if (done.exitCode !== 0) throw new Error(`iptables: ${done.stderr.toString().trim()}`);
  };
  queued("-I");
  return async () => {
    queued("-D");
    child.kill("SIGTERM");
    let said = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) said += new TextDecoder().decode(piece.value);
    return JSON.parse(said) as Suffered;
  };
}
const queue = 7;
