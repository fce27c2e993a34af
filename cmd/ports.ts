// The ports that a node takes: whether they can be had, and what to do when they cannot.
import { AppError } from "../core/lib/errors.ts";
import { endpoint } from "./addresses.ts";
import type { Config, ConfigKey } from "./config.ts";

export type Port = { readonly kind: "tcp" | "udp"; readonly option: ConfigKey; readonly address: string; readonly port: number };
/** A port that is ours until `release`, or the system's code of why not. */
type Held = { readonly release: () => void } | { readonly code: string };

/** All that this configuration takes for itself; not the range for voice, whose ports are taken as calls come. */
export function portsOf(config: Config): readonly Port[] {
  const of = (kind: Port["kind"], option: ConfigKey, text: string | null): Port[] =>
    text === null ? [] : [{ kind, option, ...endpoint(text) }];
  return [
    ...of("tcp", "http", config.http),
    ...of("tcp", "https", config.https),
    ...of("udp", "sip", config.sip),
    ...of("tcp", "sip", config.sip),
    ...of("tcp", "sip-tls", config["sip-tls"]),
    ...config["media-ports"].flatMap((port) => of("udp", "media-ports", `0.0.0.0:${port}`)),
    ...(config["media-tcp-ports"] ?? []).flatMap((port) => of("tcp", "media-tcp-ports", `0.0.0.0:${port}`)),
    ...of("tcp", "metrics", config.metrics),
  ];
}

/** Null: the port is free. Otherwise what is wrong and what to do. */
export async function portProblem(port: Port): Promise<{ readonly what: string; readonly mend: string } | null> {
  const held = await hold(port);
  if ("code" in held) return explain(port, held.code);
  held.release();
  return null;
}

/** Looks before anything listens; all are held meanwhile, so that two options which name one port are found. @throws AppError that names all */
export async function demandPorts(ports: readonly Port[]): Promise<void> {
  const problems: string[] = [];
  const releases: (() => void)[] = [];
  for (const port of ports) {
    const held = await hold(port);
    if ("release" in held) releases.push(held.release);
    else {
      const { what, mend } = explain(port, held.code);
      problems.push(`${what}: ${mend}`);
    }
  }
  for (const release of releases) release();
  if (problems.length > 0) throw new AppError("port.unusable", problems.join("\n          "), 500);
}

async function hold({ kind, address, port }: Port): Promise<Held> {
  try {
    if (kind === "udp") {
      const socket = await Bun.udpSocket({ hostname: address, port });
      return { release: () => socket.close() };
    }
    const listener = Bun.listen({ hostname: address, port, socket: { data: () => undefined } });
    return { release: () => listener.stop(true) };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function explain({ kind, option, address, port }: Port, code: string): { readonly what: string; readonly mend: string } {
  const name = `${kind} port ${port} (--${option})`;
  switch (code) {
    case "EADDRINUSE":
      return { what: `${name} is held by another program`, mend: `end that program, or choose another port with --${option}` };
    case "EADDRNOTAVAIL":
      return {
        what: `${name}: this machine has no address ${address}`,
        mend: `give --${option} one that it has, or 0.0.0.0 for all of them`,
      };
    case "EACCES":
    case "EPERM":
      return {
        what: `${name} may not be taken by this user`,
        mend: `choose a port from 1024 on with --${option}, or give the program CAP_NET_BIND_SERVICE`,
      };
    default:
      return { what: `${name} cannot be taken (${code})`, mend: `choose another address with --${option}` };
  }
}
