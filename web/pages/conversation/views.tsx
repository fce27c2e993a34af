// The conversation page: lanes over one time axis, player, explanation, timeline, ladder; a table behind every drawing.

import { type Actor, can } from "../../../core/authorization/actor.ts";
import type { LadderEntry, SoundDirection, SoundFigures, Trouble } from "../../../core/call/call-control.ts";
import type { SpeakTo } from "../../../core/call/state.ts";
import type { Segment, SegmentType, SupervisionMode } from "../../../core/conversation/conversation.ts";
import { legCharts } from "../../../core/conversation/media.ts";
import type { ConversationView } from "../../../core/conversation/queries.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import { clockDuration, longDate, timeOfDay } from "../../../core/lib/calendar.ts";
import { supervisionReasonMax } from "../../../core/lib/limits.ts";
import type { Explanation } from "../../../core/routing/explain.ts";
import { fairMos } from "../../../core/telephony/network-test.ts";
import { attributesInWords } from "../../ui/attributes.ts";
import { Crumbs } from "../../ui/crumbs.tsx";
import { callerTitle, ListenForm } from "../../ui/dock.tsx";
import { Icon } from "../../ui/icon.tsx";
import { count, language, said, t } from "../../ui/text.ts";
import { Clock, Duration, dateTime } from "../../ui/time.tsx";
import { troubleOfLeg } from "../../ui/trouble.tsx";
import { endWord } from "../board/views.tsx";
import { Sounded, type TimeAxis } from "./sound.tsx";

type Props = {
  readonly actor: Actor;
  readonly view: ConversationView;
  readonly explanation: Explanation | null;
  readonly ladder: readonly LadderEntry[];
  readonly mayListen: boolean;
  readonly mayExport: boolean;
  readonly now: number;
  readonly csrf: string;
};

export function ConversationPage(props: Props) {
  const { view, now } = props;
  const { conversation } = view;
  const endedAt = conversation.endedAt ?? now;
  const overAt = Math.max(endedAt, ...view.segments.map((segment) => segment.endedAt ?? now));
  const axis = axisOf(conversation.startedAt, overAt);
  return (
    <div class="page" id="conversation" data-live={conversation.endedAt === null ? `sound-${conversation.id}` : undefined}>
      <Crumbs
        actor={props.actor}
        under={[
          can(props.actor, "analytics:conversationDetail:view")
            ? { href: "/conversations", label: "Conversations", permission: "analytics:conversationDetail:view" }
            : { href: "/calls", label: "Your calls", permission: "conversation:call:accept" },
        ]}
      />
      <div class="page-head">
        <h1>{callerTitle(conversation)}</h1>
        <span class="tag">
          <Icon name="phone-incoming" />
          {t("Inbound call")}
        </span>
        {conversation.endedAt === null ? (
          <span class="badge" data-tone="live">
            <Icon name="audio-lines" />
            {t("Live")}
          </span>
        ) : null}
        {props.mayExport ? (
          <div class="actions">
            <a class="button" href={`/conversations/${conversation.id}/export.json`} download="" hx-boost="false">
              <Icon name="download" />
              {t("Export as JSON")}
            </a>
          </div>
        ) : null}
        <p>
          {/* Without a name the number is the title already. */}
          {conversation.callerName === "" ? (
            t("Called")
          ) : (
            <>
              <span class="mono">{conversation.callerNumber}</span> {t("to")}
            </>
          )}{" "}
          <span class="mono">{conversation.calledNumber}</span>
          {`, ${longDate(conversation.startedAt, language().tag)}, ${timeOfDay(conversation.startedAt)} ${t("to")} ${conversation.endedAt === null ? t("now") : timeOfDay(conversation.endedAt)}. `}
          {conversation.endReason === null ? "" : `${endWord(conversation.endReason)}.`}
        </p>
      </div>
      <Lanes view={view} axis={axis} now={now} />
      <Sounded legs={legCharts(view.events)} axis={axis} nameOf={(participantId) => personName(view, participantId)} />
      <Listen view={view} actor={props.actor} csrf={props.csrf} />
      <div class="under-lanes">
        <Recordings view={view} mayListen={props.mayListen} />
        <Totals view={view} now={now} />
      </div>
      <div class="columns">
        <div>
          <Timeline view={view} />
          {props.explanation === null ? null : <Why explanation={props.explanation} view={view} />}
          {props.ladder.length === 0 ? null : <Ladder entries={props.ladder} />}
        </div>
        <aside aria-label={t("About this conversation")}>
          <Media view={view} />
          <Facts view={view} />
          <Listened view={view} />
        </aside>
      </div>
    </div>
  );
}

