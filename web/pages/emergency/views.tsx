// Sites with the ways by which help is called there, and stations whose place nobody has said.
import type { Actor } from "../../../core/authorization/actor.ts";
import type { Gap, SiteReport, WayForHelp } from "../../../core/exchange/emergency-report.ts";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { Note } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { HelpTestReport, HelpTests, type SiteTests } from "./tests.tsx";

export function EmergencyPage(props: {
  readonly actor: Actor;
  readonly csrf: string;
  readonly sites: readonly SiteReport[];
  readonly tests: ReadonlyMap<string, SiteTests>;
  /** Of people, by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly gaps: readonly Gap[];
  /** Of which site the report is shown; null: of none. */
  readonly opened: string | null;
  readonly now: number;
}) {
  const opened = props.sites.find(({ site }) => site.id === props.opened);
  const report = opened === undefined ? null : (props.tests.get(opened.site.id)?.newest ?? null);
  return (
    <div class="page wide">
      <Crumbs actor={props.actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t("Emergency calls")}</h1>
      </div>
      <section class="section" aria-labelledby="reach">
        <header>
          <h2 id="reach">{t("Whether help is reached")}</h2>
          <span class="caption end">{t("As this node sees its trunks now; nothing is dialled.")}</span>
        </header>
        {props.sites.length === 0 ? (
          <Note tone="bad" icon="triangle-alert">
            {t("There is no site: nobody's country and place are known.")} <a href="/admin/sites/new">{t("New site")}</a>
          </Note>
        ) : (
          <Sites sites={props.sites} />
        )}
      </section>
      {props.sites.length === 0 ? null : <HelpTests {...props} />}
      {opened === undefined || report === null ? null : <HelpTestReport site={opened.site.name} test={report} names={props.names} />}
      <section class="section" aria-labelledby="gaps">
        <header>
          <h2 id="gaps">{t("Stations without a place")}</h2>
          {props.gaps.length === 0 ? null : (
            <a class="caption end" href="/admin/emergency.csv">
              {t("Download CSV")}
            </a>
          )}
        </header>
        {props.gaps.length === 0 ? (
          <p class="quiet">{t("None: of every station it is known where help is to be sent.")}</p>
        ) : (
          <Gaps gaps={props.gaps} />
        )}
      </section>
    </div>
  );
}

function Sites(props: { readonly sites: readonly SiteReport[] }) {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={t("Whether help is reached")}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t("Site")}</th>
            <th scope="col">{t("Numbers")}</th>
            <th scope="col">{t("State")}</th>
            <th scope="col">{t("Trunks, in their order")}</th>
            <th scope="col">{t("What is missing")}</th>
          </tr>
        </thead>
        <tbody>
          {props.sites.map(({ site, numbers, ways, reach, lacks }) => (
            <tr>
              <td>
                <a href={`/admin/sites/${site.id}`}>{site.name}</a>
              </td>
              <td class="mono">{numbers.join(" ")}</td>
              <td>
                <span class="badge" data-tone={reachTones[reach]}>
                  {reachText(reach)}
                </span>
              </td>
              <td>{ways.map(wayText).join(", ") || "–"}</td>
              <td>{lacks.map(lackText).join(" ") || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Gaps(props: { readonly gaps: readonly Gap[] }) {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={t("Stations without a place")}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t("Station")}</th>
            <th scope="col">{t("Person")}</th>
            <th scope="col">{t("Site")}</th>
            <th scope="col">{t("Why")}</th>
          </tr>
        </thead>
        <tbody>
          {props.gaps.map(({ station, user, site, gap }) => (
            <tr>
              <td>
                <a href={`/admin/stations/${station.id}`}>{station.name}</a>
              </td>
              <td>{user.name}</td>
              <td>{site?.name ?? "–"}</td>
              <td>{gapText(gap)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function wayText({ trunk, isUp }: WayForHelp): string {
  return `${trunk.name} (${isUp === null ? t("Not asked") : isUp ? t("Alive") : t("No answer")})`;
}

const reachTones: Readonly<Record<SiteReport["reach"], "live" | "wait" | "bad">> = {
  up: "live",
  untried: "wait",
  down: "bad",
  "no-trunk": "bad",
};

function reachText(reach: SiteReport["reach"]): string {
  switch (reach) {
    case "up":
      return t("Reaches a trunk that answers");
    case "untried":
      return t("Not known: no trunk has been asked");
    case "down":
      return t("No trunk answers: help cannot be called");
    case "no-trunk":
      return t("No trunk leads outside: help cannot be called");
  }
}

function lackText(lack: SiteReport["lacks"][number]): string {
  switch (lack) {
    case "address":
      return t("The address where help is sent.");
    case "parts":
      return t("The address in its parts, which a trunk wants to tell.");
    case "callback":
      return t("A number to call back, for people without one of their own.");
    case "contacts":
      return t("Anybody who is told.");
  }
}

export function gapText(gap: Gap["gap"]): string {
  switch (gap) {
    case "no-site":
      return t("It has no site: nothing is known of its place.");
    case "no-address":
      return t("Its site has no address.");
    case "moves":
      return t("A browser is wherever its person is; only the site's address is known.");
    case "no-room":
      return t("Neither floor nor room is known.");
  }
}
