// Calls for help, on every page of those who are to know: who, where, the number to call back. Stays until they say that they know.
import type { HelpCall } from "../../core/telephony/help.ts";
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";
import { Clock } from "./time.tsx";

export function HelpCalls(props: { readonly calls: readonly HelpCall[]; readonly csrf: string }) {
  return (
    <div id="help-calls" class="help-calls" role="alert">
      {props.calls.map(({ conversationId, at, name, number, callback, place, seenBy }) => (
        <section class="help-call floating" data-call={conversationId}>
          <Icon name="siren" />
          <p>
            <strong>{t("{name} calls {number} for help", { name: name || t("Somebody"), number })}</strong> <Clock at={at} />
            <br />
            {place === "" ? t("Nobody has said where that is.") : place}
            {callback === "" ? null : (
              <>
                {" · "}
                {t("can be called back at")} <span class="mono">{callback}</span>
              </>
            )}
            {seenBy === "" ? null : (
              <>
                <br />
                <b>{t("{name} sees to it.", { name: seenBy })}</b>
              </>
            )}
          </p>
          <a class="button" href={`/conversations/${conversationId}`}>
            {t("Open")}
          </a>
          <form method="post" action={`/help-calls/${conversationId}/known`} data-quiet>
            <input type="hidden" name="csrf" value={props.csrf} />
            {seenBy === "" ? (
              <button class="button" data-kind="primary" type="submit" name="seesTo" value="true">
                {t("I see to it")}
              </button>
            ) : null}
            <button class="button" type="submit">
              {t("I know")}
            </button>
          </form>
        </section>
      ))}
    </div>
  );
}
