// The organization's own page.

import type { Actor } from "../../../core/authorization/actor.ts";
import { recordingDaysMax } from "../../../core/directory/organization.ts";
import { pauseSecondsLeast, pauseSecondsMost } from "../../../core/lib/limits.ts";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { Field, type FieldErrors, Group, Note, Picks, SaveBar, Saved } from "../../ui/form.tsx";
import { CountryOptions, LanguageOptions, TimeZoneOptions } from "../../ui/options.tsx";
import { count, t } from "../../ui/text.ts";

/** As the form has them. */
export type OrganizationValues = Readonly<
  Record<"name" | "language" | "country" | "timeZone" | "recordingDays" | "pauseSecondsMax" | "currency", string>
> & {
  readonly showsMonitoring: boolean;
};

export function OrganizationPage(props: {
  readonly actor: Actor;
  readonly values: OrganizationValues;
  readonly errors: FieldErrors;
  /** Recordings that saving would erase; not asked yet. */
  readonly expiring: number;
  readonly saved: boolean;
  readonly csrf: string;
}) {
  const { values, errors, expiring } = props;
  return (
    <div class="page">
      <Crumbs actor={props.actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t("Organisation")}</h1>
      </div>
      {props.saved ? <Saved said={t("Saved.")} /> : null}
      <form method="post" action="/admin/organization">
        <input type="hidden" name="csrf" value={props.csrf} />
        {expiring === 0 ? null : (
          <>
            <input type="hidden" name="confirmed" value={values.recordingDays} />
            <Note tone="bad" icon="triangle-alert">
              <p>
                <b>
                  {count(
                    expiring,
                    "{n} recording is older and will be erased within minutes, for good.",
                    "{n} recordings are older and will be erased within minutes, for good.",
                  )}
                </b>{" "}
                {t("Nothing has been saved yet. Saving again erases them; what was said in them cannot be brought back.")}
              </p>
            </Note>
          </>
        )}
        <Group id="about" title={t("What it is")} about={t("Times, days and their figures follow its time zone.")}>
          <Field name="name" label={t("Name")} error={errors.name}>
            {(input) => <input class="input" {...input} value={values.name} required maxlength={256} autocomplete="organization" />}
          </Field>
          <Field
            name="language"
            label={t("Language")}
            error={errors.language}
            help={t("For whoever's browser asks for none that we have.")}
          >
            {(input) => (
              <select class="input" {...input}>
                <LanguageOptions chosen={values.language} />
              </select>
            )}
          </Field>
          <Field name="country" label={t("Country")} error={errors.country}>
            {(input) => (
              <select class="input" {...input}>
                <CountryOptions chosen={values.country} />
              </select>
            )}
          </Field>
          <Field name="timeZone" label={t("Time zone")} error={errors.timeZone}>
            {(input) => (
              <select class="input" {...input}>
                <TimeZoneOptions chosen={values.timeZone} />
              </select>
            )}
          </Field>
        </Group>
        <Group id="retention" title={t("How long recordings are kept")} about={t("Each erasure is an event; the log stays whole.")}>
          <Field
            name="recordingDays"
            label={t("Keep recordings for")}
            error={errors.recordingDays}
            help={t("Older recordings are erased, with their keys. Empty: they are kept until somebody erases them.")}
          >
            {(input) => <Count input={input} min={1} max={recordingDaysMax} value={values.recordingDays} unit={t("days")} />}
          </Field>
        </Group>
        <Group
          id="pauses"
          title={t("When a recording pauses")}
          about={t("People pause it for what must not be kept, like the number of a card. The file holds silence of the same length.")}
        >
          <Field
            name="pauseSecondsMax"
            label={t("It goes on by itself after")}
            error={errors.pauseSecondsMax}
            help={t("Whoever needs longer pauses again.")}
          >
            {(input) => (
              <Count
                input={input}
                min={pauseSecondsLeast}
                max={pauseSecondsMost}
                value={values.pauseSecondsMax}
                unit={t("seconds")}
                required
              />
            )}
          </Field>
        </Group>
        <Group id="currency-group" title={t("Costs of calls outside")} about={t("In what your carrier sends its bills.")}>
          <Field
            name="currency"
            label={t("Currency")}
            error={errors.currency}
            help={t("Its three letters, like GBP or EUR. Prices stand in the rate tables.")}
          >
            {(input) => <input class="input" {...input} value={values.currency} maxlength={3} autocomplete="off" />}
          </Field>
        </Group>
        <Group
          id="listening"
          title={t("When somebody listens")}
          about={t("Who listens, to whom and why is in the log in any case. Where people work, law or a works agreement may decide this.")}
        >
          <Picks
            name="showsMonitoring"
            label={t("When somebody listens")}
            isNamed
            error={errors.showsMonitoring}
            help={t("Whoever coaches or talks along is always shown: they are heard.")}
            options={[{ value: "true", label: t("People see who listens to their call") }]}
            chosen={values.showsMonitoring ? ["true"] : []}
          />
        </Group>
        <SaveBar about={t("A change is an event with your name.")} said={expiring === 0 ? t("Save") : t("Save and erase")} />
      </form>
    </div>
  );
}

/** A whole number and what it counts. */
function Count(props: {
  readonly input: object;
  readonly min: number;
  readonly max: number;
  readonly value: string;
  readonly unit: string;
  readonly required?: boolean;
}) {
  const { input, unit, required = false, ...rest } = props;
  return (
    <div class="with-unit">
      <input class="input" {...input} type="number" inputmode="numeric" {...rest} required={required} />
      <span class="quiet">{unit}</span>
    </div>
  );
}
