// A status: glyph and word, with time in state where someone has to act on it.
import type { RoutingStatus, SystemPresence } from "../../core/routing/agent.ts";
import { Glyph } from "./icon.tsx";
import { t } from "./text.ts";
import { Since } from "./time.tsx";

const routingWords: Readonly<Record<RoutingStatus, string>> = {
  OFF_QUEUE: "Off Queue",
  IDLE: "Idle",
  INTERACTING: "Interacting",
  NOT_RESPONDING: "Not Responding",
  COMMUNICATING: "Communicating",
};

const presenceWords: Readonly<Record<SystemPresence, string>> = {
  AVAILABLE: "Available",
  AWAY: "Away",
  BREAK: "Break",
  BUSY: "Busy",
  MEAL: "Meal",
  MEETING: "Meeting",
  ON_QUEUE: "On Queue",
  TRAINING: "Training",
  OFFLINE: "Offline",
};

/** The one word for a status or presence, everywhere the same. */
export function statusWord(status: RoutingStatus | SystemPresence): string {
  return t(status in routingWords ? routingWords[status as RoutingStatus] : presenceWords[status as SystemPresence]);
}

export function Status(props: { readonly is: RoutingStatus | SystemPresence; readonly sinceAt?: number; readonly word?: string }) {
  const name = props.is.toLowerCase().replaceAll("_", "-");
  return (
    <span class="status" data-is={name}>
      <Glyph name={name} />
      {props.word ?? statusWord(props.is)}
      {props.sinceAt === undefined ? null : <Since at={props.sinceAt} />}
    </span>
  );
}
