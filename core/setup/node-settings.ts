// What the set-up needs of the machine it runs on: how the node listens, and a place for what it shall do at its next start.
import type { AddressInput } from "./setup.ts";

/** How this node listens now; `host:port` texts as the configuration has them. */
export type NodeAddresses = {
  readonly http: string;
  readonly https: string | null;
  readonly sip: string;
  readonly mediaPorts: readonly string[];
  /** None: browsers that get no UDP through have no voice. */
  readonly mediaTcpPorts: readonly string[];
  readonly rtpPorts: string;
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  /** Our own addresses at which voice is offered, public ones first; never loopback. */
  readonly media: readonly string[];
};

/** Implemented by cmd/kept.ts. */
export interface NodeSettings {
  addresses(): NodeAddresses;
  /** Keys of the configuration that flags, environment or file gave at start: what is kept here does not win over them. */
  given(): readonly string[];
  /** Writes what the next start shall use. `certificate` is null when there is none to keep. */
  keepAddress(input: AddressInput): Promise<void>;
  /** Whether what is kept differs from what runs: only a restart brings it. */
  needsRestart(): boolean;
  /** A copy of the key file inside the data, which only the kit opens; an earlier one is replaced. */
  sealKeyFile(kit: string): Promise<void>;
}