/** Where a live call can be listened to, by whoever may and is not in it. */
export function Listen(props: { readonly view: ConversationView; readonly actor: Actor; readonly csrf: string }) {
  const { view, actor } = props;
  const isThere = ({ connectedAt, endedAt }: Lane): boolean => connectedAt !== null && endedAt === null;
  const isIn = view.participants.some(({ userId, endedAt }) => userId !== null && userId === actor.userId && endedAt === null);
  const may = actor.userId !== null && can(actor, "conversation:call:monitor", view.conversation);
  const people = view.participants.filter((one) => one.userId !== null && one.supervises === null && isThere(one));
  return (
    <ListenForm
      conversationId={view.conversation.id}
      people={may && !isIn ? people.map(({ id }) => ({ participantId: id, name: personName(view, id) })) : []}
      reasonMax={supervisionReasonMax}
      csrf={props.csrf}
    />
  );
}

const segmentWords: Readonly<Record<SegmentType, string>> = {
  ivr: "IVR",
  interact: "Talk",
  hold: "Hold",
  alert: "Alert",
  wrapup: "Wrap-up",
  system: "Set-up",
  delay: "Waiting",
  dialing: "Dialling",
  monitoring: "Listening",
  coaching: "Coaching",
  barging: "Barging in",
};

const segmentClass: Readonly<Record<SegmentType, string>> = {
  ivr: "seg seg-ivr",
  interact: "seg seg-talk",
  hold: "seg seg-hold",
  alert: "seg seg-alert",
  wrapup: "seg seg-wrap",
  system: "seg seg-ivr",
  delay: "seg seg-queue",
  dialing: "seg seg-alert",
  monitoring: "seg seg-listen",
  coaching: "seg seg-listen",
  barging: "seg seg-listen",
};

function Lanes(props: { readonly view: ConversationView; readonly axis: Axis; readonly now: number }) {
  const { view } = props;
  const { from } = props.axis;
  const lanes = view.participants.filter((participant) => participant.purpose !== "customer");
  const { ticks, percent, spanMs } = props.axis;
  return (
    <section aria-labelledby="time">
      <h2 class="visually-hidden" id="time">
        {t("What happened, on one time axis")}
      </h2>
      <div class="lanes" aria-hidden="true">
        <svg class="axis">
          <defs>
            <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <line class="hatch-line" x1="0" x2="0" y1="0" y2="5" />
            </pattern>
          </defs>
        </svg>
        <svg class="axis">
          {ticks.map((at) => (
            <text x={percent(at)} y="15" text-anchor={anchorAt((at - from) / spanMs)}>
              {timeOfDay(at)}
            </text>
          ))}
        </svg>
        {lanes.map((lane) => {
          const mine = view.segments.filter((segment) => segment.participantId === lane.id);
          return (
            <>
              <div class="lane-name">
                <span>{laneName(view, lane)}</span>
                <small>{laneKind(lane)}</small>
              </div>
              <svg>
                {ticks.map((at) => (
                  <line class="axis-line" x1={percent(at)} x2={percent(at)} y1="0" y2="100%" />
                ))}
                {mine.map((segment) => (
                  <rect
                    class={lane.purpose === "acd" ? "seg seg-queue" : segmentClass[segment.type]}
                    x={percent(segment.startedAt)}
                    width={`${((lengthMs(segment, props.now) / spanMs) * 100).toFixed(2)}%`}
                    y="10"
                    height="16"
                    rx="2"
                  >
                    <title>{`${segmentWord(lane.purpose, segment)} ${clockDuration(lengthMs(segment, props.now))}`}</title>
                  </rect>
                ))}
                <LaneLabel lane={lane} segments={mine} from={from} spanMs={spanMs} now={props.now} />
              </svg>
            </>
          );
        })}
      </div>
      <table class="visually-hidden">
        <caption>{t("Segments")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Who")}</th>
            <th scope="col">{t("What")}</th>
            <th scope="col">{t("From")}</th>
            <th scope="col">{t("For")}</th>
          </tr>
        </thead>
        <tbody>
          {lanes.flatMap((lane) =>
            view.segments
              .filter((segment) => segment.participantId === lane.id)
              .map((segment) => (
                <tr>
                  <th scope="row">{laneName(view, lane)}</th>
                  <td>{segmentWord(lane.purpose, segment)}</td>
                  <td>{timeOfDay(segment.startedAt)}</td>
                  <td>{clockDuration(lengthMs(segment, props.now))}</td>
                </tr>
              )),
          )}
        </tbody>
      </table>
    </section>
  );
}

type Axis = TimeAxis & { readonly from: number; readonly spanMs: number };

function axisOf(from: number, to: number): Axis {
  const spanMs = Math.max(1_000, to - from);
  // What was measured a moment after the end, or before the beginning, stays inside the drawing.
  const share = (at: number): number => Math.min(1, Math.max(0, (at - from) / spanMs));
  return { from, spanMs, share, percent: (at) => `${(share(at) * 100).toFixed(2)}%`, ticks: ticksOf(from, spanMs) };
}

/** Round times, at most seven of them, so that two conversations can be compared. */
function ticksOf(from: number, spanMs: number): readonly number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200].map((seconds) => seconds * 1_000);
  const step = steps.find((ms) => spanMs / ms <= 7) ?? Math.ceil(spanMs / 7 / 3_600_000) * 3_600_000;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((from + spanMs - first) / step) + 1 }, (_, i) => first + i * step);
}

