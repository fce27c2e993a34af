// What a restart must not forget of phones: where those that register over UDP are.
import type { StationId } from "../lib/id.ts";

/** A phone's registration over UDP, as its node keeps it (RFC 3261 §10). Others live and die with their connection. */
export type KeptBinding = {
  readonly nodeId: string;
  readonly stationId: StationId;
  /** As registered: the Request-URI of calls to it. */
  readonly contact: string;
  /** Where it registered from, and calls go. */
  readonly address: string;
  readonly port: number;
  readonly expiresAt: number;
  /** Of the last REGISTER: an older one must not undo it (§10.3). */
  readonly callId: string;
  readonly seq: number;
};
export type BindingKey = Pick<KeptBinding, "stationId" | "contact">;

/** One node's bindings. Kept soon, not at once: whoever restarts in that moment registers again in its time. */
export interface BindingPort {
  kept(): Promise<readonly KeptBinding[]>;
  write(changed: readonly Omit<KeptBinding, "nodeId">[], gone: readonly BindingKey[]): Promise<void>;
}
