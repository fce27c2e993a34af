// The life of one subscription, at the side that tells (RFC 6665 §4.2): one pure machine. Its host is telephony/subscriptions.ts.
import { notifyFailuresMax, notifyGapMs } from "../../../core/lib/limits.ts";
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import { header, type RequestDraft, type SipRequest } from "../message/message.ts";
import type { Flow } from "../transport/flow.ts";
import { afterRequest, type Dialog, isInOrder, refreshTarget, requestWithin } from "./dialog.ts";
import { tellsTheSame, type Watched, watchedBody, watchedTypes } from "./watched.ts";

export type SubscriptionState =
  | {
      readonly name: "active";
      readonly dialog: Dialog;
      readonly contact: string;
      /** As it stands in Event, its id with it. */
      readonly event: string;
      readonly expiresAt: number;
      /** Of the next NOTIFY. */
      readonly version: number;
      /** What the watcher has been told last; null: the next NOTIFY tells everything. */
      readonly told: Watched | null;
      readonly latest: Watched;
      /** A NOTIFY is not answered yet: the next one waits, so that they cannot overtake each other. */
      readonly isAsking: boolean;
      /** The last NOTIFY was less than `notifyGapMs` ago. */
      readonly isResting: boolean;
      /** NOTIFYs in a row that were refused. */
      readonly failures: number;
    }
  | { readonly name: "ended" };

/** Why it is over, as Subscription-State says it (RFC 6665 §4.1.3). */
export type SubscriptionEnd = "timeout" | "noresource" | "rejected" | "probation";

export type SubscriptionInput = { readonly now: number } & (
  | {
      readonly kind: "subscribe";
      readonly request: SipRequest;
      readonly flow: Flow;
      /** Within the limits; 0 ends it. */
      readonly seconds: number;
      readonly latest: Watched;
    }
  | { readonly kind: "changed"; readonly latest: Watched }
  /** To our NOTIFY; null: nothing came. */
  | { readonly kind: "answered"; readonly status: number | null }
  | { readonly kind: "timer"; readonly timer: SubscriptionTimer }
  | { readonly kind: "end"; readonly reason: SubscriptionEnd }
  /** The path to the watcher is gone: no word reaches it. */
  | { readonly kind: "lost" }
);

export type SubscriptionTimer = "expire" | "rest";

export type SubscriptionOutput =
  /** The SUBSCRIBE is answered, before any NOTIFY. */
  | { readonly kind: "accept"; readonly seconds: number }
  | { readonly kind: "refuse"; readonly status: number }
  | { readonly kind: "notify"; readonly request: RequestDraft; readonly flow: Flow }
  | { readonly kind: "start"; readonly timer: SubscriptionTimer; readonly ms: number }
  | { readonly kind: "stop"; readonly timer: SubscriptionTimer }
  | { readonly kind: "ended" };

type Result = Step<SubscriptionState, SubscriptionOutput>;
type Active = Extract<SubscriptionState, { name: "active" }>;

/** RFC 6665 §4.2.2 and RFC 5057 §5.1: after these the watcher knows nothing of it any more. */
const fatal = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);
/** A node that stops is back in so many seconds, as a rule. */
const backAfterSeconds = 5;

export function startSubscription(
  dialog: Dialog,
  contact: string,
  event: string,
  input: Extract<SubscriptionInput, { kind: "subscribe" }>,
): Result {
  const state: Active = {
    ...{ name: "active", dialog, contact, event, latest: input.latest, expiresAt: input.now },
    ...{ version: 0, told: null, isAsking: false, isResting: false, failures: 0 },
  };
  return subscribed(state, input);
}

