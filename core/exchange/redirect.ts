// A call that is sent on by a 3xx: whether it is followed, to whom, and at whose expense. Values from the configuration; no I/O.
import type { CallerIdentity, RedirectTarget } from "../call/call-control.ts";
import type { Callee, CallState, DialPath, FoundRedirect } from "../call/state.ts";
import { hostAndPort, normalAddress } from "../lib/ip-address.ts";
import { redirectsMax } from "../lib/limits.ts";
import { mayBeEmergency } from "../telephony/emergency.ts";
import { isWithin } from "../telephony/extension-range.ts";
import { readNumber } from "../telephony/number-plan.ts";
import type { Station, Trunk } from "../telephony/telephony.ts";
import { calleeOf, dialledDigits, personByNumber } from "./callee.ts";
import type { Configuration, RouteFacts } from "./directory.ts";
import { countryOf, isNonempty, ownNumberBy, pathsBy, planOutside } from "./outbound.ts";
import { planExtension } from "./tie-line.ts";

/** Whoever has sent it on. */
type Sender = { readonly callee: Callee; readonly path: number };

const nobody = (message: string): FoundRedirect => ({ kind: "nobody", message });

/**
 * The first of the targets that may be called. A trunk's are called by it alone, at the expense of whoever dialled, as if they had dialled them; a
 * phone's at the expense of its person. Nobody comes twice in one call.
 */
export function followRedirect(
  configuration: Configuration,
  call: CallState,
  { callee, path }: Sender,
  targets: readonly RedirectTarget[],
  facts: RouteFacts,
): FoundRedirect {
  const way = callee.paths[path]!;
  const sent = callee.sentOn ?? [];
  const visited = [...sent, keyOf(callee)];
  const trunk = way.kind === "trunk" ? configuration.trunks.find(({ id }) => id === way.trunkId) : undefined;
  const station = way.kind === "station" ? configuration.stations.find(({ id }) => id === way.stationId) : undefined;
  if (sent.length >= (trunk?.redirectsMax ?? redirectsMax)) return nobody("sent on too often");
  // Help is called where the number for it leads, and not where somebody sends it.
  if (callee.isEmergency) return nobody("calls for help are not sent on");
  let why = "it was sent nowhere";
  for (const target of targets) {
    const found =
      trunk !== undefined
        ? byTrunk(configuration, trunk, callee, way.shown, target, facts)
        : station !== undefined
          ? byPhone(configuration, call, station, callee, way.shown, target, facts)
          : nobody("nobody knows who has sent it on");
    if (found.kind === "callee" && !visited.includes(keyOf(found.callee)))
      return { kind: "callee", callee: { ...found.callee, sentOn: visited }, paidBy: found.paidBy };
    why = found.kind === "nobody" ? found.message : "a loop: it has been there before";
  }
  return nobody(why);
}

function keyOf({ userId, number }: Callee): string {
  return userId ?? number;
}

function byTrunk(
  configuration: Configuration,
  trunk: Trunk,
  callee: Callee,
  shown: CallerIdentity,
  target: RedirectTarget,
  { isFull, draw }: RouteFacts,
): FoundRedirect {
  if (trunk.redirects !== "follow") return nobody(`“${trunk.name}” is followed nowhere`);
  if (!target.isNear && !isOwnHost(trunk, target.host)) return nobody(`“${trunk.name}” sends it to another domain`);
  const number = readNumber(target.number, trunk.incomingFormat, countryOf(configuration));
  if (mayBeEmergency(number)) return nobody("calls for help are not begun by others");
  if (callee.classification === null) {
    const paths = pathsBy(trunk, number, shown);
    if (!isWithin(trunk.extensionRanges, number) || !isNonempty(paths)) return nobody(`${number} is no extension of “${trunk.name}”`);
    return { kind: "callee", callee: { ...callee, number, name: "", paths, otherwise: null }, paidBy: null };
  }
  const { dialledBy } = callee;
  if (dialledBy === undefined) return nobody("nobody here has dialled it");
  const plan = planOutside(configuration, number, { ...dialledBy, draw }, isFull);
  if (plan === null) return nobody(`${number} is no number that can be called`);
  if (plan.kind === "refused") return nobody(plan.why);
  const paths = plan.callee.paths.flatMap((path): DialPath[] =>
    path.kind === "trunk" && path.trunkId === trunk.id ? [{ ...path, shown, diversion: { number: callee.number, isPrivate: false } }] : [],
  );
  if (!isNonempty(paths)) return nobody(`no route takes ${plan.callee.classification} by “${trunk.name}”`);
  return { kind: "callee", callee: { ...plan.callee, paths }, paidBy: { userId: dialledBy.userId, isInstead: true } };
}

/** The trunk's domain, its next hops, and the addresses that are the carrier's. */
function isOwnHost({ domain, proxies, addresses }: Trunk, host: string): boolean {
  const own = [domain, ...proxies.map((proxy) => hostAndPort(proxy).host), ...addresses];
  const plain = (one: string): string => normalAddress(one.toLowerCase().replace(/^\[|\]$/g, ""));
  return own.some((one) => one !== "" && plain(one) === plain(host));
}

function byPhone(
  configuration: Configuration,
  call: CallState,
  station: Station,
  callee: Callee,
  shown: CallerIdentity,
  target: RedirectTarget,
  { isFull, draw }: RouteFacts,
): FoundRedirect {
  if (callee.userId === null || station.forwarding === "refuse") return nobody(`${callee.name}'s phone may not send calls on`);
  if (!target.isNear) return nobody(`${callee.name}'s phone sends it to another server`);
  const number = dialledDigits(target.number);
  if (mayBeEmergency(number)) return nobody("calls for help are not begun by others");
  const user = personByNumber(configuration, number);
  const here = user === null ? null : calleeOf(user, shown);
  const inside = planExtension(configuration, number, here, { shown, cameBy: call.customer.trunkId, mayLeave: true }, isFull);
  if (inside?.kind === "callee") return { kind: "callee", callee: inside.callee, paidBy: null };
  if (inside !== null) return nobody(inside.why);
  if (user !== null) return nobody(`${user.name} has no station`);
  if (station.forwarding !== "outside") return nobody(`${callee.name}'s phone may send calls on to people here only`);
  const plan = planOutside(configuration, number, { userId: callee.userId, stationId: station.id, draw }, isFull);
  if (plan === null) return nobody(`${number} is no number that can be called`);
  if (plan.kind === "refused") return nobody(plan.why);
  const [first, ...others] = plan.callee.paths.map((path) => diverted(configuration, call.caller, callee, station, path));
  return { kind: "callee", callee: { ...plan.callee, paths: [first!, ...others] }, paidBy: { userId: callee.userId, isInstead: false } };
}

/** A carrier that is told who has forwarded a call is shown who made it; any other one is shown a number of ours. */
function diverted(configuration: Configuration, caller: CallerIdentity, { userId }: Callee, station: Station, path: DialPath): DialPath {
  const trunk = path.kind === "trunk" ? configuration.trunks.find(({ id }) => id === path.trunkId) : undefined;
  if (path.kind !== "trunk" || trunk === undefined || trunk.diversion === "none") return path;
  const number = ownNumberBy(configuration, trunk, userId!, station.id);
  const isOutside = caller.number === "" || /^\+[0-9]+$/.test(caller.number);
  return { ...path, shown: isOutside ? caller : path.shown, diversion: { number, isPrivate: trunk.callerIdPresentation === "withhold" } };
}
