// One's own page.
import type { User } from "../../../core/directory/user.ts";
import { Field, Group, Saved } from "../../ui/form.tsx";
import { CodeSheet, Enrolment } from "../../ui/second-factor.tsx";
import { count, language, languages, t } from "../../ui/text.ts";

export function Me(props: {
  readonly user: User;
  readonly csrf: string;
  readonly callKeys: boolean;
  /** Recovery codes that were not used; null: there is no second factor. */
  readonly codesLeft: number | null;
  readonly wrong: { readonly field: string; readonly message: string } | null;
  readonly saved: boolean;
}) {
  const error = (field: string): string | undefined => (props.wrong?.field === field ? props.wrong.message : undefined);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{props.user.name}</h1>
        <span class="caption">{props.user.email}</span>
      </div>
      {props.saved ? <Saved said={t("Saved for this browser.")} /> : null}
      {/* A whole page: the frame around this one speaks the old language. */}
      <form method="post" action="/me/device" hx-boost="false">
        <input type="hidden" name="csrf" value={props.csrf} />
        <Group id="device" title={t("This browser")} about={t("Kept on this device.")}>
          <Field name="language" label={t("Language")} error={undefined}>
            {(input) => (
              <select class="input" {...input}>
                {languages.map(({ tag, name }) => (
                  <option value={tag} lang={tag} selected={tag === language().tag}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <div class="field" data-wide="">
            <label class="choice">
              <input type="checkbox" name="callKeys" checked={props.callKeys} />
              <span>{t("Single keys control the call: Enter answers, D declines, H holds, M mutes, K opens the keypad, E ends")}</span>
            </label>
          </div>
          <div class="field" data-wide="">
            <div>
              <button class="button" data-kind="primary" type="submit">
                {t("Save")}
              </button>
            </div>
          </div>
        </Group>
      </form>
      <Group id="where" title={t("Where you work today")} about={t("For calls for help, when you are not where your station is.")}>
        <div class="field" data-wide="">
          <div>
            <a class="button" href="/where">
              {t("Say where")}
            </a>
          </div>
        </div>
      </Group>
      <Group id="network" title={t("Network")} about={t("Whether this browser and this place are good for calls.")}>
        <div class="field" data-wide="">
          <div>
            <a class="button" href="/network-test">
              {t("Network test")}
            </a>
          </div>
        </div>
      </Group>
      <form method="post" action="/me/password" hx-boost="false">
        <input type="hidden" name="csrf" value={props.csrf} />
        <Group id="password-group" title={t("Password")} about={t("Changing it signs you out everywhere.")}>
          <Field name="present" label={t("Present password")} error={error("present")}>
            {(input) => <input class="input" {...input} type="password" autocomplete="current-password" required />}
          </Field>
          <Field
            name="password"
            label={t("New password")}
            error={error("password")}
            help={t("At least 12 characters; length is what counts.")}
          >
            {(input) => (
              <input class="input" {...input} type="password" autocomplete="new-password" required minlength={12} maxlength={256} />
            )}
          </Field>
          <div class="field" data-wide="">
            <div>
              <button class="button" type="submit">
                {t("Change password")}
              </button>
            </div>
          </div>
        </Group>
      </form>
      <form method="post" action="/me/second-factor" hx-boost="false">
        <input type="hidden" name="csrf" value={props.csrf} />
        <Group
          id="second-factor"
          title={t("Second factor")}
          about={
            props.codesLeft === null
              ? t("A password alone can be stolen. From now on your phone shows a code as well.")
              : count(
                  props.codesLeft,
                  "Your sign-in asks for a code. {n} recovery code is left.",
                  "Your sign-in asks for a code. {n} recovery codes are left.",
                )
          }
        >
          <Field name="factorPassword" label={t("Present password")} error={error("factorPassword")}>
            {(input) => <input class="input" {...input} type="password" autocomplete="current-password" required />}
          </Field>
          <div class="field" data-wide="">
            <div>
              <button class="button" type="submit">
                {props.codesLeft === null ? t("Set up a second factor") : t("Make new recovery codes")}
              </button>
            </div>
          </div>
        </Group>
      </form>
    </div>
  );
}

export function SecondFactor(props: {
  readonly user: User;
  readonly csrf: string;
  readonly secret: Uint8Array;
  readonly organization: string;
  readonly error: string | undefined;
}) {
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Second factor")}</h1>
      </div>
      <form method="post" action="/me/second-factor/confirm" hx-boost="false">
        <input type="hidden" name="csrf" value={props.csrf} />
        <Enrolment secret={props.secret} organization={props.organization} email={props.user.email} />
        <Field name="code" label={t("Code")} error={props.error}>
          {(input) => (
            <input class="input mono narrow" {...input} inputmode="numeric" autocomplete="one-time-code" maxlength={8} required autofocus />
          )}
        </Field>
        <div class="actions gap-above">
          <button class="button" data-kind="primary" type="submit">
            {t("Confirm")}
          </button>
          <a class="button" href="/me">
            {t("Cancel")}
          </a>
        </div>
      </form>
    </div>
  );
}

/** Shown once: what the form answered. */
export function RecoveryCodes(props: { readonly codes: readonly string[]; readonly organization: string }) {
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Ten recovery codes")}</h1>
      </div>
      <p class="lead">{t("Without your phone each of them signs you in once. They are shown now and never again.")}</p>
      <CodeSheet organization={props.organization} codes={props.codes} />
      <div class="actions gap-above">
        <a class="button" data-kind="primary" href="/me">
          {t("I have kept them")}
        </a>
      </div>
    </div>
  );
}
