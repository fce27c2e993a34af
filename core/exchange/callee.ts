// Who a dialled number is: one of ours by extension or direct number, or an extension of another PBX. Values from the configuration; no I/O.
import type { CallerIdentity, CallOrigin } from "../call/call-control.ts";
import type { Callee, CallState, FoundTarget, WishWithTarget } from "../call/state.ts";
import type { User } from "../directory/user.ts";
import type { StationId, UserId } from "../lib/id.ts";
import { personRingMs } from "../lib/limits.ts";
import { isWithin } from "../telephony/extension-range.ts";
import { isSameNumber } from "../telephony/number.ts";
import { readNumber } from "../telephony/number-plan.ts";
import type { Configuration, RouteFacts } from "./directory.ts";
import { countryOf, planOutside } from "./outbound.ts";
import { planExtension } from "./tie-line.ts";

/** The digits of what was dialled, and its plus; what people write between them is dropped. */
export function dialledDigits(text: string): string {
  return text.replace(/[\s().\-/]/g, "");
}

/** Whoever is rung under this number; null: nobody of ours. */
export function personByNumber({ users }: Pick<Configuration, "users">, dialled: string): User | null {
  const digits = dialledDigits(dialled);
  return (
    users.find((user) => user.state === "active" && (user.extension === digits || isSameNumber(user.phoneNumber ?? "", digits))) ?? null
  );
}

/** A person as somebody to put a call through to, at their station or another of their devices; null: no station of theirs. */
export function calleeOf(user: User, shown: CallerIdentity, stationId: StationId | null = user.stationId): Callee | null {
  if (stationId === null) return null;
  return {
    purpose: "user",
    userId: user.id,
    number: user.extension ?? user.phoneNumber ?? "",
    name: user.name,
    classification: null,
    isEmergency: false,
    paths: [{ kind: "station", stationId, shown }],
    ringMs: personRingMs,
    otherwise: null,
  };
}

/** Numbers of a call that comes in by a trunk, as its format has them. */
export function asRead(
  configuration: Pick<Configuration, "trunks" | "sites" | "organization">,
  { origin, called, caller }: { readonly origin: CallOrigin; readonly called: string; readonly caller: CallerIdentity },
): { readonly called: string; readonly caller: CallerIdentity } {
  const trunk = origin.kind === "trunk" ? configuration.trunks.find(({ id }) => id === origin.trunkId) : undefined;
  if (trunk === undefined) return { called, caller };
  const read = (number: string): string => readNumber(number, trunk.incomingFormat, countryOf(configuration));
  return { called: read(called), caller: { ...caller, number: read(caller.number) } };
}

/**
 * Who is calling, as others are told: our own by name and extension, whatever their device says. From outside nobody is one of ours by
 * extension: who says so is not believed in anything. A tie line is believed for exactly its own ranges.
 */
export function identityOf(
  configuration: Pick<Configuration, "users" | "trunks">,
  origin: CallOrigin,
  told: CallerIdentity,
): CallerIdentity {
  const claimed = dialledDigits(told.number);
  if (origin.kind === "trunk" && claimed !== "") {
    const vouching = configuration.trunks.filter(({ extensionRanges }) => isWithin(extensionRanges, claimed));
    if (vouching.some(({ id }) => id === origin.trunkId)) return { number: claimed, name: told.name };
    if (vouching.length > 0 || configuration.users.some(({ extension }) => extension === claimed)) return { number: "", name: "" };
  }
  return origin.kind === "station" ? (identityOfUser(configuration, origin.userId) ?? told) : told;
}

function identityOfUser({ users }: Pick<Configuration, "users">, userId: UserId): CallerIdentity | null {
  const user = users.find(({ id }) => id === userId);
  return user === undefined ? null : { number: user.extension ?? user.phoneNumber ?? "", name: user.name };
}

/** Whom a transfer is to. With a word before, the asker calls; at once, whoever is passed on. */
export function targetByNumber(
  configuration: Configuration,
  number: string,
  wish: WishWithTarget,
  call: CallState,
  facts: RouteFacts,
): FoundTarget {
  const asker = askerUserOf(call, wish);
  const user = personByNumber(configuration, number);
  const shown = (wish.kind === "consult" && asker !== null ? identityOfUser(configuration, asker) : null) ?? call.caller;
  const here = user === null ? null : calleeOf(user, shown);
  // Passing on is a person's act and no loop: also whoever came by a tie line may go back by it.
  const seeker = { shown, cameBy: null, mayLeave: asker !== null };
  const inside = planExtension(configuration, dialledDigits(number), here, seeker, facts.isFull);
  if (inside?.kind === "callee") return inside;
  if (inside !== null) return { kind: "nobody", message: `${number}: ${inside.why}.` };
  return user === null ? outsideTarget(configuration, number, asker, facts) : { kind: "nobody", message: `${user.name} has no station.` };
}

/** Whoever passes a call on to a number outside needs the right to dial it: the call goes on at our expense. */
function outsideTarget(configuration: Configuration, number: string, userId: UserId | null, { isFull, draw }: RouteFacts): FoundTarget {
  const plan = userId === null ? null : planOutside(configuration, number, { userId, stationId: null, draw }, isFull);
  if (plan === null) return { kind: "nobody", message: `${number} is no number that can be called.` };
  return plan.kind === "callee" ? plan : { kind: "nobody", message: `${number}: ${plan.why}.` };
}

/** The person behind a wish; null: nobody of ours. */
export function askerUserOf({ agent, customer, party }: CallState, { participantId }: WishWithTarget): UserId | null {
  if (participantId === agent?.participantId) return agent.userId;
  return participantId === customer.participantId ? customer.userId : (party?.callee.userId ?? null);
}
