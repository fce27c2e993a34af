// One's own page.
import type { User } from "../../../core/directory/user.ts";
import { Field, Group, Saved } from "../../ui/form.tsx";
import { language, languages, t } from "../../ui/text.ts";

export function Me(props: {
  readonly user: User;
  readonly csrf: string;
  readonly callKeys: boolean;
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
    </div>
  );
}