/** A word at the edge of the drawing stays inside it. */
function anchorAt(share: number): "start" | "middle" | "end" {
  return share < 0.04 ? "start" : share > 0.96 ? "end" : "middle";
}

/** What a lane was and for how long: on its longest bar where that has the room, else beside the last. */
function LaneLabel(props: {
  readonly lane: Lane;
  readonly segments: readonly Segment[];
  readonly from: number;
  readonly spanMs: number;
  readonly now: number;
}) {
  const { lane, segments, from, spanMs, now } = props;
  const [first, last] = [segments[0], segments.at(-1)];
  if (first === undefined || last === undefined) return null;
  const share = (at: number): number => (at - from) / spanMs;
  const main = lane.purpose === "agent" ? segments.filter(({ type }) => type === "interact") : segments;
  if (main.length === 0) return null;
  const longest = main.reduce((a, b) => (lengthMs(b, now) > lengthMs(a, now) ? b : a));
  const said = `${segmentWord(lane.purpose, longest)} ${clockDuration(main.reduce((sum, segment) => sum + lengthMs(segment, now), 0))}`;
  if (lane.purpose === "agent" && lengthMs(longest, now) / spanMs > 0.12) {
    const middle = share((longest.startedAt + (longest.endedAt ?? now)) / 2);
    return (
      <text class="on" x={`${(middle * 100).toFixed(2)}%`} y="22" text-anchor="middle">
        {said}
      </text>
    );
  }
  const [begins, ends] = [share(first.startedAt), share(last.endedAt ?? now)];
  if (ends > 0.85 && begins < 0.15) return null;
  const isAfter = ends <= 0.85;
  return (
    <text
      class="beside"
      x={`${((isAfter ? ends : begins) * 100).toFixed(2)}%`}
      dx={isAfter ? "8" : "-8"}
      y="22"
      text-anchor={isAfter ? "start" : "end"}
    >
      {said}
    </text>
  );
}

/** The times that make up a handle time, under the axis that shows them. */
function Totals(props: { readonly view: ConversationView; readonly now: number }) {
  const agents = new Set(props.view.participants.filter(({ purpose }) => purpose === "agent").map(({ id }) => id));
  const sum = (type: SegmentType): number =>
    props.view.segments
      .filter((segment) => segment.type === type && agents.has(segment.participantId))
      .reduce((total, segment) => total + lengthMs(segment, props.now), 0);
  const [talk, hold, wrap] = [sum("interact"), sum("hold"), sum("wrapup")];
  if (talk + hold + wrap === 0) return null;
  const part = (key: string, word: string, ms: number) => (
    <div>
      <dt>
        <svg aria-hidden="true">
          <rect class={`key-${key}`} x="0.5" y="0.5" width="15" height="7" rx="1.5" />
        </svg>
        {word}
      </dt>
      <dd>
        <Duration ms={ms} />
      </dd>
    </div>
  );
  return (
    <dl class="legend">
      {part("talk", t("Talk"), talk)}
      {hold === 0 ? null : part("hold", t("Hold"), hold)}
      {wrap === 0 ? null : part("wrap", t("Wrap-up"), wrap)}
      <div>
        <dt>{t("Handle")}</dt>
        <dd>
          <Duration ms={talk + hold + wrap} />
        </dd>
      </div>
    </dl>
  );
}

function lengthMs(segment: Segment, now: number): number {
  return (segment.endedAt ?? now) - segment.startedAt;
}

function segmentWord(purpose: string, segment: Segment): string {
  return t(purpose === "acd" ? "Waiting" : segmentWords[segment.type]);
}

type Lane = ConversationView["participants"][number];

