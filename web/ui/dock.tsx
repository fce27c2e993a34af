// The dock: a call that rings, then the call, then its wrap-up, always in the same place. Buttons marked `data-call` act through the softphone.
import type { AgentView } from "../../core/routing/queries.ts";
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";
import { Duration } from "./time.tsx";

type Props = { readonly view: AgentView | null; readonly csrf: string };

export function Dock(props: Props) {
  const { view } = props;
  if (view?.alert != null) return <AlertDock alert={view.alert} />;
  if (view?.current != null && view.current.participant.endedAt === null) return <CallDock current={view.current} csrf={props.csrf} />;
  if (view?.current?.work != null) return <WrapupDock current={view.current} csrf={props.csrf} />;
  return <section class="dock" id="call" hidden aria-label={t("No call")} data-call-state="none" />;
}

type Alert = NonNullable<AgentView["alert"]>;
type Current = NonNullable<AgentView["current"]>;

/** Name when the network says one, else the number; never nothing. */
export function callerTitle(conversation: { readonly callerName: string; readonly callerNumber: string }): string {
  return conversation.callerName || conversation.callerNumber || t("Unknown caller");
}

function AlertDock(props: { readonly alert: Alert }) {
  const { alert, conversation, queue, enteredAt } = props.alert;
  const chosen = Object.entries(conversation.data).map(([name, value]) => <span>{`${name}: ${value}`}</span>);
  return (
    <section
      class="dock"
      id="call"
      aria-labelledby="alerting"
      aria-describedby="alerting-why"
      data-call-state="alerting"
      data-conversation={conversation.id}
    >
      <div class="alert">
        <svg
          class="ring"
          viewBox="0 0 72 72"
          role="timer"
          aria-label={t("Time left to answer")}
          data-ring
          data-from={String(alert.createdAt)}
          data-until={String(alert.deadlineAt)}
        >
          <circle class="track" cx="36" cy="36" r="32" />
          <circle class="left" cx="36" cy="36" r="32" pathLength="100" stroke-dasharray="100 100" transform="rotate(-90 36 36)" />
          <text x="36" y="36" />
        </svg>
        <div class="who">
          <h2 id="alerting">{callerTitle(conversation)}</h2>
          <p class="line">
            <span>{queue?.name ?? ""}</span>
            {conversation.callerNumber === "" ? null : <span class="mono">{conversation.callerNumber}</span>}
            <span class="badge" data-tone="wait">
              <Icon name="clock" />
              {t("Waited")} <Duration ms={alert.createdAt - enteredAt} />
            </span>
          </p>
          <div class="line" id="alerting-why">
            {chosen}
          </div>
        </div>
        <div class="actions">
          <button class="button" data-size="large" type="button" data-call="decline" aria-keyshortcuts="D">
            {t("Decline")} <kbd>D</kbd>
          </button>
          <button class="button" data-kind="primary" data-size="large" type="button" data-call="answer" aria-keyshortcuts="Enter">
            <Icon name="phone" />
            {t("Answer")} <kbd>Enter</kbd>
          </button>
        </div>
      </div>
      <p class="visually-hidden" role="alert">
        {t("Incoming call from {name}", { name: callerTitle(conversation) })}
      </p>
    </section>
  );
}

function CallDock(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, participant, queue } = props.current;
  const held = participant.heldSince !== null;
  return (
    <section class="dock" id="call" aria-label={t("Call in progress")} data-call-state="connected" data-conversation={conversation.id}>
      <div class="callbar">
        <div class="clock">
          <span class="time" aria-hidden="true" data-since={String(participant.connectedAt)} />
          <small>{held ? t("On hold") : t("Connected")}</small>
        </div>
        <div class="party">
          <strong>{callerTitle(conversation)}</strong>
          <small>
            {conversation.callerNumber === "" ? null : (
              <>
                <span class="mono">{conversation.callerNumber}</span> ·{" "}
              </>
            )}
            {queue?.name ?? ""}
          </small>
        </div>
        <div class="controls" role="toolbar" aria-label={t("Call controls")}>
          <form method="post" action={`/calls/${conversation.id}/${participant.id}/${held ? "resume" : "hold"}`} data-quiet>
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="control" type="submit" aria-pressed={held ? "true" : "false"} aria-keyshortcuts="H" data-key="h">
              <Icon name={held ? "play" : "pause"} />
              <span>
                {held ? t("Resume") : t("Hold")}
                <kbd>H</kbd>
              </span>
            </button>
          </form>
          <button class="control" type="button" aria-pressed="false" aria-keyshortcuts="M" data-call="mute" data-key="m">
            <Icon name="mic" />
            <span>
              {t("Mute")}
              <kbd>M</kbd>
            </span>
          </button>
          <button class="control" type="button" aria-haspopup="dialog" aria-keyshortcuts="K" popovertarget="keypad" data-key="k">
            <Icon name="grid-3x3" />
            <span>
              {t("Keypad")}
              <kbd>K</kbd>
            </span>
          </button>
        </div>
        <div class="end">
          <form method="post" action={`/calls/${conversation.id}/${participant.id}/disconnect`} data-quiet>
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="button" data-kind="danger" type="submit" aria-keyshortcuts="E" data-key="e">
              <Icon name="phone-off" />
              {t("End")} <kbd>E</kbd>
            </button>
          </form>
        </div>
        <p class="visually-hidden" role="status">
          {held
            ? t("{name} is on hold", { name: callerTitle(conversation) })
            : t("Connected to {name}. The call is recorded.", { name: callerTitle(conversation) })}
        </p>
      </div>
      <div class="keypad floating" id="keypad" popover="auto" role="dialog" aria-label={t("Keypad")}>
        {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((digit) => (
          <button class="button" type="button" data-call="digit" data-digit={digit}>
            {digit}
          </button>
        ))}
      </div>
    </section>
  );
}

function WrapupDock(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, participant, work, codes, queue } = props.current;
  return (
    <section class="dock" id="call" aria-label={t("After-call work")} data-call-state="wrapup" data-conversation={conversation.id}>
      <div class="callbar">
        <div class="clock">
          {work!.deadlineAt === null ? (
            <span class="time" data-since={String(work!.startedAt)} />
          ) : (
            <span class="time" data-until={String(work!.deadlineAt)} />
          )}
          <small>{work!.deadlineAt === null ? t("After-call work") : t("left to wrap up")}</small>
        </div>
        <div class="party">
          <strong>{callerTitle(conversation)}</strong>
          <small>{queue?.name ?? ""}</small>
        </div>
        <form
          class="wrapup"
          method="post"
          action={`/calls/${conversation.id}/${participant.id}/wrapup`}
          data-quiet
          aria-label={t("Wrap-up code")}
        >
          <input type="hidden" name="csrf" value={props.csrf} />
          <span class="quiet" aria-hidden="true">
            {t("What was it about?")}
          </span>
          <div class="chips">
            {codes.map((code) => (
              <button
                class="button"
                data-size="small"
                type="submit"
                name="code"
                value={code.name}
                aria-pressed={participant.wrapupCode === code.name ? "true" : "false"}
              >
                {code.name}
              </button>
            ))}
          </div>
        </form>
        <p class="visually-hidden" role="status">
          {t("The call has ended. Choose a wrap-up code.")}
        </p>
      </div>
    </section>
  );
}
