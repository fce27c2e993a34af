// The pages before everything: who are you, and can you show it twice?
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

/** The second page: a code of the app, or one of the recovery codes. */
export function EnterCode(props: { readonly csrf: string; readonly problem: string | null }) {
  const invalid = props.problem === null ? undefined : "true";
  return (
    <Document title={t("Sign in, code")} bodyClass="gate">
      <main>
        <div class="brand">
          <Icon name="mark" />
          Landline
        </div>
        <div>
          <h1>{t("Your code")}</h1>
          <p class="quiet">{t("Six digits from your authenticator app.")}</p>
        </div>
        <form method="post" action="/sign-in/code" data-plain>
          <input type="hidden" name="csrf" value={props.csrf} />
          {props.problem === null ? null : (
            <div class="note" data-tone="bad" role="alert" id="problem">
              <Icon name="circle-alert" />
              <p>{t(props.problem)}</p>
            </div>
          )}
          <div class="field">
            <label for="code">{t("Code")}</label>
            <input
              class="input mono"
              id="code"
              name="code"
              autocomplete="one-time-code"
              inputmode="text"
              maxlength={24}
              required
              autofocus
              aria-invalid={invalid}
              aria-describedby={invalid ? "problem code-help" : "code-help"}
            />
            <span class="help" id="code-help">
              {t("Without the phone: type one of your recovery codes. Each works once.")}
            </span>
          </div>
          <div class="stretch">
            <button class="button" data-kind="primary" data-size="large" type="submit">
              {t("Continue")}
            </button>
          </div>
        </form>
        <p>
          <a href="/sign-in">{t("Start again")}</a>
        </p>
      </main>
      <footer>
        <a href="/help/sign-in">{t("Help")}</a>
      </footer>
    </Document>
  );
}

export function LinkUsed(props: { readonly problem: string }) {
  return (
    <Document title={t("Sign in")} bodyClass="gate">
      <main>
        <div class="brand">
          <Icon name="mark" />
          Landline
        </div>
        <h1>{t("Not this link")}</h1>
        <p class="quiet">{t(props.problem)}</p>
        <p>
          <a class="button" href="/sign-in">
            {t("Sign in with a password")}
          </a>
        </p>
      </main>
      <footer>
        <a href="/help/sign-in">{t("Help")}</a>
      </footer>
    </Document>
  );
}
