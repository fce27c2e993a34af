// How each leg of a call that is over sounded, on the time axis of its lanes: score and losses of both directions, and a table behind the drawing.

import type { ChartedLeg } from "../../../core/call/live-sound.ts";
import { coarser, type SoundPoint, type WayPoint } from "../../../core/call/sound-chart.ts";
import { timeOfDay } from "../../../core/lib/calendar.ts";
import { fairMos, goodMos } from "../../../core/telephony/network-test.ts";
import { Icon } from "../../ui/icon.tsx";
import { count, t } from "../../ui/text.ts";
import type { TimeAxis } from "./axis.ts";

type Props = {
  readonly legs: readonly ChartedLeg[];
  readonly axis: TimeAxis;
  readonly nameOf: (participantId: string) => string;
};

/** As many can be told apart, and pointed at. */
const drawnPointsMax = 180;
/** As many can be listened to. */
const toldPointsMax = 60;
const heightPx = 40;
/** Between the best score and the line above it. */
const marginPx = 4;
/** The best that there is, and where the drawing ends: below it every word is hard to make out. */
const [mosTop, mosBottom] = [4.5, 2] as const;
/** From so much on a loss is drawn at its full height. */
const fullLossPercent = 20;

export function Sounded(props: Props) {
  if (props.legs.length === 0) return null;
  return (
    <section class="sounded" aria-labelledby="sounded">
      <header>
        <h2 id="sounded">{t("How it sounded")}</h2>
        <SoundKey />
      </header>
      <div class="lanes" aria-hidden="true">
        {props.legs.flatMap(({ participantId, points }) =>
          (["from", "to"] as const).map((direction) => (
            <>
              <div class="lane-name">
                <span>{props.nameOf(participantId)}</span>
                <small>{direction === "from" ? t("says") : t("hears")}</small>
              </div>
              <WayChart points={coarser(points, drawnPointsMax)} direction={direction} axis={props.axis} />
            </>
          )),
        )}
      </div>
      <details class="fold" id="sounded-table">
        <summary>
          <Icon name="chevron-right" />
          {t("As a table")}
        </summary>
        {props.legs.map(({ participantId, points }) => (
          <LegTable name={props.nameOf(participantId)} points={coarser(points, toldPointsMax)} />
        ))}
      </details>
    </section>
  );
}

type Direction = "from" | "to";
type WayProps = { readonly points: readonly SoundPoint[]; readonly direction: Direction; readonly axis: TimeAxis };

function WayChart({ points, direction, axis }: WayProps) {
  const width = (from: number, to: number): string => `${((axis.share(to) - axis.share(from)) * 100).toFixed(2)}%`;
  return (
    <svg class="sound">
      {points.map((point) => {
        const { mos } = point[direction];
        if (mos === null || mos >= goodMos) return null;
        const kind = mos < fairMos ? "poor" : "fair";
        return (
          <rect class={kind} x={axis.percent(point.startedAt)} width={width(point.startedAt, point.endedAt)} y="0" height={heightPx} />
        );
      })}
      {axis.ticks.map((at) => (
        <line class="axis-line" x1={axis.percent(at)} x2={axis.percent(at)} y1="0" y2="100%" />
      ))}
      {points.map((point) => (
        <Loss point={point} way={point[direction]} direction={direction} axis={axis} />
      ))}
      <svg viewBox={`0 0 1000 ${heightPx}`} preserveAspectRatio="none" width="100%" height={heightPx}>
        <path class="mos" d={pathOf(points, direction, axis)} />
      </svg>
      {points.map((point) => (
        <rect
          class="hover"
          data-begins={String(point.startedAt)}
          data-ends={String(point.endedAt)}
          x={axis.percent(point.startedAt)}
          width={width(point.startedAt, point.endedAt)}
          y="0"
          height={heightPx}
        >
          <title>{inWords(point, direction)}</title>
        </rect>
      ))}
    </svg>
  );
}

/** A tick in the middle of its time, as high as the loss. */
function Loss(props: { readonly point: SoundPoint; readonly way: WayPoint; readonly direction: Direction; readonly axis: TimeAxis }) {
  const { startedAt, endedAt } = props.point;
  if (props.way.lost === 0) return null;
  const at = props.axis.percent((startedAt + endedAt) / 2);
  const share = Math.min(1, lossPercent(props.way, props.direction) / fullLossPercent);
  return <line class="loss" x1={at} x2={at} y1={heightPx} y2={(heightPx - 4 - share * 20).toFixed(1)} />;
}

