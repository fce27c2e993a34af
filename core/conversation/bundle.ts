// One conversation as a few files that can be sent to a carrier's support: what was on the wire and how it sounded, without secrets, and without people unless asked.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { LadderEntry } from "../call/call-control.ts";
import type { ChartedLeg } from "../call/live-sound.ts";
import type { SoundPoint } from "../call/sound-chart.ts";
import type { LoggedEvent } from "../events/index.ts";
import { isoInstant } from "../lib/calendar.ts";
import type { ConversationId } from "../lib/id.ts";
import { maskedMessage, maskedNumber, maskedStartLine } from "./masked-sip.ts";
import { momentsOf } from "./moments.ts";
import { type ConversationView, conversationView } from "./queries.ts";

/** What the bundle says of whoever made it: versions, ports, addresses. */
export type NodeFacts = { readonly [fact: string]: string | number | boolean | readonly string[] | null };
export type Bundle = {
  readonly view: ConversationView;
  readonly ladder: readonly LadderEntry[];
  readonly node: NodeFacts;
  readonly madeAt: number;
  /** Numbers and names of callers in full. */
  readonly showsPeople: boolean;
};

/** Files by name; that they were taken is an event. @throws Forbidden · NotFound */
export async function exportBundle(
  app: App,
  actor: Actor,
  id: ConversationId,
  parts: { readonly ladder: (view: ConversationView) => readonly LadderEntry[]; readonly node: NodeFacts; readonly showsPeople: boolean },
): Promise<Readonly<Record<string, string>>> {
  const view = await conversationView(app, actor, id);
  demand(actor, "analytics:conversationDetail:view", view.conversation);
  const { showsPeople, node } = parts;
  const files = bundleFiles({ view, ladder: parts.ladder(view), node, showsPeople, madeAt: app.env.clock.now() });
  await app.unit.run(async () => ({
    value: undefined,
    events: [
      newEvent(app, {
        type: "conversation.bundle.exported",
        actorId: actor.id,
        subjectIds: [id, actor.id],
        divisionId: view.conversation.divisionId,
        payload: { conversationId: id, showsPeople },
      }),
    ],
  }));
  return files;
}

export function bundleFiles(bundle: Bundle): Readonly<Record<string, string>> {
  const { view, ladder, node } = bundle;
  const folder = `conversation-${view.conversation.id}`;
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const files: Record<string, string> = {
    "README.txt": readme(bundle),
    "ladder.txt":
      ladder.length === 0 ? "No SIP message was kept.\n" : ladder.map((entry) => ladderText(entry, bundle.showsPeople)).join("\n"),
    "facts.json": json(facts(bundle)),
    "moments.csv": momentLines(view.events),
    "decisions.json": json(view.decisions.map(({ organizationId: _organization, ...decision }) => decision)),
    "charts.json": json(view.charts),
    "node.json": json(node),
  };
  view.charts.forEach((leg, i) => {
    files[`chart-${i + 1}-${purposeOf(view, leg.participantId)}.csv`] = chartLines(leg);
  });
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, bundle.showsPeople ? text : withoutKnown(text, view)]),
  );
}

/** A number may stand where nobody looks for one: in a Call-ID. */
function withoutKnown(text: string, { conversation, participants }: ConversationView): string {
  const numbers = [conversation.callerNumber, conversation.calledNumber, ...participants.map(({ address }) => address)];
  const digits = new Set(numbers.map((number) => number.replaceAll(/\D/g, "")).filter((run) => run.length >= 7));
  return [...digits].reduce((all, run) => all.replaceAll(run, maskedNumber(run)), text);
}

function readme({ view, madeAt, showsPeople, ladder, node }: Bundle): string {
  const { conversation } = view;
  return `One call, as this contact centre saw it.

Conversation  ${conversation.id}
Began         ${isoInstant(conversation.startedAt)}
Ended         ${conversation.endedAt === null ? "not yet" : `${isoInstant(conversation.endedAt)} (${conversation.endReason})`}
Made          ${isoInstant(madeAt)} by Landline ${node.version ?? ""}
All times are UTC.

ladder.txt      ${ladder.length} SIP messages in order, each with when, which way and the other end
facts.json      participants, and of each leg codec, encryption, packets, loss, jitter, round trip and MOS
chart-*.csv     how each leg sounded over time: "from" is what its device sent, as it reached us; "to" is what we sent, by its reports
charts.json     the same for programs
moments.csv     what the flow did, decisions, holds, pauses and troubles
decisions.json  who was considered for the call, by id
node.json       versions and addresses

Left out
- Credentials: Authorization and its kind; every header field that is not known to be harmless says "(left out)", cookies and
  tokens among them, and so does the STIR Identity, which holds numbers.
- Keys of voice encryption (SDES, DTLS fingerprints, ICE passwords), and every attribute of a description that is not known to be harmless.
- Digits: what was pressed in a secure pause or typed into a flow, and all bodies but descriptions.
- What a flow noted of the caller, and why somebody paused or listened.
- Sound.
${
  showsPeople
    ? "- Names of our people. Callers' numbers and names are in full: whoever made this wanted them to be."
    : `- Names. Numbers keep their last two digits where they have seven or more, like ${maskedNumber("+442079460123")}, and none otherwise.`
}
`;
}

