// Tie lines: extensions that live on another PBX, which of them lead there, and who is asked first. Values only; no I/O.
import type { CallerIdentity, CallOrigin } from "../call/call-control.ts";
import type { Callee } from "../call/state.ts";
import type { TrunkId } from "../lib/id.ts";
import { personRingMs } from "../lib/limits.ts";
import { isWithin } from "../telephony/extension-range.ts";
import type { Trunk } from "../telephony/telephony.ts";
import type { Configuration } from "./directory.ts";
import { isNonempty, type OutboundPlan, pathsBy } from "./outbound.ts";

/** Who wants an extension. */
export type Seeker = {
  /** As whom they are shown to whoever is called. */
  readonly shown: CallerIdentity;
  /** The trunk that brought them: they do not go back by it. Null: none did, or a person here passes them on. */
  readonly cameBy: TrunkId | null;
  /** Whether other PBXs are theirs to call. */
  readonly mayLeave: boolean;
};

/** The trunks by which an extension may be reached, as it was dialled. */
export function tieLinesTo({ trunks }: Pick<Configuration, "trunks">, extension: string): readonly Trunk[] {
  return trunks.filter(({ proxies, extensionRanges }) => proxies.length > 0 && isWithin(extensionRanges, extension));
}

/** People at our own stations, and those at a tie line's other end who call from one of exactly its extensions. */
export function isInside({ trunks }: Pick<Configuration, "trunks">, origin: CallOrigin, { number }: CallerIdentity): boolean {
  if (origin.kind === "station") return true;
  const trunk = origin.kind === "trunk" ? trunks.find(({ id }) => id === origin.trunkId) : undefined;
  return trunk !== undefined && isWithin(trunk.extensionRanges, number);
}

/**
 * Puts an extension through: to the person here, by tie lines, or to one and then the other when the first does not know it.
 * `here`: the person who has it here, with a station; null: nobody. Null: nobody here, and no tie line's.
 */
export function planExtension(
  configuration: Pick<Configuration, "trunks">,
  extension: string,
  here: Callee | null,
  { shown, cameBy, mayLeave }: Seeker,
  isFull: (trunk: Trunk) => boolean,
): OutboundPlan | null {
  const lines = tieLinesTo(configuration, extension);
  const ways = mayLeave ? lines.filter(({ id }) => id !== cameBy) : [];
  if (ways.length === 0) {
    if (here !== null) return { kind: "callee", callee: here };
    return lines.length === 0 ? null : { kind: "refused", reason: "no-such-number", why: whyNot(lines, cameBy) };
  }
  const free = ways.filter((trunk) => !isFull(trunk));
  const by = (order: Trunk["extensionsFirst"]): Callee | null =>
    calleeBy(
      free.filter(({ extensionsFirst }) => extensionsFirst === order),
      extension,
      shown,
    );
  const inOrder = [by("there"), here, by("here")].filter((one) => one !== null);
  const callee = inOrder.reduceRight<Callee | null>((otherwise, one) => ({ ...one, otherwise }), null);
  if (callee !== null) return { kind: "callee", callee };
  return { kind: "refused", reason: "overloaded", why: `every tie line to ${extension} is full` };
}

function whyNot(lines: readonly Trunk[], cameBy: TrunkId | null): string {
  const back = lines.find(({ id }) => id === cameBy);
  if (back !== undefined) return `a loop: it came by “${back.name}” and would go back by it`;
  return `“${lines[0]!.name}” is called by people inside only`;
}

function calleeBy(lines: readonly Trunk[], extension: string, shown: CallerIdentity): Callee | null {
  const paths = lines.flatMap((trunk) => pathsBy(trunk, extension, shown));
  if (!isNonempty(paths)) return null;
  const of = { purpose: "external", userId: null, number: extension, name: "", classification: null, isEmergency: false } as const;
  return { ...of, paths, ringMs: personRingMs, otherwise: null };
}