/** A level for each point, open where there is none. */
function pathOf(points: readonly SoundPoint[], direction: Direction, axis: TimeAxis): string {
  let isOpen = false;
  return points
    .map((point) => {
      const { mos } = point[direction];
      const begins = !isOpen;
      isOpen = mos !== null;
      if (mos === null) return "";
      const [x, y] = [axis.share(point.startedAt) * 1_000, yOf(mos).toFixed(1)];
      return `${begins ? `M${x.toFixed(1)} ${y}` : `V${y}`}H${(axis.share(point.endedAt) * 1_000).toFixed(1)}`;
    })
    .join("");
}

function yOf(mos: number): number {
  return marginPx + ((mosTop - Math.max(mosBottom, Math.min(mosTop, mos))) / (mosTop - mosBottom)) * (heightPx - 2 * marginPx);
}

/** Of what was sent by whoever speaks: at us what came and what is missing, at the peer what we sent. */
function lossPercent({ packets, lost }: WayPoint, direction: Direction): number {
  const sent = direction === "from" ? packets + lost : packets;
  return sent === 0 ? 0 : Math.min(100, (lost * 100) / sent);
}

function scoreWord({ packets, mos }: WayPoint): string {
  return mos !== null ? `MOS ${mos.toFixed(1)}` : packets === 0 ? t("silence") : t("not measured");
}

function inWords(point: SoundPoint, direction: Direction): string {
  const way = point[direction];
  return [
    `${timeOfDay(point.startedAt)}: ${scoreWord(way)}`,
    ...(way.lost === 0 ? [] : [`${count(way.lost, "{n} packet lost", "{n} packets lost")} (${lossPercent(way, direction).toFixed(1)}%)`]),
    ...(way.jitterMs === null ? [] : [t("jitter {n} ms", { n: way.jitterMs })]),
    ...(point.roundTripMs === null ? [] : [t("round trip {n} ms", { n: point.roundTripMs })]),
  ].join(" · ");
}

function SoundKey() {
  const part = (key: string, word: string, more: string) => (
    <div>
      <dt>
        <svg aria-hidden="true">
          {key === "mos" ? <line class={key} x1="0" x2="16" y1="4" y2="4" /> : null}
          {key === "loss" ? <path class={key} d="M4 8V2M8 8V0M12 8V4" /> : null}
          {key === "fair" || key === "poor" ? <rect class={key} width="16" height="8" /> : null}
        </svg>
        {word}
      </dt>
      <dd>{more}</dd>
    </div>
  );
  return (
    <dl class="legend">
      {part("mos", "MOS", "")}
      {part("fair", t("Fair"), t("below {n}", { n: goodMos.toFixed(1) }))}
      {part("poor", t("Poor"), t("below {n}", { n: fairMos.toFixed(1) }))}
      {part("loss", t("Lost packets"), "")}
    </dl>
  );
}

function LegTable({ name, points }: { readonly name: string; readonly points: readonly SoundPoint[] }) {
  const way = (one: WayPoint, direction: Direction) => (
    <>
      <td class="num">{one.mos === null ? scoreWord(one) : one.mos.toFixed(1)}</td>
      <td class="num">{one.lost === 0 ? "0" : `${one.lost} (${lossPercent(one, direction).toFixed(1)}%)`}</td>
      <td class="num">{one.jitterMs === null ? "–" : `${one.jitterMs} ms`}</td>
    </>
  );
  const heads = (word: string) =>
    ["MOS", t("Loss"), t("Jitter")].map((figure) => (
      <th scope="col" class="num">
        <span class="visually-hidden">{`${word}: `}</span>
        {figure}
      </th>
    ));
  return (
    <div class="wide" role="region" aria-label={name} tabindex={0}>
      <table class="table">
        <caption>{name}</caption>
        <thead>
          <tr>
            <td />
            <th scope="colgroup" colspan={3}>
              {t("says")}
            </th>
            <th scope="colgroup" colspan={3}>
              {t("hears")}
            </th>
            <td />
          </tr>
          <tr>
            <th scope="col">{t("From")}</th>
            {heads(t("says"))}
            {heads(t("hears"))}
            <th scope="col" class="num">
              {t("Round trip")}
            </th>
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr>
              <th scope="row" class="num">
                {timeOfDay(point.startedAt)}
              </th>
              {way(point.from, "from")}
              {way(point.to, "to")}
              <td class="num">{point.roundTripMs === null ? "–" : `${point.roundTripMs} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
