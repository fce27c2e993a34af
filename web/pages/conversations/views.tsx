// The list of conversations with what narrows it.
import { type FoundConversation, summaryOf } from "../../../core/conversation/search.ts";
import { callerTitle } from "../../ui/dock.tsx";
import { SearchField } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Period } from "../../ui/period.tsx";
import { count, t } from "../../ui/text.ts";
import { Duration, dateTime, Since } from "../../ui/time.tsx";
import { endWord } from "../board/views.tsx";

export type Names = {
  readonly people: ReadonlyMap<string, string>;
  readonly queues: ReadonlyMap<string, string>;
  readonly codes: readonly string[];
  readonly ends: readonly { readonly value: string; readonly label: string }[];
};

export function Conversations(props: {
  readonly found: readonly FoundConversation[];
  readonly names: Names;
  readonly query: URLSearchParams;
  readonly after: string | null;
  readonly isFirst: boolean;
  readonly now: number;
}) {
  const { found, names, query } = props;
  const narrowed = [...query].some(([key, value]) => key !== "after" && value !== "");
  const link = (changes: Readonly<Record<string, string | null>>): string => {
    const next = new URLSearchParams(query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    return `?${next}`;
  };
  return (
    <div class="page wide">
      <div class="page-head">
        <h1>{t("Conversations")}</h1>
        <div class="actions">
          <a class="button" data-kind="ghost" href={`/conversations.csv${link({ after: null })}`} download="">
            <Icon name="download" />
            CSV
          </a>
        </div>
      </div>
      <Filters names={names} query={query} narrowed={narrowed} now={props.now} />
      {found.length === 0 ? (
        <div class="empty">
          <Icon name="phone" />
          <p class="quiet">
            {narrowed || !props.isFirst
              ? t("No conversation fits what you look for.")
              : t("Nobody has called yet. Every call will be here.")}
          </p>
        </div>
      ) : (
        <FoundList found={found} names={names} />
      )}
      <nav class="pager" aria-label={t("Pages")}>
        {props.isFirst ? null : (
          <a class="button" data-size="small" href={`/conversations${link({ after: null })}`}>
            {t("Newest")}
          </a>
        )}
        {props.after === null ? null : (
          <a class="button" data-size="small" href={`/conversations${link({ after: props.after })}`}>
            {t("Older")}
          </a>
        )}
      </nav>
    </div>
  );
}

/** From how many seconds on. */
function waits(): readonly { readonly value: string; readonly label: string }[] {
  const minutes = [1, 2, 5, 10].map((n) => ({ value: String(n * 60), label: count(n, "{n} minute or longer", "{n} minutes or longer") }));
  return [{ value: "30", label: t("{n} seconds or longer", { n: 30 }) }, ...minutes];
}

/** What first, when second; the period that is one click stands beside the dates that it stands for. */
function Filters(props: { readonly names: Names; readonly query: URLSearchParams; readonly narrowed: boolean; readonly now: number }) {
  const { names, query } = props;
  return (
    <form class="toolbar" method="get" action="/conversations" role="search">
      <SearchField name="text" label={t("Number, name, Call-ID or Session-ID")} value={query.get("text") ?? ""} />
      <Choice name="queue" label={t("Queue")} options={[...names.queues].map(([value, label]) => ({ value, label }))} query={query} />
      <Choice name="person" label={t("Person")} options={[...names.people].map(([value, label]) => ({ value, label }))} query={query} />
      <Choice name="wrapup" label={t("Wrap-up code")} options={names.codes.map((value) => ({ value, label: value }))} query={query} />
      <Choice name="end" label={t("Ending")} options={names.ends} query={query} />
      <Choice name="waited" label={t("Waited")} options={waits()} query={query} />
      <div class="when">
        <Period query={query} now={props.now} />
        <button class="button" type="submit">
          {t("Search")}
        </button>
        {props.narrowed ? (
          <a class="button" data-kind="ghost" href="/conversations">
            {t("Clear")}
          </a>
        ) : null}
      </div>
    </form>
  );
}

function Choice(props: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly query: URLSearchParams;
}) {
  const { name, label, query } = props;
  return (
    <>
      <label class="visually-hidden" for={`by-${name}`}>
        {label}
      </label>
      <select class="input narrow" id={`by-${name}`} name={name}>
        <option value="">{t("{field}: all", { field: label })}</option>
        {props.options.map((option) => (
          <option value={option.value} selected={query.get(name) === option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </>
  );
}

/** Nothing is a dash that does not ask to be read. */
function orDash(names: readonly string[]) {
  return names.length === 0 ? <span class="zero">–</span> : names.join(", ");
}

export function FoundList(props: { readonly found: readonly FoundConversation[]; readonly names: Pick<Names, "people" | "queues"> }) {
  const { people, queues } = props.names;
  const named = (ids: readonly string[], names: ReadonlyMap<string, string>) => orDash(ids.map((id) => names.get(id) ?? t("Somebody")));
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={t("Conversations")}>
      <table class="table" data-flush>
        <caption class="visually-hidden">{t("Conversations")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Began")}</th>
            <th scope="col">{t("Caller")}</th>
            <th scope="col">{t("Number")}</th>
            <th scope="col">{t("Queue")}</th>
            <th scope="col">{t("Agent")}</th>
            <th scope="col" class="num">
              {t("Waited")}
            </th>
            <th scope="col" class="num">
              {t("Talked")}
            </th>
            <th scope="col">{t("Wrap-up")}</th>
            <th scope="col">{t("Ending")}</th>
          </tr>
        </thead>
        <tbody>
          {props.found.map((one) => {
            const { conversation } = one;
            const summary = summaryOf(one);
            return (
              <tr>
                <td class="nowrap">{dateTime(conversation.startedAt)}</td>
                <th scope="row">
                  <a href={`/conversations/${conversation.id}`}>{callerTitle(conversation)}</a>
                </th>
                {/* Without a name the number is the caller, and is said once. */}
                <td class="mono">{conversation.callerName === "" ? "" : conversation.callerNumber}</td>
                <td>{named(summary.queueIds, queues)}</td>
                <td>{named(summary.userIds, people)}</td>
                <td class="num">{summary.waitMs === null ? <span class="zero">–</span> : <Duration ms={summary.waitMs} />}</td>
                <td class="num">
                  {summary.talkMs === null ? (
                    <span class="zero">–</span>
                  ) : conversation.endedAt === null ? (
                    <Since at={conversation.startedAt} />
                  ) : (
                    <Duration ms={summary.talkMs} />
                  )}
                </td>
                <td>{orDash(summary.wrapupCodes)}</td>
                <td>
                  {conversation.endReason === null ? (
                    <span class="badge" data-tone="live">
                      {t("Live")}
                    </span>
                  ) : (
                    endWord(conversation.endReason)
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
