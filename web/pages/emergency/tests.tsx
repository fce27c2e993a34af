// When calls for help were tried last, site by site, and what came of the last try.
import type { SiteReport } from "../../../core/exchange/emergency-report.ts";
import type { HelpTestStep, KeptHelpTest } from "../../../core/exchange/help-test.ts";
import { helpTestStaleMs } from "../../../core/lib/limits.ts";
import { emergencyTestNumber } from "../../../core/telephony/emergency.ts";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { dateTime } from "../../ui/time.tsx";
import { troubleText } from "../trunks/trouble-words.ts";

export type SiteTests = { readonly newest: KeptHelpTest | null; readonly good: KeptHelpTest | null };

export function HelpTests(props: {
  readonly sites: readonly SiteReport[];
  readonly tests: ReadonlyMap<string, SiteTests>;
  readonly csrf: string;
  readonly now: number;
}) {
  return (
    <section class="section" aria-labelledby="help-tests">
      <header>
        <h2 id="help-tests">{t("Tried")}</h2>
        <span class="caption end">{t("A try goes the way of a call for help and rings nobody; every ninety days is not too often.")}</span>
      </header>
      <div class="table-scroll" tabindex={0} role="region" aria-label={t("Tried")}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("Site")}</th>
              <th scope="col">{t("Last went well")}</th>
              <th scope="col">{t("Last try")}</th>
              <th scope="col">{t("By phone")}</th>
              <th scope="col">
                <span class="visually-hidden">{t("Actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {props.sites.map(({ site }) => {
              const { newest = null, good = null } = props.tests.get(site.id) ?? {};
              const isStale = good === null || props.now - good.at > helpTestStaleMs;
              return (
                <tr>
                  <td>{site.name}</td>
                  <td>
                    <span class="badge" data-tone={isStale ? "wait" : "live"}>
                      {good === null
                        ? t("Never")
                        : isStale
                          ? t("{time}: more than ninety days ago", { time: dateTime(good.at) })
                          : dateTime(good.at)}
                    </span>
                  </td>
                  <td>
                    {newest === null
                      ? "–"
                      : newest.isGood
                        ? dateTime(newest.at)
                        : t("{time}: something is missing", { time: dateTime(newest.at) })}
                  </td>
                  <td>{emergencyTestNumber(site.country) ?? "–"}</td>
                  <td>
                    <form method="post" action="/admin/emergency/test">
                      <input type="hidden" name="csrf" value={props.csrf} />
                      <button class="button" type="submit" name="site" value={site.id} aria-label={t("Try {site}", { site: site.name })}>
                        {t("Try")}
                      </button>
                    </form>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function HelpTestReport(props: { readonly site: string; readonly test: KeptHelpTest; readonly names: ReadonlyMap<string, string> }) {
  const { test } = props;
  const who = props.names.get(test.actorId) ?? t("Somebody");
  return (
    <section class="section test-call" aria-labelledby="help-report" id="report">
      <div class="page-head">
        <h2 id="help-report">{t("A call for help from {site}, step by step", { site: props.site })}</h2>
      </div>
      <p class="quiet">
        {test.steps === null
          ? t("{who}, {time}. Dialled from a phone; whether place and number were right the carrier has said.", {
              who,
              time: dateTime(test.at),
            })
          : t("{who}, {time}. Nobody was rung.", { who, time: dateTime(test.at) })}
      </p>
      <ol class="timeline" role="list">
        {(test.steps ?? []).map((step, n) => {
          const { isGood, what, mend } = wordsOf(step);
          return (
            <li data-tone={isGood ? "ok" : "bad"}>
              <span class="quiet">{n + 1}</span>
              <span class="point">
                <Icon name={isGood ? "circle-check" : "circle-alert"} />
              </span>
              <div class="what">
                <p>{isGood ? what : <b>{what}</b>}</p>
                {mend === "" ? null : <p>{mend}</p>}
              </div>
            </li>
          );
        })}
      </ol>
      <p>
        <span class="badge" data-tone={test.isGood ? "live" : "bad"}>
          {test.isGood ? t("A call for help would arrive, and be known by number and place.") : t("Something is missing: see above.")}
        </span>
      </p>
    </section>
  );
}

type Words = { readonly isGood: boolean; readonly what: string; readonly mend: string };

function wordsOf(step: HelpTestStep): Words {
  switch (step.kind) {
    case "number":
      return fine(t("{number} comes first in the dial plan.", step));
    case "place":
      if (step.text === "") return bad(t("Nobody has said where help is to be sent."), t("Give the site its address."));
      return fine(t("Help is sent to {place}.", { place: step.text }));
    case "callback":
      if (step.number === "") return bad(t("By {trunk} no number is shown.", step), t("Give the site or the trunk a number to call back."));
      return fine(t("By {trunk} it shows {number}; a person's own number where they have one.", step));
    case "told":
      if (step.text === "") return bad(t("{trunk} has no place to tell.", step), t("Give the site its address in its parts."));
      return fine(t("{trunk} tells the carrier: {place}.", { trunk: step.trunk, place: step.text }));
    case "way": {
      const where = { host: step.host, trunk: step.trunk };
      if (step.isUp) return fine(t("{host} of {trunk} answers.", where));
      return bad(t("{host} of {trunk} does not answer.", where), step.trouble === null ? "" : troubleText(step.trouble, step.host, null));
    }
    case "no-way":
      return bad(t("No trunk leads outside: help cannot be called"), t("Give a trunk a next hop."));
  }
}

const fine = (what: string): Words => ({ isGood: true, what, mend: "" });
const bad = (what: string, mend: string): Words => ({ isGood: false, what, mend });
