// The page before everything: who are you?
import { Document } from "../../ui/document.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";

export function SignIn(props: { readonly organization: string; readonly email: string; readonly problem: string | null }) {
  const invalid = props.problem === null ? undefined : "true";
  return (
    <Document title={t("Sign in")} bodyClass="gate">
      <main>
        <div class="brand">
          <Icon name="mark" />
          Landline
        </div>
        <div>
          <h1>{t("Sign in")}</h1>
          {props.organization === "Landline" ? null : <p class="quiet">{props.organization}</p>}
        </div>
        <form method="post" action="/sign-in" data-plain>
          {props.problem === null ? null : (
            <div class="note" data-tone="bad" role="alert" id="problem">
              <Icon name="circle-alert" />
              <p>{t(props.problem)}</p>
            </div>
          )}
          <div class="field">
            <label for="email">{t("Email")}</label>
            <input
              class="input"
              id="email"
              name="email"
              type="email"
              autocomplete="username"
              required
              value={props.email}
              autofocus={props.email === ""}
              aria-invalid={invalid}
              aria-describedby={invalid && "problem"}
            />
          </div>
          <div class="field">
            <label for="password">{t("Password")}</label>
            <input
              class="input"
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
              autofocus={props.email !== ""}
              aria-invalid={invalid}
              aria-describedby={invalid && "problem"}
            />
          </div>
          <div class="stretch">
            <button class="button" data-kind="primary" data-size="large" type="submit">
              {t("Sign in")}
            </button>
          </div>
        </form>
      </main>
      <footer>
        <a href="/help/sign-in">{t("Help")}</a>
      </footer>
    </Document>
  );
}
