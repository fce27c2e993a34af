// The page of costs: what is stopped first, then what was spent by whom and on what, then what alarms have said.
import type { Actor } from "../../../core/authorization/actor.ts";
import { clockDuration } from "../../../core/lib/calendar.ts";
import type { SpendView, SpentBy } from "../../../core/telephony/alarm-commands.ts";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { Note } from "../../ui/form.tsx";
import { language, said, t } from "../../ui/text.ts";
import { dateTime } from "../../ui/time.tsx";
import { ruleText } from "../admin/alarms.tsx";

export type Said = {
  readonly what: "stopped" | "tripped" | "released" | "alarm";
  readonly at: number;
  readonly alarm: string;
  readonly who: string;
  readonly called: string;
};

export function SpendPage(props: {
  readonly actor: Actor;
  readonly view: SpendView;
  readonly names: ReadonlyMap<string, string>;
  readonly said: readonly Said[];
  readonly error: string | null;
  readonly csrf: string;
}) {
  const { view, names } = props;
  const held = view.stops.filter(({ releasedAt, alarmId }) => releasedAt === null && view.alarms.some(({ id }) => id === alarmId));
  return (
    <div class="page wide">
      <Crumbs actor={props.actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t("Costs of calls outside")}</h1>
        <div class="actions">
          <a class="button" href="/admin/rate-tables">
            {t("Rate tables")}
          </a>
          <a class="button" href="/admin/call-alarms">
            {t("Alarms")}
          </a>
        </div>
      </div>
      {props.error === null ? null : (
        <Note tone="bad" icon="circle-alert">
          {said(props.error)}
        </Note>
      )}
      {view.hasRates ? null : (
        <Note tone="wait" icon="triangle-alert">
          {t("No rates are set, so every call costs nothing here, and alarms of money never act.")}{" "}
          <a href="/admin/rate-tables/new">{t("New rate table")}</a>
        </Note>
      )}
      {held.length === 0 ? null : (
        <section class="section" aria-labelledby="stopped">
          <h2 id="stopped">{t("Stopped now")}</h2>
          <table class="table" data-flush>
            <thead>
              <tr>
                <th scope="col">{t("Alarm")}</th>
                <th scope="col">{t("Whose calls")}</th>
                <th scope="col">{t("Why")}</th>
                <th scope="col">{t("Since")}</th>
                <th scope="col">{t("Release")}</th>
              </tr>
            </thead>
            <tbody>
              {held.map((stop) => {
                const alarm = view.alarms.find(({ id }) => id === stop.alarmId)!;
                return (
                  <tr>
                    <th scope="row">
                      <a href={`/admin/call-alarms/${alarm.id}`}>{alarm.name}</a>
                    </th>
                    <td>{whoseCalls(stop.subject, names)}</td>
                    <td>
                      {ruleText(alarm.rule)}:{" "}
                      {alarm.rule === "spend" ? money(stop.value, view.currency) : stop.country || String(stop.value)}
                    </td>
                    <td>{dateTime(stop.stoppedAt)}</td>
                    <td>
                      <form method="post" action="/admin/spend/release">
                        <input type="hidden" name="csrf" value={props.csrf} />
                        <input type="hidden" name="alarm" value={stop.alarmId} />
                        <input type="hidden" name="subject" value={stop.subject} />
                        <button class="button" data-size="small" type="submit">
                          {t("Release")}
                        </button>
                      </form>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
      <Spent
        id="spent"
        title={t("All calls outside")}
        rows={[view.all]}
        head=""
        nameOf={() => t("All together")}
        currency={view.currency}
      />
      <Spent
        id="spent-users"
        title={t("By person")}
        rows={view.byUser}
        head={t("Person")}
        nameOf={(key) => names.get(key) ?? t("Somebody who has left")}
        currency={view.currency}
      />
      <Spent
        id="spent-classes"
        title={t("By classification")}
        rows={view.byClassification}
        head={t("Classification")}
        nameOf={(key) => t(key)}
        currency={view.currency}
      />
      <section class="section" aria-labelledby="alarms-said">
        <h2 id="alarms-said">{t("What alarms have said")}</h2>
        {props.said.length === 0 ? (
          <p class="quiet">{t("Nothing yet.")}</p>
        ) : (
          <table class="table" data-flush>
            <thead>
              <tr>
                <th scope="col">{t("When")}</th>
                <th scope="col">{t("What")}</th>
                <th scope="col">{t("Alarm")}</th>
                <th scope="col">{t("Who")}</th>
                <th scope="col">{t("Number")}</th>
              </tr>
            </thead>
            <tbody>
              {props.said.map(({ what, at, alarm, who, called }) => (
                <tr>
                  <td>{dateTime(at)}</td>
                  <td>{whatText(what)}</td>
                  <td>{alarm || t("Too many calls at once or in a minute")}</td>
                  <td>{who || "–"}</td>
                  <td class="mono">{called || "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}

function Spent(props: {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly SpentBy[];
  readonly head: string;
  readonly nameOf: (key: string) => string;
  readonly currency: string | null;
}) {
  const { id, title, rows, currency } = props;
  if (rows.length === 0) return null;
  return (
    <section class="section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <table class="table" data-flush>
        <thead>
          <tr>
            <th scope="col">{props.head || <span class="visually-hidden">{title}</span>}</th>
            <th scope="col" class="num">
              {t("Today")}
            </th>
            <th scope="col" class="num">
              {t("Calls today")}
            </th>
            <th scope="col" class="num">
              {t("This month")}
            </th>
            <th scope="col" class="num">
              {t("Calls this month")}
            </th>
            <th scope="col" class="num">
              {t("Talked this month")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, day, month }) => (
            <tr>
              <th scope="row">{props.nameOf(key)}</th>
              <td class="num">{money(day.amount, currency)}</td>
              <td class="num">{day.calls}</td>
              <td class="num">{money(month.amount, currency)}</td>
              <td class="num">{month.calls}</td>
              <td class="num">{clockDuration(month.seconds * 1_000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function whoseCalls(subject: string, names: ReadonlyMap<string, string>): string {
  if (subject === "") return t("Everybody's");
  return names.get(subject) ?? t(subject);
}

function whatText(what: Said["what"]): string {
  switch (what) {
    case "stopped":
      return t("Calls stopped");
    case "tripped":
      return t("Told");
    case "released":
      return t("Released");
    case "alarm":
      return t("One call refused");
  }
}

/** In the organization's currency; without one, the bare number. */
export function money(amount: number, currency: string | null): string {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const { tag } = language();
  return currency === null
    ? new Intl.NumberFormat(tag, digits).format(amount)
    : new Intl.NumberFormat(tag, { ...digits, style: "currency", currency }).format(amount);
}
