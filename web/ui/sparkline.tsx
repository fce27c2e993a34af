// A day in one line: the share per half hour against its target, drawn by the server, with its numbers in words behind it.

import { timeOfDay } from "../../core/lib/calendar.ts";
import type { TrendPoint } from "../../core/routing/queries.ts";
import { t } from "./text.ts";

const [width, height, edge] = [96, 24, 2];

export function Sparkline(props: { readonly points: readonly TrendPoint[]; readonly target: number; readonly tone?: "bad" }) {
  const { points, target } = props;
  if (points.length === 0) return <svg class="spark" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const y = (share: number): string => (edge + (1 - share) * (height - 2 * edge)).toFixed(1);
  // The line begins with the first call and ends with the newest: a night without calls is no flat line.
  const [from, to] = [points[0]!.at, points.at(-1)!.at];
  const x = (at: number): string => (to === from ? width - edge : edge + ((at - from) / (to - from)) * (width - 2 * edge)).toFixed(1);
  const last = points.at(-1)!;
  const said = points.map(({ at, serviceLevel }) => `${timeOfDay(at).slice(0, 5)} ${Math.round(serviceLevel * 100)}%`).join(", ");
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={t("Service level by half hour, target {target}%: {points}", { target: Math.round(target * 100), points: said })}
      data-tone={props.tone}
    >
      <line class="target" x1="0" x2={String(width)} y1={y(target)} y2={y(target)} />
      <polyline class="line" points={points.map(({ at, serviceLevel }) => `${x(at)},${y(serviceLevel)}`).join(" ")} />
      <circle class="now" cx={x(last.at)} cy={y(last.serviceLevel)} r="2.5" />
    </svg>
  );
}
