// A leg as whoever watches its line sees it.
import { assertNever } from "../core/lib/machine.ts";
import type { LegState } from "./leg.ts";
import type { LineDialog } from "./sip/dialog/watched.ts";

/** Null: nothing to be seen of it yet, or any more. */
export function lineStateOf(leg: LegState): Pick<LineDialog, "direction" | "state"> | null {
  const direction = leg.side === "caller" ? "initiator" : "recipient";
  switch (leg.name) {
    case "offered":
    case "early":
    case "ringing":
      return { direction, state: "early" };
    case "opening":
      return { direction, state: leg.isAnswer ? "confirmed" : "early" };
    case "answering":
    case "accepted":
    case "up":
      return { direction, state: "confirmed" };
    case "preparing":
    case "lost":
    case "closing":
    case "ended":
      return null;
    default:
      return assertNever(leg);
  }
}