function laneName(view: ConversationView, lane: Lane): string {
  if (lane.purpose === "agent" || lane.purpose === "user" || lane.purpose === "external" || lane.purpose === "group")
    return personName(view, lane.id);
  if (lane.purpose === "acd") return view.queueNames.get(lane.queueId ?? "") ?? t("Queue");
  const flow = view.events.find((event) => event.type === "conversation.flow.started" && event.payload?.participantId === lane.id);
  return String(flow?.payload?.flowName ?? t("Flow"));
}

function laneKind({ purpose, supervises }: Pick<Lane, "purpose" | "supervises">): string {
  if (supervises !== null) return t("listens");
  if (purpose === "user") return t("person");
  if (purpose === "external") return t("outside");
  if (purpose === "group") return t("conference room");
  return purpose === "agent" ? t("agent") : purpose === "acd" ? t("queue") : t("flow");
}

function Recordings(props: { readonly view: ConversationView; readonly mayListen: boolean }) {
  const { recordings } = props.view;
  if (recordings.length === 0) return null;
  return (
    <section aria-labelledby="recording">
      <h2 class="visually-hidden" id="recording">
        {t("Recording")}
      </h2>
      {recordings.map((recording) => (
        <div class="player" role="group" aria-label={t("Recording")}>
          {recording.state === "recording" ? (
            <span class="badge" data-tone="live">
              <Icon name="circle" />
              {t("Being recorded")}
            </span>
          ) : recording.state === "erased" ? (
            <span class="badge">
              <Icon name="ban" />
              {t("Erased {time}", { time: dateTime(recording.erasedAt!) })}
            </span>
          ) : recording.state === "failed" ? (
            <span class="badge" data-tone="bad">
              <Icon name="circle-alert" />
              {t("The recording failed")}
            </span>
          ) : props.mayListen ? (
            <audio controls preload="none" src={`/recordings/${recording.id}/audio`} aria-label={t("Caller left, agent right")} />
          ) : (
            <p class="quiet">{t("Recorded. Listening needs the permission recording:recording:view.")}</p>
          )}
          {recording.state === "interrupted" ? (
            <span class="badge" data-tone="wait">
              <Icon name="triangle-alert" />
              {t("Interrupted: whole up to the interruption")}
            </span>
          ) : null}
          <span class="faint" hidden={recording.state === "erased"}>
            {recording.durationMs === null ? null : <Duration ms={recording.durationMs} />}{" "}
            {t("encrypted; caller left, agent right; listening is written down")}
          </span>
        </div>
      ))}
    </section>
  );
}