export function stepSubscription(state: SubscriptionState, input: SubscriptionInput): Result {
  if (state.name === "ended") return { state, outputs: [] };
  switch (input.kind) {
    case "subscribe": {
      // §4.2.1.1: a refresh that an older one overtook is not one.
      if (!isInOrder(state.dialog, input.request)) return { state, outputs: [{ kind: "refuse", status: 500 }] };
      const dialog = refreshTarget(afterRequest(state.dialog, input.request, input.flow), input.request);
      return subscribed({ ...state, dialog }, input);
    }
    case "changed":
      return tellWhatIsNew({ ...state, latest: input.latest }, input.now);
    case "answered":
      return answered(state, input.status, input.now);
    case "timer":
      return input.timer === "expire" ? end(state, "timeout") : tellWhatIsNew({ ...state, isResting: false }, input.now);
    case "end":
      return end(state, input.reason);
    case "lost":
      return over();
    default:
      return assertNever(input);
  }
}

/** §4.2.1.2: whoever subscribes or refreshes is told everything at once, also where nothing has changed. */
function subscribed(state: Active, { seconds, latest, now }: Extract<SubscriptionInput, { kind: "subscribe" }>): Result {
  const accept: SubscriptionOutput = { kind: "accept", seconds };
  const anew: Active = { ...state, latest, told: null };
  if (seconds === 0) {
    const last = end(anew, "timeout");
    return { state: last.state, outputs: [accept, ...last.outputs] };
  }
  const told = tellWhatIsNew({ ...anew, expiresAt: now + seconds * 1_000 }, now);
  return { state: told.state, outputs: [accept, { kind: "start", timer: "expire", ms: seconds * 1_000 }, ...told.outputs] };
}

function tellWhatIsNew(state: Active, now: number): Result {
  const isNew = state.told === null || !tellsTheSame(state.told, state.latest);
  if (!isNew || state.isAsking || state.isResting) return { state, outputs: [] };
  const { dialog, output } = notify(state, `active;expires=${secondsLeft(state, now)}`);
  return {
    state: { ...state, dialog, version: state.version + 1, told: state.latest, isAsking: true, isResting: true },
    outputs: [output, { kind: "start", timer: "rest", ms: notifyGapMs }],
  };
}

function answered(state: Active, status: number | null, now: number): Result {
  if (status === null || fatal.has(status)) return over();
  if (status < 300) return tellWhatIsNew({ ...state, isAsking: false, failures: 0 }, now);
  const failures = state.failures + 1;
  // What it was told may not have arrived: the next one tells everything.
  return failures >= notifyFailuresMax ? over() : tellWhatIsNew({ ...state, isAsking: false, failures, told: null }, now);
}

/** The last word, with the last state. Nobody waits for its answer. */
function end(state: Active, reason: SubscriptionEnd): Result {
  const retry = reason === "probation" ? `;retry-after=${backAfterSeconds}` : "";
  const silent = reason === "rejected" || reason === "noresource";
  const { output } = notify(state, `terminated;reason=${reason}${retry}`, silent);
  const ended = over();
  return { state: ended.state, outputs: [output, ...ended.outputs] };
}

function over(): Result {
  return {
    state: { name: "ended" },
    outputs: [{ kind: "stop", timer: "expire" }, { kind: "stop", timer: "rest" }, { kind: "ended" }],
  };
}

/** `silent`: who may see nothing any more is told that, and nothing else. */
function notify(
  state: Active,
  subscriptionState: string,
  silent = false,
): { readonly dialog: Dialog; readonly output: SubscriptionOutput } {
  const { dialog, contact, event, told, latest, version } = state;
  const content = silent ? [] : [header("Content-Type", watchedTypes[latest.package])];
  const headers = [header("Contact", contact), header("Event", event), header("Subscription-State", subscriptionState), ...content];
  const parts = silent ? { headers } : { headers, body: watchedBody(told, latest, version) };
  const next = requestWithin(dialog, "NOTIFY", parts);
  return { dialog: next.dialog, output: { kind: "notify", request: next.request, flow: dialog.flow } };
}

function secondsLeft({ expiresAt }: Active, now: number): number {
  return Math.max(0, Math.round((expiresAt - now) / 1_000));
}
