// The conversation page: one time axis, player, timeline, explanation, ladder, media; a table behind every drawing.

import { type Actor, can } from "../../../core/authorization/actor.ts";
import type { LadderEntry, SoundDirection, SoundFigures } from "../../../core/call/call-control.ts";
import type { ConversationView } from "../../../core/conversation/queries.ts";
import { longDate, timeOfDay } from "../../../core/lib/calendar.ts";
import { supervisionReasonMax } from "../../../core/lib/limits.ts";
import type { Explanation } from "../../../core/routing/explain.ts";
import { fairMos } from "../../../core/telephony/network-test.ts";
import { attributesInWords } from "../../ui/attributes.ts";
import { Crumbs } from "../../ui/crumbs.tsx";
import { callerTitle, ListenForm } from "../../ui/dock.tsx";
import { Icon } from "../../ui/icon.tsx";
import { language, t } from "../../ui/text.ts";
import { Clock, Duration, dateTime } from "../../ui/time.tsx";
import { troubleOfLeg } from "../../ui/trouble.tsx";
import { endWord } from "../board/views.tsx";
import { Ladder } from "./ladder.tsx";
import { Totals } from "./lanes.tsx";
import { type Lane, personName } from "./names.ts";
import { Timeline } from "./timeline.tsx";
import { Why } from "./why.tsx";
import { XRay } from "./xray.tsx";

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
      <ConversationHead view={view} mayExport={props.mayExport} />
      <XRay view={view} ladder={props.ladder} now={now} />
      <Listen view={view} actor={props.actor} csrf={props.csrf} />
      <div class="under-lanes">
        <Recordings view={view} mayListen={props.mayListen} />
        <Totals view={view} now={now} />
      </div>
      <div class="columns">
        <div>
          <Timeline view={view} mayExplain={props.mayExport} />
          {props.explanation === null ? null : <Why explanation={props.explanation} view={view} />}
          {props.mayExport ? <Ladder entries={props.ladder} /> : null}
        </div>
        <aside aria-label={t("About this conversation")}>
          <Media view={view} />
          <Facts view={view} />
          <Listened view={view} />
          {props.mayExport ? <Bundle id={conversation.id} /> : null}
        </aside>
      </div>
    </div>
  );
}

/** A fragment of its own: that a call is over is seen where one looks. */
export function ConversationHead({ view, mayExport }: { readonly view: ConversationView; readonly mayExport: boolean }) {
  const { conversation } = view;
  return (
    <div class="page-head" id="conversation-head">
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
      {mayExport ? (
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
  // The usual way need not be said.
  const pathSaid = verdict.protocol === "tcp" ? ` · ${t("by TCP")}` : "";
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
          <small class="anywhere">{`${codec} · ${protectionText(verdict.protection)}${pathSaid}${tripSaid}`}</small>
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

/** For whoever has to find out what a carrier did. */
function Bundle({ id }: { readonly id: string }) {
  return (
    <section class="section" aria-labelledby="bundle">
      <header>
        <h2 id="bundle">{t("For the carrier's support")}</h2>
      </header>
      <form method="get" action={`/conversations/${id}/bundle.tar.gz`} hx-boost="false" data-plain>
        <p class="quiet gap-below">
          {t("SIP messages, charts and facts as files, without credentials, keys, digits and sound. That it was taken is written down.")}
        </p>
        <label class="choice gap-below">
          <input type="checkbox" name="people" value="shown" />
          <span>{t("With callers' numbers and names in full")}</span>
        </label>
        <button class="button" type="submit">
          <Icon name="download" />
          {t("Download bundle")}
        </button>
      </form>
    </section>
  );
}