function Timeline(props: { readonly view: ConversationView }) {
  const entries = props.view.events.map((event) => ({ event, line: describe(event, props.view) })).filter((entry) => entry.line !== null);
  return (
    <section class="section" aria-labelledby="timeline">
      <header>
        <h2 id="timeline">{t("Timeline")}</h2>
        <span class="caption end">{count(props.view.events.length, "{n} entry in the log", "{n} entries in the log")}</span>
      </header>
      <ol class="timeline" role="list">
        {entries.map(({ event, line }) => (
          <li>
            <Clock at={event.at} />
            <span class="point">
              <Icon name={line!.icon} />
            </span>
            <div class="what">
              <p>
                <b>{line!.what}</b> {line!.more === "" ? null : <span class="quiet">{line!.more}</span>}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

type Line = { readonly icon: string; readonly what: string; readonly more: string };

// One sentence for each thing that people understand; the rest of the log stays in the log.
function describe(event: LoggedEvent, view: ConversationView): Line | null {
  const { payload } = event;
  const name = (id: unknown): string => view.users.get(String(id))?.name ?? t("Somebody");
  const queue = (id: unknown): string => view.queueNames.get(String(id)) ?? t("a queue");
  const line = (icon: string, what: string, more = ""): Line => ({ icon, what, more });
  if (payload === null) return line("lock", t("Erased"), t("the content of entry {seq} was erased", { seq: event.seq }));
  switch (event.type) {
    case "conversation.started":
      return line("phone-incoming", t("Call arrived"), t("on {number}", { number: String(payload.calledNumber) }));
    case "conversation.flow.started":
      return line("workflow", String(payload.flowName), `v${payload.version}`);
    case "conversation.flow.stepped": {
      const facts = payload.facts as Record<string, string | number>;
      const said = Object.entries(facts).map(([key, value]) =>
        key === "digits" && !("typed" in facts) ? t("{n} digits, hidden", { n: value }) : `${key} ${value}`,
      );
      return line("git-branch", String(payload.name), said.join(", "));
    }
    case "conversation.data.set":
      return line(
        "database",
        t("Participant data"),
        attributesInWords(payload.values as Record<string, string>)
          .map(({ name, value }) => `${name}: ${value}`)
          .join(", "),
      );
    case "conversation.enqueued":
      return line(
        "users",
        payload.atHead === true
          ? t("Back to the head of {queue}", { queue: queue(payload.queueId) })
          : t("Into {queue}", { queue: queue(payload.queueId) }),
      );
    case "routing.decision.nobody":
      return line(
        "clock",
        t("Nobody could take it"),
        Object.entries(payload.counts as Record<string, number>)
          .map(([reason, n]) => `${reason} ${n}`)
          .join(", "),
      );
    case "routing.alert.created":
      return line("phone", t("Offered to {name}", { name: name(payload.userId) }));
    case "conversation.alert.accepted":
      return line("phone", t("{name} answered", { name: name(payload.userId) }));
    case "conversation.alert.ended":
      return line("phone-missed", t("{name}: {outcome}", { name: name(payload.userId), outcome: String(payload.outcome) }));
    case "conversation.held":
      return line("pause", t("On hold"));
    case "conversation.resumed":
      return line("play", t("Resumed"));
    case "conversation.dialled":
      return payload.pickedUpFrom === undefined
        ? line("phone-outgoing", t("{name} is called", { name: called(payload) }))
        : line(
            "phone",
            t("{name} picks up the call that rings for {whom}", { name: called(payload), whom: personName(view, payload.pickedUpFrom) }),
          );
    case "conversation.party.connected":
      return line("phone", t("{name} answered", { name: personName(view, payload.participantId) }));
    case "conversation.party.ended":
      return line("phone-off", t("{name} left the call", { name: personName(view, payload.participantId) }));
    case "conversation.redirected": {
      const who = { name: personName(view, payload.participantId) };
      return payload.to === null
        ? line("phone-forwarded", t("{name} sends the call elsewhere, and it is not followed", who), said(String(payload.refused)))
        : line("phone-forwarded", t("{name} sends the call on to {number}", { ...who, number: String(payload.to) }));
    }
    case "conversation.transfer.failed":
      return line("circle-alert", t("The call was not passed on"), said(String(payload.message)));
    case "conversation.consult.updated":
      return line("users", spokenTo[payload.speakTo as SpeakTo](personName(view, payload.participantId)));
    case "conversation.supervision.started":
      return line(
        "headphones",
        t("{name} wants to listen to {whom}", { name: name(payload.userId), whom: personName(view, payload.supervises) }),
        String(payload.reason),
      );
    case "conversation.room.entered":
      return line(
        "users",
        t("{name} is in the conference room {room}", { name: personName(view, payload.customerParticipantId), room: String(payload.name) }),
      );
    case "conversation.supervision.connected":
    case "conversation.supervision.switched":
      return line("headphones", supervisionSays(payload.mode as SupervisionMode, personName(view, payload.participantId)));
    case "conversation.supervision.ended":
      return line("headphones", t("{name} listens no more", { name: name(payload.userId) }));
    case "conversation.supervision.refused":
      return line("circle-alert", t("{name} could not listen", { name: name(payload.userId) }), said(String(payload.message)));
    case "conversation.agent.lost":
      return line("wifi-off", t("The agent's browser was gone"), t("the caller hears music for up to 15 s"));
    case "conversation.agent.returned":
      return line("audio-lines", t("The agent's browser came back"), clockDuration(payload.goneMs as number));
    case "conversation.media.silent": {
      if (payload.cause === undefined) return line("volume-2", t("No sound arrived"), t("for {n} s", { n: seconds(payload.forMs) }));
      const trouble = { cause: payload.cause, detail: payload.detail } as Trouble;
      const { what, why } = troubleOfLeg(personName(view, payload.participantId), payload.direction as SoundDirection, trouble);
      return line("volume-2", what, why);
    }
    case "conversation.media.heard":
      return line(
        "audio-lines",
        payload.direction === "from"
          ? t("{name} is heard again", { name: personName(view, payload.participantId) })
          : t("{name} hears again", { name: personName(view, payload.participantId) }),
        t("after {n} s", { n: seconds(payload.forMs) }),
      );
    case "conversation.path.failed":
      return payload.reason === "not-encrypted"
        ? line(
            "circle-alert",
            t("{name} was not put through: voice must be encrypted", { name: personName(view, payload.participantId) }),
            t("the other side does not encrypt it"),
          )
        : null;
    case "conversation.media.unprotected":
      return line(
        "circle-alert",
        t("{name}: voice not encrypted", { name: personName(view, payload.participantId) }),
        payload.sipStatus === null
          ? t("the other side answered without keys, and was called again")
          : t("the other side refused it ({status}), and was called again", { status: Number(payload.sipStatus) }),
      );
    case "conversation.recording.started":
      return line("circle", t("Recording began"));
    case "conversation.recording.closed":
      return line(
        "circle-dot",
        payload.state === "sealed" ? t("Recording sealed") : t("Recording sealed after an interruption"),
        clockDuration(payload.durationMs as number),
      );
    case "conversation.recording.paused":
      return line(
        payload.secure === true ? "shield-check" : "pause",
        payload.secure === true ? t("Secure pause") : t("Recording pauses"),
        [pauserName(view, payload.by), String(payload.reason)].filter((part) => part !== "").join(": "),
      );
    case "conversation.recording.resumed":
      return line("play", t("Recording goes on"), payload.by === null ? t("time was up") : pauserName(view, payload.by));
    case "conversation.recording.failed":
      return line("circle-alert", t("Recording failed"), String(payload.reason));
    case "conversation.agent.ended":
      return line("phone-off", t("{name} left the call", { name: name(payload.userId) }));
    case "conversation.ended":
      return line("phone-off", t("Call ended"), endWord(payload.reason as Parameters<typeof endWord>[0]));
    case "conversation.wrapup.set":
      return line("check", t("Wrap-up"), String(payload.code));
    case "routing.acw.ended":
      return line("timer", t("After-call work ended"), payload.by === "timeout" ? t("time was up") : "");
    default:
      return null;
  }
}

/** Who pauses: a person, the flow or the queue, or a program. */
function pauserName(view: ConversationView, by: unknown): string {
  const id = String(by);
  const lane = view.participants.find(({ flowId, queueId }) => flowId === id || queueId === id);
  return view.users.get(id)?.name ?? (lane === undefined ? t("A program") : laneName(view, lane));
}

function called({ name, number }: NonNullable<LoggedEvent["payload"]>): string {
  return String(name) || String(number) || t("Somebody");
}

const spokenTo: Readonly<Record<SpeakTo, (name: string) => string>> = {
  DESTINATION: (name) => t("Back to {name}; the other waits", { name }),
  OBJECT: (name) => t("{name} waits", { name }),
  BOTH: (name) => t("{name} joins: a conference", { name }),
};

function supervisionSays(mode: SupervisionMode, name: string): string {
  switch (mode) {
    case "monitoring":
      return t("{name} listens, unheard", { name });
    case "coaching":
      return t("{name} coaches, heard by one alone", { name });
    case "barging":
      return t("{name} talks along, heard by everybody", { name });
  }
}

function seconds(ms: unknown): number {
  return Math.round(Number(ms) / 1_000);
}

const reasonWords: Readonly<Record<string, string>> = {
  NOT_MEMBER: "Not a member of the queue",
  NOT_JOINED: "Has not joined the queue",
  OFF_QUEUE: "Off queue",
  NOT_RESPONDING: "Not Responding",
  ALERTING: "Something rings already",
  CAPACITY: "At capacity",
  LANGUAGE: "Lacks the language",
  SKILL: "Lacks a skill",
  BEYOND_POOL: "Not among the 100 longest idle",
  OUTRANKED: "Could take it, another was better",
};

function Why(props: { readonly explanation: Explanation; readonly view: ConversationView }) {
  const { stored, recomputed, agrees } = props.explanation;
  const name = (id: string): string => props.view.users.get(id)?.name ?? id;
  const others = recomputed?.excluded ?? stored.nearest;
  return (
    <section class="section" aria-labelledby="why">
      <header>
        <h2 id="why">{stored.userId === null ? t("Why nobody?") : t("Why this agent?")}</h2>
        <span class="caption">{t("decided {time}", { time: timeOfDay(stored.at) })}</span>
        <span class="caption end">
          {agrees === true
            ? t("recomputed from the log as of {seq}: the same", { seq: stored.asOfSeq })
            : agrees === false
              ? t("recomputed from the log: DIFFERENT")
              : t("cannot be recomputed: content was erased")}
        </span>
      </header>
      <p class="quiet gap-below">
        {t("Standard routing. Score {score}: minutes waited plus priority.", { score: stored.score.toFixed(2) })}
      </p>
      <table class="table">
        <caption class="visually-hidden">{t("Agents considered")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Agent")}</th>
            <th scope="col">{t("Reason")}</th>
          </tr>
        </thead>
        <tbody>
          {stored.userId === null ? null : (
            <tr class="chosen">
              <th scope="row">{name(stored.userId)}</th>
              <td>
                <b>{t("Chosen")}</b>
              </td>
            </tr>
          )}
          {others.map((other) => (
            <tr>
              <th scope="row">{name(other.userId)}</th>
              <td>{t(reasonWords[other.reason] ?? other.reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Ladder(props: { readonly entries: readonly LadderEntry[] }) {
  const start = props.entries[0]!.at;
  return (
    <section class="section" aria-labelledby="sip">
      <details class="fold">
        <summary>
          <Icon name="chevron-right" />
          <h2 id="sip">{t("SIP ladder")}</h2>
          <span class="caption end">{count(props.entries.length, "{n} message", "{n} messages")}</span>
        </summary>
        <table class="table">
          <caption class="visually-hidden">{t("SIP messages in order")}</caption>
          <thead>
            <tr>
              <th scope="col" class="num">
                {t("After")}
              </th>
              <th scope="col">{t("Way")}</th>
              <th scope="col">{t("Peer")}</th>
              <th scope="col">{t("Message")}</th>
            </tr>
          </thead>
          <tbody>
            {props.entries.map((entry) => (
              <tr>
                <td class="num mono">{`${((entry.at - start) / 1_000).toFixed(3)} s`}</td>
                <td>{entry.direction === "in" ? t("in") : t("out")}</td>
                <td class="mono">{entry.flow}</td>
                <td>
                  <details>
                    <summary class="mono">{entry.summary}</summary>
                    <pre class="mono message">{entry.text}</pre>
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

type Leg = ConversationView["media"][number];

/** How each leg sounds or sounded. A fragment of its own: as long as the call is up it changes. */
export function Media(props: { readonly view: ConversationView }) {
  const { view } = props;
  const isSilent = view.media.some(({ from, to }) => [from, to].some((trouble) => trouble !== null && trouble.cause !== "poor"));
  return (
    <section class="section" id="media" aria-labelledby="quality">
      <header>
        <h2 id="quality">{t("Media")}</h2>
        <MediaBadge view={view} isSilent={isSilent} />
      </header>
      {view.media.flatMap((leg) =>
        (["from", "to"] as const).map((direction) => <TroubleNow view={view} leg={leg} direction={direction} />),
      )}
      {view.media.length === 0 ? (
        <p class="quiet">
          {view.conversation.endedAt === null ? t("Measured from a few seconds after the answer on.") : t("Nothing was measured.")}
        </p>
      ) : (
        <table class="table media-table">
          <caption class="visually-hidden">{t("Media per leg")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("Leg")}</th>
              <th scope="col" class="num">
                <abbr title={t("Mean opinion score, 1 (bad) to 4.4 (as good as a telephone can be): on average, and at its worst")}>
                  MOS
                </abbr>
              </th>
              <th scope="col" class="num">
                {t("Loss")}
              </th>
              <th scope="col" class="num">
                {t("Jitter")}
              </th>
            </tr>
          </thead>
          {view.media.map((leg) => (
            <LegFigures view={view} leg={leg} />
          ))}
        </table>
      )}
    </section>
  );
}

function MediaBadge(props: { readonly view: ConversationView; readonly isSilent: boolean }) {
  const { view, isSilent } = props;
  const badge = (tone: string, icon: string, word: string) => (
    <span class="badge" data-tone={tone}>
      <Icon name={icon} />
      {word}
    </span>
  );
  if (isSilent) return badge("bad", "circle-alert", t("One way is silent"));
  if (view.events.some(({ type }) => type === "conversation.media.silent")) return badge("bad", "circle-alert", t("One way was silent"));
  const figures = view.media.flatMap(({ verdict }) => [verdict?.from ?? null, verdict?.to ?? null]).filter((one) => one !== null);
  if (figures.some(({ mosMin }) => mosMin < fairMos)) return badge("wait", "triangle-alert", t("Poor at times"));
  return view.media.length === 0 ? null : badge("live", "check", t("Good"));
}

function TroubleNow(props: { readonly view: ConversationView; readonly leg: Leg; readonly direction: SoundDirection }) {
  const trouble = props.leg[props.direction];
  if (trouble === null) return null;
  const { what, why } = troubleOfLeg(personName(props.view, props.leg.participantId), props.direction, trouble);
  return (
    <div class="note" data-tone={trouble.cause === "poor" ? "wait" : "bad"}>
      <Icon name={trouble.cause === "poor" ? "triangle-alert" : "circle-alert"} />
      <p>
        <b>{what}</b> {why}
      </p>
    </div>
  );
}

function LegFigures(props: { readonly view: ConversationView; readonly leg: Leg }) {
  const { verdict, participantId } = props.leg;
  if (verdict === null) return null;
  const { packetsLost, packetsReceived, packetsSent, remotePacketsLost, roundTripMs, roundTripMsMax } = verdict;
  const way = (word: string, figures: SoundFigures | null, lost: number | null, of: number, jitterMs: number | null) => (
    <tr>
      <th scope="row">{word}</th>
      <td class="num">{figures === null ? "–" : <Score figures={figures} />}</td>
      <td class="num">{lost === null || of === 0 ? "–" : `${((lost / of) * 100).toFixed(1)}%`}</td>
      <td class="num">{jitterMs === null ? "–" : `${Math.round(jitterMs)} ms`}</td>
    </tr>
  );
  const codec = verdict.codec ?? t("no codec");
  const [trip, longest] = [Math.round(roundTripMs ?? 0), Math.round(roundTripMsMax ?? 0)];
  const tripSaid =
    roundTripMs === null
      ? ""
      : longest > trip
        ? ` · ${t("round trip {n} ms, at most {most} ms", { n: trip, most: longest })}`
        : ` · ${t("round trip {n} ms", { n: trip })}`;
  return (
    <tbody>
      <tr class="leg">
        <th scope="rowgroup" colspan={4}>
          <b>{personName(props.view, participantId)}</b>
          <small class="anywhere">{`${codec} · ${protectionText(verdict.protection)}${tripSaid}`}</small>
        </th>
      </tr>
      {way(t("says"), verdict.from, packetsLost, packetsReceived + packetsLost, packetsReceived === 0 ? null : verdict.jitterMs)}
      {way(t("hears"), verdict.to, remotePacketsLost, packetsSent, verdict.remoteJitterMs)}
    </tbody>
  );
}

/** In plain words, and the suite for whoever must prove it. Older conversations name it as DTLS does, with SRTP before it. */
export function protectionText(protection: string): string {
  if (protection === "none") return t("voice not encrypted");
  const suite = protection.replace(/^SRTP_/, "");
  return t("voice encrypted ({suite})", { suite });
}

/** On average, and the worst where that was worse. */
function Score({ figures }: { readonly figures: SoundFigures }) {
  const [average, worst] = [figures.mosAvg.toFixed(1), figures.mosMin.toFixed(1)];
  return (
    <>
      {average}
      {worst === average ? null : <small>{` ${t("at worst {n}", { n: worst })}`}</small>}
    </>
  );
}

/** Of whoever talks: one of ours by their name of today, who was called as they were called, else whoever called. */
function personName(view: ConversationView, participantId: unknown): string {
  const participant = view.participants.find(({ id }) => id === participantId);
  const user = participant?.userId == null ? undefined : view.users.get(participant.userId)?.name;
  const called = participant?.name || participant?.address;
  return user ?? (called || (participant?.purpose === "agent" ? t("Agent") : callerTitle(view.conversation)));
}

function Facts(props: { readonly view: ConversationView }) {
  const { conversation, participants } = props.view;
  const codes = participants.flatMap((participant) => (participant.wrapupCode === null ? [] : [participant.wrapupCode]));
  return (
    <section class="section" aria-labelledby="facts">
      <header>
        <h2 id="facts">{t("Facts")}</h2>
      </header>
      <dl class="facts">
        <dt>{t("Wrap-up")}</dt>
        <dd>{codes.length === 0 ? t("none") : codes.join(", ")}</dd>
        {attributesInWords(conversation.data).map(({ name, value }) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
        <dt>{t("Id")}</dt>
        <dd class="mono">{conversation.id}</dd>
      </dl>
    </section>
  );
}

/** To the recording, or to the call itself; newest first. */
function Listened(props: { readonly view: ConversationView }) {
  const { view } = props;
  const live = view.events.filter(({ type }) => type === "conversation.supervision.connected");
  const all = [
    ...view.accesses.map(({ at, payload }) => ({ at, by: String(payload?.by ?? ""), how: "" })),
    ...live.map(({ at, payload }) => ({ at, by: personName(view, payload?.participantId), how: t("live") })),
  ].sort((a, b) => b.at - a.at);
  return (
    <section class="section" aria-labelledby="listened">
      <header>
        <h2 id="listened">{t("Who listened")}</h2>
      </header>
      {all.length === 0 ? (
        <p class="quiet">{t("Nobody yet.")}</p>
      ) : (
        <ol class="access" role="list">
          {all.map(({ at, by, how }) => (
            <li>
              <span>
                <b>{by}</b> {how === "" ? null : <span class="quiet">{how}</span>}
              </span>
              <Clock at={at} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
