// The lanes of a conversation: flow, queue and people, each on a line of one time axis, and the table behind them.
import type { Segment, SegmentType } from "../../../core/conversation/conversation.ts";
import type { ConversationView } from "../../../core/conversation/queries.ts";
import { clockDuration, timeOfDay } from "../../../core/lib/calendar.ts";
import { t } from "../../ui/text.ts";
import { Duration } from "../../ui/time.tsx";
import type { Axis } from "./axis.ts";
import { type Lane, laneName } from "./names.ts";

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

export function Lanes(props: { readonly view: ConversationView; readonly axis: Axis; readonly now: number }) {
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
export function Totals(props: { readonly view: ConversationView; readonly now: number }) {
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

function laneKind({ purpose, supervises }: Pick<Lane, "purpose" | "supervises">): string {
  if (supervises !== null) return t("listens");
  if (purpose === "user") return t("person");
  if (purpose === "external") return t("outside");
  if (purpose === "group") return t("conference room");
  return purpose === "agent" ? t("agent") : purpose === "acd" ? t("queue") : t("flow");
}
