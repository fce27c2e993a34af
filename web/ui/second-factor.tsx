// A second factor as people meet it: the key to scan, and the recovery codes that are shown once.
import { totpUri } from "../../core/directory/second-factor.ts";
import { base32, inGroups } from "../../core/lib/base32.ts";
import { QrCode } from "./qr-code.tsx";
import { t } from "./text.ts";

export function Enrolment(props: { readonly secret: Uint8Array; readonly organization: string; readonly email: string }) {
  return (
    <div class="enrol">
      <QrCode
        text={totpUri(props.secret, props.organization, props.email)}
        label={t("QR code for your authenticator app. The same key stands beside it as text.")}
      />
      <ol class="numbered">
        <li>{t("Open an authenticator app on your phone, and scan the code.")}</li>
        <li>
          {t("If you cannot scan it, type this key:")} <code class="key">{inGroups(base32(props.secret))}</code>
        </li>
        <li>{t("Type the six digits that the app shows.")}</li>
      </ol>
    </div>
  );
}

/** To be printed or copied: nobody shows them again. */
export function CodeSheet(props: { readonly organization: string; readonly codes: readonly string[] }) {
  return (
    <section class="sheet print" aria-label={t("Recovery codes")}>
      <p class="caption">{t("Landline, {organization}: recovery codes", { organization: props.organization })}</p>
      <ul class="codes mono" role="list">
        {props.codes.map((code) => (
          <li>{code}</li>
        ))}
      </ul>
    </section>
  );
}