function ladderText({ at, direction, flow, summary, text }: LadderEntry, showsPeople: boolean): string {
  const way = direction === "in" ? "<-" : "->";
  return `---- ${isoInstant(at)} ${way} ${flow}  ${maskedStartLine(summary, showsPeople)}\n${maskedMessage(text, showsPeople)}\n`;
}

function facts({ view, showsPeople }: Bundle): unknown {
  const { conversation, participants, media } = view;
  const number = (text: string): string => (showsPeople ? text : maskedNumber(text));
  return {
    id: conversation.id,
    direction: conversation.direction,
    callerNumber: number(conversation.callerNumber),
    ...(showsPeople ? { callerName: conversation.callerName } : {}),
    calledNumber: number(conversation.calledNumber),
    startedAt: isoInstant(conversation.startedAt),
    answeredAt: instant(conversation.answeredAt),
    endedAt: instant(conversation.endedAt),
    endReason: conversation.endReason,
    participants: participants.map(({ id, purpose, address, startedAt, connectedAt, endedAt, disconnectType }) => ({
      id,
      purpose,
      address: number(address),
      ...{ startedAt: isoInstant(startedAt), connectedAt: instant(connectedAt), endedAt: instant(endedAt), disconnectType },
    })),
    legs: media.map(({ participantId, verdict, measuredAt }) => ({ participantId, measuredAt: instant(measuredAt), ...verdict })),
  };
}

function instant(at: number | null): string | null {
  return at === null ? null : isoInstant(at);
}

/** Of an event's payload: what names nobody and was typed by nobody. */
const told = [
  ...["participantId", "flowName", "version", "actionId", "actionType", "name", "decisionId", "queueId", "outcome", "counts"],
  ...[
    "direction",
    "cause",
    "detail",
    "forMs",
    "secure",
    "untilAt",
    "purpose",
    "classification",
    "speakTo",
    "mode",
    "sipStatus",
    "disconnectType",
  ],
] as const;
/** Where `name` is a person's, or a room's. */
const namesPeople = /^conversation\.(dialled|room|party|supervision)/;

function momentLines(events: readonly LoggedEvent[]): string {
  const lines = momentsOf(events).map(({ track, at, endedAt, event }) => {
    const payload = event.payload ?? {};
    const parts = told.flatMap((key) => {
      const value = payload[key];
      if (value === undefined || value === null || (key === "name" && namesPeople.test(event.type))) return [];
      return [`${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`];
    });
    // Which way a flow went is a choice of the flow's; what was typed is the caller's.
    const { went, pressed } = (payload.facts ?? {}) as Readonly<Record<string, string | number>>;
    if (went !== undefined) parts.push(`went=${went}`);
    if (pressed !== undefined) parts.push(`pressed=${pressed}`);
    return csv([isoInstant(at), endedAt === null ? "" : isoInstant(endedAt), track, event.type, parts.join(" ")]);
  });
  return [csv(["from", "to", "track", "event", "facts"]), ...lines].join("");
}

function chartLines({ points }: ChartedLeg): string {
  const ways = ["packets", "lost", "jitterMs", "mos"] as const;
  const head = csv(["from", "to", "roundTripMs", ...ways.map((way) => `from.${way}`), ...ways.map((way) => `to.${way}`)]);
  const line = (point: SoundPoint): string =>
    csv(
      [
        isoInstant(point.startedAt),
        isoInstant(point.endedAt),
        point.roundTripMs,
        ...ways.map((way) => point.from[way]),
        ...ways.map((way) => point.to[way]),
      ].map((value) => (value === null ? "" : String(value))),
    );
  return head + points.map(line).join("");
}

function csv(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}

function purposeOf(view: ConversationView, participantId: string): string {
  return view.participants.find(({ id }) => id === participantId)?.purpose ?? "leg";
}
