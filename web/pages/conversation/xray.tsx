// The time axis of a conversation: lanes, moments and charts under each other, and tables behind them. A fragment of its own: it grows with a live call.
import type { LadderEntry } from "../../../core/call/call-control.ts";
import { type Moment, momentsOf, type Track, tracks } from "../../../core/conversation/moments.ts";
import type { ConversationView } from "../../../core/conversation/queries.ts";
import { clockDuration, startOfDay, timeOfDay } from "../../../core/lib/calendar.ts";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { type Axis, axisOf } from "./axis.ts";
import { Lanes } from "./lanes.tsx";
import { personName } from "./names.ts";
import { Sounded } from "./sound.tsx";
import { describe } from "./timeline.tsx";

type Props = { readonly view: ConversationView; readonly ladder: readonly LadderEntry[]; readonly now: number };

/** `ladder`: empty for whoever may not read it. */
export function XRay({ view, ladder, now }: Props) {
  const { conversation } = view;
  const endedAt = conversation.endedAt ?? now;
  const axis = axisOf(conversation.startedAt, Math.max(endedAt, ...view.segments.map((segment) => segment.endedAt ?? now)));
  return (
    <div id="xray" data-from={String(axis.from)} data-span={String(axis.spanMs)} data-day={String(startOfDay(axis.from))}>
      <Lanes view={view} axis={axis} now={now} />
      <Moments told={toldMoments(view)} ladder={ladder} axis={axis} now={now} />
      <Sounded legs={view.charts} axis={axis} nameOf={(participantId) => personName(view, participantId)} />
    </div>
  );
}

type Told = { readonly moment: Moment; readonly words: string };

function toldMoments(view: ConversationView): readonly Told[] {
  return momentsOf(view.events).flatMap((moment) => {
    const line = describe(moment.event, view);
    return line === null ? [] : [{ moment, words: [line.what, line.more].filter((part) => part !== "").join(" ") }];
  });
}

const trackWords: Readonly<Record<Track, string>> = {
  flow: "Flow path",
  routing: "Routing",
  hold: "Hold",
  pause: "Recording pauses",
  people: "Calls and transfers",
  trouble: "Troubles",
};

type MomentsProps = {
  readonly told: readonly Told[];
  readonly ladder: readonly LadderEntry[];
  readonly axis: Axis;
  readonly now: number;
};

function Moments({ told, ladder, axis, now }: MomentsProps) {
  if (told.length + ladder.length === 0) return null;
  const shown = tracks.filter((track) => told.some(({ moment }) => moment.track === track));
  return (
    <section class="moments" aria-labelledby="moments">
      <header>
        <h2 id="moments">{t("Moment by moment")}</h2>
        <output class="caption" id="xray-at">
          {t("Point at a moment, or go through them with the arrow keys.")}
        </output>
      </header>
      <div class="lanes">
        {shown.map((track) => (
          <TrackRow track={track} told={told.filter(({ moment }) => moment.track === track)} axis={axis} now={now} />
        ))}
        {ladder.length === 0 ? null : <Messages ladder={ladder} axis={axis} />}
      </div>
      <details class="fold" id="moments-table">
        <summary>
          <Icon name="chevron-right" />
          {t("As a table")}
        </summary>
        <div class="wide" role="region" aria-labelledby="moments" tabindex={0}>
          <table class="table">
            <caption class="visually-hidden">{t("Moments in order")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("From")}</th>
                <th scope="col" class="num">
                  {t("For")}
                </th>
                <th scope="col">{t("Kind")}</th>
                <th scope="col">{t("What")}</th>
              </tr>
            </thead>
            <tbody>
              {told.map(({ moment, words }) => (
                <tr data-at={String(moment.at)}>
                  <th scope="row" class="num">
                    {timeOfDay(moment.at)}
                  </th>
                  <td class="num">{lasted(moment, now)}</td>
                  <td>{t(trackWords[moment.track])}</td>
                  <td>{words}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

function lasted({ at, endedAt }: Moment, now: number): string {
  return endedAt === at ? "–" : clockDuration((endedAt ?? now) - at);
}

/** One stop of the tab key for a row; the arrow keys go from mark to mark (web/client/moments.ts). */
function TrackRow(props: { readonly track: Track; readonly told: readonly Told[]; readonly axis: Axis; readonly now: number }) {
  const { track, told, axis, now } = props;
  return (
    <>
      <div class="lane-name">
        <span>{t(trackWords[track])}</span>
      </div>
      <svg class="track" data-track={track} role="group" aria-label={t(trackWords[track])}>
        <Grid axis={axis} />
        {told.map(({ moment, words }, i) => {
          const { at, endedAt, event } = moment;
          const until = endedAt === at ? "" : ` (${lasted(moment, now)})`;
          return (
            <a id={`m-${event.seq}`} href={`#e-${event.seq}`} class="moment" data-at={String(at)} tabindex={i === 0 ? 0 : -1}>
              <title>{`${timeOfDay(at)} ${words}${until}`}</title>
              {/* What lasted for less than a pixel is seen all the same. */}
              <circle cx={axis.percent(at)} cy="14" r={endedAt === at ? 5 : 6} />
              {endedAt === at ? null : (
                <rect
                  x={axis.percent(at)}
                  y="8"
                  height="12"
                  width={`${((axis.share(endedAt ?? now) - axis.share(at)) * 100).toFixed(2)}%`}
                />
              )}
            </a>
          );
        })}
      </svg>
    </>
  );
}

/** What came in is above the line, what went out below. */
function Messages({ ladder, axis }: { readonly ladder: readonly LadderEntry[]; readonly axis: Axis }) {
  return (
    <>
      <div class="lane-name">
        <span>{t("SIP messages")}</span>
      </div>
      <svg class="track" data-track="sip" role="group" aria-label={t("SIP messages")}>
        <Grid axis={axis} />
        <line class="axis-line" x1="0" x2="100%" y1="14" y2="14" />
        {ladder.map((entry, i) => {
          const [x, isIn] = [axis.percent(entry.at), entry.direction === "in"];
          return (
            <a id={`s-${i}`} href={`#sip-${i}`} class="moment" data-at={String(entry.at)} tabindex={i === 0 ? 0 : -1}>
              <title>{`${timeOfDay(entry.at)} ${isIn ? t("in") : t("out")} ${entry.summary}`}</title>
              <line x1={x} x2={x} y1={isIn ? 4 : 14} y2={isIn ? 14 : 24} />
            </a>
          );
        })}
      </svg>
    </>
  );
}

function Grid({ axis }: { readonly axis: Axis }) {
  return (
    <>
      {axis.ticks.map((at) => (
        <line class="axis-line" x1={axis.percent(at)} x2={axis.percent(at)} y1="0" y2="100%" />
      ))}
    </>
  );
}
