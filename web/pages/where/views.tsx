// The form of where somebody works today.
import type { CivicAddress } from "../../../core/telephony/civic-address.ts";
import { CivicInputs } from "../../ui/civic.tsx";
import { Group, Note, Saved } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { Clock } from "../../ui/time.tsx";

export function Where(props: {
  readonly civic: Partial<CivicAddress> | null;
  /** By whose network they have signed in. */
  readonly siteName: string | null;
  readonly expiresAt: number | null;
  readonly error: string | undefined;
  readonly csrf: string;
  /** Right after sign-in: there is somewhere to go on to. */
  readonly asked: boolean;
  readonly saved: boolean;
}) {
  const { expiresAt } = props;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Where you work today")}</h1>
      </div>
      {props.saved ? <Saved said={t("Saved.")} /> : null}
      {props.asked ? (
        <Note tone="info" icon="building">
          {t("Nobody knows the network you have signed in from. Say where you are, so that help finds you.")}
        </Note>
      ) : null}
      {props.siteName === null ? null : (
        <p class="quiet">{t("Your network says that you are at {site}. If you are not, say where.", { site: props.siteName })}</p>
      )}
      <form method="post" action="/where">
        <input type="hidden" name="csrf" value={props.csrf} />
        <input type="hidden" name="asked" value={String(props.asked)} />
        <Group
          id="address"
          title={t("Address")}
          about={t("Only for calls for help from this browser: those who are told and those who are sent read it. It counts for a day.")}
        >
          <CivicInputs name="civic" label={t("Where you are")} value={props.civic} error={props.error} />
          <div class="field" data-wide="">
            <div class="actions">
              <button class="button" data-kind="primary" type="submit">
                {t("Save")}
              </button>
              {props.asked ? (
                <a class="button" href="/">
                  {t("Skip")}
                </a>
              ) : expiresAt === null ? null : (
                <button class="button" type="submit" name="forget" value="true">
                  {t("I am where my station is")}
                </button>
              )}
            </div>
            {expiresAt === null ? null : (
              <span class="help">
                {t("Counts until")} <Clock at={expiresAt} />
              </span>
            )}
          </div>
        </Group>
      </form>
    </div>
  );
}
