// The timeline of a conversation: its log, one sentence for each thing that people understand.
import type { SoundDirection, Trouble } from "../../../core/call/call-control.ts";
import type { SpeakTo } from "../../../core/call/state.ts";
import type { SupervisionMode } from "../../../core/conversation/conversation.ts";
import type { ConversationView } from "../../../core/conversation/queries.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import { clockDuration } from "../../../core/lib/calendar.ts";
import { attributesInWords } from "../../ui/attributes.ts";
import { Icon } from "../../ui/icon.tsx";
import { count, said, t } from "../../ui/text.ts";
import { Clock } from "../../ui/time.tsx";
import { troubleOfLeg } from "../../ui/trouble.tsx";
import { endWord } from "../board/views.tsx";
import { laneName, personName } from "./names.ts";

/** A fragment of its own: as long as the call is up it grows. `mayExplain`: decisions lead to why. */
export function Timeline(props: { readonly view: ConversationView; readonly mayExplain: boolean }) {
  const entries = props.view.events.map((event) => ({ event, line: describe(event, props.view) })).filter((entry) => entry.line !== null);
  return (
    <section class="section" id="log" aria-labelledby="timeline">
      <header>
        <h2 id="timeline">{t("Timeline")}</h2>
        <span class="caption end">{count(props.view.events.length, "{n} entry in the log", "{n} entries in the log")}</span>
      </header>
      <ol class="timeline" role="list">
        {entries.map(({ event, line }) => (
          <li id={`e-${event.seq}`} data-at={String(event.at)} tabindex={-1}>
            <Clock at={event.at} />
            <span class="point">
              <Icon name={line!.icon} />
            </span>
            <div class="what">
              <p>
                <b>{line!.what}</b> {line!.more === "" ? null : <span class="quiet">{line!.more}</span>}
                {props.mayExplain && event.payload?.decisionId !== undefined ? (
                  <a href={`/conversations/${props.view.conversation.id}?decision=${event.payload.decisionId}#why`}>{t("Why?")}</a>
                ) : null}
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
export function describe(event: LoggedEvent, view: ConversationView): Line | null {
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
      if (payload.joinedFrom !== undefined)
        return line("phone", t("{name} comes from another call, which was joined with this one", { name: called(payload) }));
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
