// One check of the way to the server: all its sentences are in the page, the script only says which of them holds.
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";

export function Check(props: { readonly name: string; readonly title: string; readonly good: string; readonly bad: string }) {
  return (
    <li data-check={props.name} data-is="waiting">
      <span class="mark">
        <Icon name="circle-dashed" />
        <Icon name="circle-check" />
        <Icon name="triangle-alert" />
      </span>
      <div>
        {props.title}
        <small data-when="waiting">{t("Not tested yet")}</small>
        <small data-when="running">{t("Testing")}</small>
        <small data-when="good">{props.good}</small>
        <small data-when="bad">{props.bad}</small>
      </div>
      <span class="caption number" data-check-ms />
    </li>
  );
}

/** Socket, media port and keys: the way that voice takes. `noAnswer`: what to do when the media port does not answer. */
export function PathChecks(props: { readonly noAnswer: string }) {
  return (
    <>
      <Check
        name="socket"
        title={t("Signalling: a WebSocket to this server")}
        good={t("It opened and the server answered.")}
        bad={t("It did not open. If a proxy stands between, it must pass WebSockets on (Upgrade and Connection).")}
      />
      <Check
        name="voice"
        title={t("Voice: a packet to the media port, and its answer")}
        good={t("The media port answers (STUN).")}
        bad={props.noAnswer}
      />
      <Check
        name="encrypted"
        title={t("Voice: keys agreed with the server")}
        good={t("DTLS is up, the server's certificate is the announced one.")}
        bad={t("The keys were not agreed. Something between rewrites or drops the larger packets.")}
      />
    </>
  );
}
