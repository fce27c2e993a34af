// The differences between a country's profile and what a site has, with a box for each.
import type { ProfileDifference, ProfileField } from "../../../core/telephony/country-profile.ts";
import { emergencyNumbersOf, emergencyTestNumber } from "../../../core/telephony/emergency.ts";
import { countryOfNumber } from "../../../core/telephony/number-plan.ts";
import type { Site } from "../../../core/telephony/telephony.ts";
import { type Burst, toneNames, tonesOf } from "../../../core/telephony/tones.ts";
import { Note, Saved } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { words } from "../admin/words.ts";
import { saidOf } from "../objects/form-values.ts";

export function ProfilePage(props: {
  readonly site: Site;
  readonly country: string;
  readonly countries: readonly { readonly code: string; readonly name: string }[];
  readonly differences: readonly ProfileDifference[];
  /** Of the differences as they are shown. */
  readonly seen: string;
  readonly error: string | null;
  readonly csrf: string;
  readonly saved: boolean;
}) {
  const { site, country, differences } = props;
  const path = `/admin/sites/${site.id}/country`;
  return (
    <>
      {props.saved ? <Saved said={t("Saved.")} /> : null}
      {props.error === null ? null : (
        <Note tone="bad" icon="circle-alert">
          {props.error}
        </Note>
      )}
      <form method="get" action={path}>
        <div class="field">
          <label for="country">{t("Country")}</label>
          <div class="actions">
            <select class="input medium" id="country" name="country">
              {props.countries.map(({ code, name }) => (
                <option value={code} selected={code === country}>
                  {name}
                </option>
              ))}
            </select>
            <button class="button" type="submit">
              {t("Compare")}
            </button>
          </div>
        </div>
      </form>
      <section class="section" aria-labelledby="differences">
        <header>
          <h2 id="differences">{t("What would change")}</h2>
        </header>
        {differences.length === 0 ? (
          <p class="quiet">{t("Nothing: this site is set as its country's profile says.")}</p>
        ) : (
          <form class="taking" method="post" action={path}>
            <input type="hidden" name="csrf" value={props.csrf} />
            <input type="hidden" name="country" value={country} />
            <textarea name="seen" hidden>
              {props.seen}
            </textarea>
            <div class="table-scroll" tabindex={0} role="region" aria-label={t("What would change")}>
              <table class="table">
                <thead>
                  <tr>
                    <th scope="col">{t("Take")}</th>
                    <th scope="col">{t("Now")}</th>
                    <th scope="col">{t("Then")}</th>
                  </tr>
                </thead>
                <tbody>
                  {differences.map((difference) => (
                    <tr>
                      <td>
                        <label class="choice">
                          <input type="checkbox" name="take" value={difference.id} checked />
                          <span>{whatOf(difference)}</span>
                        </label>
                      </td>
                      <td>{nowOf(difference)}</td>
                      <td>{thenOf(difference)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <p>
              <button class="button" data-kind="primary" type="submit">
                {t("Take what is ticked")}
              </button>
            </p>
          </form>
        )}
      </section>
      <Follows site={site} country={country} />
    </>
  );
}

/** What nobody sets: it is the country's. */
function Follows(props: { readonly site: Site; readonly country: string }) {
  const { site, country } = props;
  const rows: readonly (readonly [string, string, string])[] = [
    [t("Calls for help"), helpOf(site.country), helpOf(country)],
    [t("To try calls for help"), emergencyTestNumber(site.country) ?? "–", emergencyTestNumber(country) ?? "–"],
    ...toneNames.map((name) => [toneText(name), tonesText(tonesOf(site.country)[name]), tonesText(tonesOf(country)[name])] as const),
  ];
  const isAbroad = site.callerId !== null && countryOfNumber(site.callerId) !== country;
  return (
    <section class="section" aria-labelledby="follows">
      <header>
        <h2 id="follows">{t("What follows the country")}</h2>
        <span class="caption end">{t("Tones are those of the first site.")}</span>
      </header>
      <div class="table-scroll" tabindex={0} role="region" aria-label={t("What follows the country")}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("What")}</th>
              <th scope="col">{t("Now")}</th>
              <th scope="col">{t("Then")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([what, now, then]) => (
              <tr>
                <td>{what}</td>
                <td class="mono">{now}</td>
                <td class="mono">{then}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {site.callerId === null ? (
        <Note tone="wait" icon="triangle-alert">
          {t("The site has no number to be called back at: who answers a call for help may need one.")}
        </Note>
      ) : isAbroad ? (
        <Note tone="wait" icon="triangle-alert">
          {t("The site's number {number} is not of this country: who answers a call for help may not be able to call it back.", {
            number: site.callerId,
          })}
        </Note>
      ) : null}
    </section>
  );
}

const helpOf = (country: string): string => [...emergencyNumbersOf(country)].sort().join(" ");
const tonesText = (bursts: readonly Burst[]): string =>
  bursts.map(({ hz, onMs, offMs }) => `${hz.join("+")} Hz ${onMs}/${offMs} ms`).join(", ");

function toneText(name: (typeof toneNames)[number]): string {
  switch (name) {
    case "ringback":
      return t("Ringing tone");
    case "busy":
      return t("Busy tone");
    case "congestion":
      return t("Congestion tone");
  }
}

function whatOf(difference: ProfileDifference): string {
  switch (difference.kind) {
    case "country":
      return t("Country");
    case "new-plan":
      return t("Number plan “{name}”", { name: difference.plan.name });
    case "plan-field":
      return `${t("Number plan “{name}”", { name: difference.plan.name })}: ${fieldText(difference.field)}`;
  }
}

function fieldText(field: ProfileField): string {
  switch (field) {
    case "matchType":
      return t("Told by");
    case "numbers":
      return t("Numbers");
    case "classification":
      return t("Classification");
  }
}

function nowOf(difference: ProfileDifference): string {
  if (difference.kind === "country") return difference.now;
  return difference.kind === "new-plan" ? "–" : valueText(difference.field, difference.now);
}

function thenOf(difference: ProfileDifference): string {
  if (difference.kind === "country") return difference.wanted;
  if (difference.kind === "plan-field") return valueText(difference.field, difference.wanted);
  const { numbers, classification } = difference.plan;
  return `${valueText("numbers", numbers)} → ${valueText("classification", classification)}`;
}

function valueText(field: ProfileField, value: unknown): string {
  if (field === "numbers") return saidOf({ kind: "ranges" }, value, new Map());
  return t(words[String(value)] ?? String(value));
}
