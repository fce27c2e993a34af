// The auditor's pages.

import type { Actor } from "../../../core/authorization/actor.ts";
import type { Recording } from "../../../core/conversation/conversation.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import type { ConversationId } from "../../../core/lib/id.ts";
import type { Verification } from "../../ports.ts";
import { Crumbs } from "../../ui/crumbs.tsx";
import { Note } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Period } from "../../ui/period.tsx";
import { count, t } from "../../ui/text.ts";
import { dateTime, exactTime } from "../../ui/time.tsx";
import { dataMap } from "./data-map.ts";

type Today = { readonly recordings: readonly Recording[]; readonly unrecorded: readonly ConversationId[] };
type Names = ReadonlyMap<string, string>;

export function AuditHome(props: {
  readonly now: number;
  readonly verification: Verification;
  readonly head: { readonly seq: number; readonly at: number; readonly keyId: string } | null;
  readonly accesses: readonly LoggedEvent[];
  readonly today: Today;
  readonly names: Names;
  readonly csrf: string;
  readonly mayVerify: boolean;
  /** Whether conversations can be opened from here. */
  readonly mayOpen: boolean;
  /** Of the key that signs. */
  readonly fingerprint: string;
  /** Null: recordings are kept until somebody erases them. */
  readonly recordingDays: number | null;
}) {
  const { today, names } = props;
  const inState = (...states: Recording["state"][]): number => today.recordings.filter(({ state }) => states.includes(state)).length;
  const expected = today.recordings.length + today.unrecorded.length;
  const odd = today.recordings.filter(({ state }) => state === "interrupted" || state === "failed");
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Audit")}</h1>
        <span class="asof">{t("as of {time}", { time: dateTime(props.now) })}</span>
        <div class="actions">
          <a class="button" href="/audit/log">
            {t("Audit log")}
          </a>
        </div>
      </div>
      <Proof {...props} />
      <dl class="figures band">
        <div>
          <dt>{t("Calls recorded, of {n} today", { n: expected })}</dt>
          <dd>{today.recordings.length - inState("failed")}</dd>
        </div>
        <div>
          <dt>{t("Sealed")}</dt>
          <dd>{inState("sealed")}</dd>
        </div>
        <div>
          <dt>{t("Being recorded")}</dt>
          <dd>{inState("recording")}</dd>
        </div>
        <div>
          <dt>{t("Interrupted")}</dt>
          <dd>{inState("interrupted")}</dd>
        </div>
        <div>
          <dt>{t("Failed or missing")}</dt>
          <dd>{inState("failed") + today.unrecorded.length}</dd>
        </div>
      </dl>
      {odd.length + today.unrecorded.length === 0 ? null : (
        <Note tone="wait" icon="triangle-alert">
          <p>
            <b>
              {count(
                odd.length + today.unrecorded.length,
                "{n} call of today has no complete recording.",
                "{n} calls of today have no complete recording.",
              )}
            </b>
          </p>
          <ul>
            {odd.map(({ conversationId, state, startedAt }) => (
              <li>
                {props.mayOpen ? <a href={`/conversations/${conversationId}`}>{dateTime(startedAt)}</a> : dateTime(startedAt)}{" "}
                {state === "failed" ? t("The recording failed") : t("Interrupted: whole up to the interruption")}
              </li>
            ))}
            {today.unrecorded.map((id) => (
              <li>
                <OfConversation id={id} mayOpen={props.mayOpen} /> {t("nothing was recorded")}
              </li>
            ))}
          </ul>
        </Note>
      )}
      <section class="section gap-above" aria-labelledby="access">
        <header>
          <h2 id="access">{t("Access to recordings and exports")}</h2>
          <a class="caption end" href="/audit/log?type=recording.">
            {t("Full log")}
          </a>
        </header>
        {props.accesses.length === 0 ? (
          <p class="quiet">{t("Nobody has listened to a recording yet.")}</p>
        ) : (
          <Accesses events={props.accesses} names={names} mayOpen={props.mayOpen} />
        )}
      </section>
      <section class="section" aria-labelledby="map">
        <header>
          <h2 id="map">{t("Data map")}</h2>
        </header>
        <div class="table-scroll" tabindex={0} role="region" aria-label={t("Data map")}>
          <table class="table">
            <caption class="visually-hidden">{t("What is stored, where, whose it is, and how it is protected")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("What")}</th>
                <th scope="col">{t("Where")}</th>
                <th scope="col">{t("Whose")}</th>
                <th scope="col">{t("Protection")}</th>
                <th scope="col">{t("Kept")}</th>
              </tr>
            </thead>
            <tbody>
              {dataMap.map((kind) => (
                <tr>
                  <th scope="row">{t(kind.what)}</th>
                  <td class="mono">{[...kind.tables, ...kind.files].join(", ") || "–"}</td>
                  <td>{t(kind.whose)}</td>
                  <td>{t(kind.protection)}</td>
                  <td>
                    {kind.isRetained === true && props.recordingDays !== null
                      ? count(props.recordingDays, "{n} day, then erased", "{n} days, then erased")
                      : t(kind.kept)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}

function Proof(props: Pick<Parameters<typeof AuditHome>[0], "verification" | "head" | "csrf" | "mayVerify" | "fingerprint">) {
  const { last, runningSince } = props.verification;
  const report = last !== null && "report" in last ? last.report : null;
  const isWhole = report !== null && report.findings.length === 0;
  return (
    <section class="proof" aria-labelledby="chain" data-tone={report !== null && !isWhole ? "bad" : undefined}>
      <Icon name={isWhole || last === null ? "shield-check" : "triangle-alert"} />
      <div>
        <h2 id="chain">
          {report === null
            ? last === null
              ? t("The chain is being verified")
              : t("The chain could not be verified")
            : isWhole
              ? t("Chain verified up to event {seq}", { seq: report.headSeq })
              : count(report.findings.length, "{n} place does not verify", "{n} places do not verify")}
        </h2>
        <p>
          {last === null ? "" : t("Checked {time}.", { time: dateTime(last.at) })} {last !== null && "error" in last ? last.error : ""}{" "}
          {report === null
            ? ""
            : report.erased === 0
              ? t("{events} events, none erased.", { events: report.events })
              : t("{events} events, {erased} of them erased as the log says.", { events: report.events, erased: report.erased })}{" "}
          {report === null || props.head === null || props.head.seq <= report.headSeq
            ? ""
            : count(props.head.seq - report.headSeq, "{n} event has come since.", "{n} events have come since.")}{" "}
          {runningSince === null ? "" : t("A check is running.")}
        </p>
        {report === null || isWhole ? null : (
          <ul class="wrong">
            {report.findings.slice(0, 20).map(({ code, place, message }) => (
              <li>
                <span class="mono">{code}</span> {place}: {message}
              </li>
            ))}
          </ul>
        )}
        <dl class="facts">
          <dt>{t("Last signed head")}</dt>
          <dd>
            {props.head === null
              ? t("No head has been signed yet.")
              : t("Event {seq}, {time}, with key", { seq: props.head.seq, time: dateTime(props.head.at) })}{" "}
            {props.head === null ? null : <span class="mono">{props.head.keyId.slice(0, 8)}</span>}
          </dd>
          <dt>{t("Key's fingerprint")}</dt>
          <dd class="mono">{props.fingerprint}</dd>
          <dt>{t("Recordings")}</dt>
          <dd>{t("Every byte of every recording is checked by the command landline verify.")}</dd>
        </dl>
      </div>
      {props.mayVerify ? (
        <form class="actions" method="post" action="/audit/verify">
          <input type="hidden" name="csrf" value={props.csrf} />
          <a class="button" href="/audit/proof.jsonl" hx-boost="false" download>
            <Icon name="download" />
            {t("Download the proof")}
          </a>
          {/* The page does not move by itself: what an auditor reads stays as they opened it. */}
          {runningSince === null ? (
            <button class="button" type="submit">
              {t("Verify again")}
            </button>
          ) : (
            <a class="button" href="/audit">
              {t("Look whether it is done")}
            </a>
          )}
        </form>
      ) : null}
    </section>
  );
}

const did: Readonly<Record<string, string>> = {
  "recording.accessed": "Opened a recording",
  "recording.access.denied": "Was refused a recording",
  "conversation.exported": "Exported a conversation",
  "conversation.bundle.exported": "Took a conversation's bundle",
};

/** To the conversation, or for who may not open it to all that the log says of it. */
function OfConversation(props: { readonly id: string | undefined; readonly mayOpen: boolean }) {
  return (
    <a class="mono" href={props.mayOpen ? `/conversations/${props.id}` : `/audit/log?object=${props.id}`}>
      {props.id}
    </a>
  );
}

function Accesses(props: { readonly events: readonly LoggedEvent[]; readonly names: Names; readonly mayOpen: boolean }) {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={t("Access to recordings and exports")}>
      <table class="table">
        <caption class="visually-hidden">{t("Latest accesses to recordings")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("When")}</th>
            <th scope="col">{t("Who")}</th>
            <th scope="col">{t("Did")}</th>
            <th scope="col">{t("Conversation")}</th>
            <th scope="col" class="num">
              {t("Event")}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.events.map((event) => (
            <tr>
              <td class="nowrap">{exactTime(event.at)}</td>
              <th scope="row">{props.names.get(event.actorId) ?? t("The system")}</th>
              <td>{t(did[event.type]!)}</td>
              <td>
                <OfConversation id={event.subjectIds[0]} mayOpen={props.mayOpen} />
              </td>
              <td class="num mono">{event.seq}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Beginnings of types, in words: nobody knows them by heart. `changes` stands for what is done to settings. */
const families: Readonly<Record<string, string>> = {
  changes: "Changes of settings",
  "recording.": "Recordings",
  "conversation.": "Conversations",
  "routing.": "Queues, skills, assignments",
  "user.": "People",
  "architect.": "Flows, prompts, IVRs",
  "telephony.": "Trunks, phones, calls for help",
  "oauth.": "OAuth clients",
  "organization.": "Organisation",
  "event.": "Erasures",
};

export function AuditLog(props: {
  readonly actor: Actor;
  readonly events: readonly LoggedEvent[];
  readonly next: number | null;
  readonly names: Names;
  readonly query: URLSearchParams;
  readonly now: number;
  mayRead(event: LoggedEvent): boolean;
}) {
  const { query, names } = props;
  const older = new URLSearchParams(query);
  if (props.next !== null) older.set("before", String(props.next));
  const type = query.get("type") ?? "";
  return (
    <div class="page wide">
      <Crumbs actor={props.actor} under={[{ href: "/audit", label: "Audit", permission: "audits:audit:view" }]} />
      <div class="page-head">
        <h1>{t("Audit log")}</h1>
      </div>
      <form class="toolbar" method="get" action="/audit/log" role="search">
        <label class="visually-hidden" for="log-type">
          {t("Type")}
        </label>
        <select class="input narrow" id="log-type" name="type">
          <option value="">{t("{field}: all", { field: t("Type") })}</option>
          {type === "" || Object.hasOwn(families, type) ? null : (
            <option value={type} selected>
              {type}
            </option>
          )}
          {Object.entries(families).map(([beginning, word]) => (
            <option value={beginning} selected={beginning === type}>
              {t(word)}
            </option>
          ))}
        </select>
        <label class="visually-hidden" for="log-object">
          {t("Id of what it is about")}
        </label>
        <input
          class="input narrow"
          id="log-object"
          name="object"
          value={query.get("object") ?? ""}
          placeholder={t("Id of what it is about")}
          spellcheck={false}
        />
        <label class="visually-hidden" for="log-actor">
          {t("Who")}
        </label>
        <select class="input narrow" id="log-actor" name="actor">
          <option value="">{t("{field}: all", { field: t("Who") })}</option>
          {[...names].map(([id, name]) => (
            <option value={id} selected={query.get("actor") === id}>
              {name}
            </option>
          ))}
        </select>
        <div class="when">
          <Period query={query} now={props.now} />
          <button class="button" type="submit">
            {t("Search")}
          </button>
        </div>
      </form>
      {props.events.length === 0 ? (
        <p class="quiet">{t("Nothing fits what you look for.")}</p>
      ) : (
        <div class="table-scroll" tabindex={0} role="region" aria-label={t("Audit log")}>
          <table class="table" data-flush>
            <caption class="visually-hidden">{t("Audit log")}</caption>
            <thead>
              <tr>
                <th scope="col" class="num">
                  {t("Event")}
                </th>
                <th scope="col">{t("When")}</th>
                <th scope="col">{t("Who")}</th>
                <th scope="col">{t("Type")}</th>
                <th scope="col">{t("About")}</th>
                <th scope="col">{t("What it says")}</th>
              </tr>
            </thead>
            <tbody>
              {props.events.map((event) => (
                <tr>
                  <td class="num mono">{event.seq}</td>
                  <td class="nowrap">{exactTime(event.at)}</td>
                  <th scope="row">{names.get(event.actorId) ?? t("The system")}</th>
                  <td class="mono">{event.type}</td>
                  <td>
                    <About id={event.subjectIds[0]} names={names} />
                  </td>
                  <td>
                    <Said event={event} mayRead={props.mayRead(event)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {props.next === null ? null : (
        <nav class="pager" aria-label={t("Pages")}>
          <a class="button" data-size="small" href={`/audit/log?${older}`}>
            {t("Older")}
          </a>
        </nav>
      )}
    </div>
  );
}

function About(props: { readonly id: string | undefined; readonly names: Names }) {
  const { id, names } = props;
  if (id === undefined) return <span class="zero">–</span>;
  return (
    <a class={names.has(id) ? undefined : "mono"} href={`/audit/log?object=${id}`} title={t("All about it in the log")}>
      {names.get(id) ?? id}
    </a>
  );
}

function Said(props: { readonly event: LoggedEvent; readonly mayRead: boolean }) {
  const { payload } = props.event;
  if (payload === null) return <span class="quiet">{t("the content of this entry was erased")}</span>;
  if (!props.mayRead) return <span class="quiet">{t("for those who may see the conversation")}</span>;
  return (
    <details class="said">
      <summary>{t("Show")}</summary>
      <pre class="mono message" tabindex={0}>
        {JSON.stringify(payload, null, 2)}
      </pre>
    </details>
  );
}
