// The dock: a call that rings, then the call, then its wrap-up, always in the same place. Buttons marked `data-call` act through the softphone.
import type { SupervisionMode } from "../../core/conversation/conversation.ts";
import type { AgentView, InConference, Listener, OtherParty, PauseInView } from "../../core/routing/queries.ts";
import { attributesInWords } from "./attributes.ts";
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";
import { Duration } from "./time.tsx";
import { TroubleOfCall } from "./trouble.tsx";

type Props = { readonly view: AgentView | null; readonly csrf: string };

export function Dock(props: Props) {
  const { view } = props;
  if (view?.alert != null) return <AlertDock alert={view.alert} />;
  if (view?.ringing != null) return <RingingDock ringing={view.ringing} csrf={props.csrf} />;
  if (view?.supervising != null) return <SuperviseDock supervising={view.supervising} csrf={props.csrf} />;
  if (view?.current != null && view.current.participant.endedAt === null) return <CallDock current={view.current} csrf={props.csrf} />;
  if (view?.current?.work != null) return <WrapupDock current={view.current} csrf={props.csrf} />;
  return <section class="dock" id="call" hidden aria-label={t("No call")} data-call-state="none" />;
}

type Alert = NonNullable<AgentView["alert"]>;
type Ringing = NonNullable<AgentView["ringing"]>;
type Current = NonNullable<AgentView["current"]>;

/** Name when the network says one, else the number; never nothing. */
export function callerTitle(conversation: { readonly callerName: string; readonly callerNumber: string }): string {
  return conversation.callerName || conversation.callerNumber || t("Unknown caller");
}

/** The same of whoever is at the other end. */
export function partyTitle({ name, number }: OtherParty): string {
  return name || number || t("Unknown caller");
}

function AlertDock(props: { readonly alert: Alert }) {
  const { alert, conversation, queue, enteredAt } = props.alert;
  const chosen = attributesInWords(conversation.data).map(({ name, value }) => <span>{`${name}: ${value}`}</span>);
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
        <AnswerOrDecline />
      </div>
      <p class="visually-hidden" role="alert">
        {t("Incoming call from {name}", { name: callerTitle(conversation) })}
      </p>
    </section>
  );
}

function AnswerOrDecline() {
  return (
    <div class="actions">
      <button class="button" data-size="large" type="button" data-call="decline" aria-keyshortcuts="D">
        {t("Decline")} <kbd>D</kbd>
      </button>
      <button class="button" data-kind="primary" data-size="large" type="button" data-call="answer" aria-keyshortcuts="Enter">
        <Icon name="phone" />
        {t("Answer")} <kbd>Enter</kbd>
      </button>
    </div>
  );
}

/** A call from person to person, or out: it rings here, or there. */
function RingingDock(props: { readonly ringing: Ringing; readonly csrf: string }) {
  const { conversation, participant, other, outgoing } = props.ringing;
  const title = partyTitle(other);
  if (!outgoing) {
    return (
      <section class="dock" id="call" aria-labelledby="alerting" data-call-state="alerting" data-conversation={conversation.id}>
        <div class="alert direct">
          <Icon name="phone-incoming" />
          <div class="who">
            <h2 id="alerting">{title}</h2>
            <p class="line">
              <span>{t("calls you")}</span>
              {other.name === "" ? null : <span class="mono">{other.number}</span>}
            </p>
          </div>
          <AnswerOrDecline />
        </div>
        <p class="visually-hidden" role="alert">
          {t("Incoming call from {name}", { name: title })}
        </p>
      </section>
    );
  }
  return (
    <section class="dock" id="call" aria-label={t("Calling")} data-call-state="connected" data-conversation={conversation.id}>
      <div class="callbar">
        <div class="clock">
          <span class="time" aria-hidden="true" data-since={String(participant.startedAt)} />
          <small>{t("Calling")}</small>
        </div>
        <Party other={other} more="" />
        <EndCall conversationId={conversation.id} participantId={participant.id} csrf={props.csrf} />
        <p class="visually-hidden" role="status">
          {t("Calling {name}", { name: title })}
        </p>
      </div>
    </section>
  );
}

function Party(props: { readonly other: OtherParty; readonly more: string }) {
  const { name, number } = props.other;
  return (
    <div class="party">
      <strong>{partyTitle(props.other)}</strong>
      <small>
        {name === "" || number === "" ? null : <span class="mono">{number}</span>}
        {name === "" || number === "" || props.more === "" ? "" : " · "}
        {props.more}
      </small>
    </div>
  );
}

function EndCall(props: { readonly conversationId: string; readonly participantId: string; readonly csrf: string }) {
  return (
    <div class="end">
      <form method="post" action={`/calls/${props.conversationId}/${props.participantId}/disconnect`} data-quiet>
        <input type="hidden" name="csrf" value={props.csrf} />
        <button class="button" data-kind="danger" type="submit" aria-keyshortcuts="E" data-key="e">
          <Icon name="phone-off" />
          {t("End")} <kbd>E</kbd>
        </button>
      </form>
    </div>
  );
}

function MuteControl(props: { readonly disabled?: boolean }) {
  return (
    <button
      class="control"
      type="button"
      aria-pressed="false"
      aria-keyshortcuts="M"
      data-call="mute"
      data-key="m"
      disabled={props.disabled === true}
    >
      <Icon name="mic" />
      <span>
        {t("Mute")}
        <kbd>M</kbd>
      </span>
    </button>
  );
}

function CallDock(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, participant, other, consult, conference, queue, isRecorded, pause } = props.current;
  const held = participant.heldSince !== null;
  const isAway = consult !== null && !consult.waits;
  const title = conference.length === 0 ? partyTitle(other) : conference.map(partyTitle).join(", ");
  return (
    <section class="dock" id="call" aria-label={t("Call in progress")} data-call-state="connected" data-conversation={conversation.id}>
      <TroubleOfCall trouble={props.current.trouble} />
      <Listeners listeners={pause?.isSecure === true ? [] : props.current.listeners} />
      {pause === null ? null : <Paused pause={pause} />}
      <div class="callbar">
        <div class="clock">
          <span class="time" aria-hidden="true" data-since={String(participant.connectedAt)} />
          <small>
            {held || (isAway && conference.length === 0) ? t("On hold") : conference.length > 0 ? t("Conference") : t("Connected")}
          </small>
        </div>
        {conference.length === 0 ? (
          <Party other={other} more={queue?.name ?? ""} />
        ) : (
          <Together conversationId={conversation.id} people={conference} csrf={props.csrf} />
        )}
        <div class="controls" role="toolbar" aria-label={t("Call controls")}>
          {isAway ? null : <HoldControl current={props.current} csrf={props.csrf} />}
          <MuteControl />
          <PauseControls current={props.current} csrf={props.csrf} />
          <button class="control" type="button" aria-haspopup="dialog" aria-keyshortcuts="K" popovertarget="keypad" data-key="k">
            <Icon name="grid-3x3" />
            <span>
              {t("Keypad")}
              <kbd>K</kbd>
            </span>
          </button>
          {consult?.isUp === true ? <ConsultControls current={props.current} consult={consult} csrf={props.csrf} /> : null}
          {consult === null && props.current.mayBringIn ? (
            <button class="control" type="button" aria-haspopup="dialog" aria-keyshortcuts="T" popovertarget="transfer" data-key="t">
              <Icon name="phone-forwarded" />
              <span>
                {t("Transfer")}
                <kbd>T</kbd>
              </span>
            </button>
          ) : null}
        </div>
        {consult === null ? null : <Consulting current={props.current} consult={consult} csrf={props.csrf} />}
        <EndCall conversationId={conversation.id} participantId={participant.id} csrf={props.csrf} />
        <p class="visually-hidden" role="status">
          {statusOf(title, { held, isRecorded, pause })}
        </p>
      </div>
      <div class="keypad floating" id="keypad" popover="auto" role="dialog" aria-label={t("Keypad")}>
        {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((digit) => (
          <button class="button" type="button" data-call="digit" data-digit={digit}>
            {digit}
          </button>
        ))}
      </div>
      {consult === null && props.current.mayBringIn ? <TransferDialog current={props.current} csrf={props.csrf} /> : null}
    </section>
  );
}

/** Who else is in the conference, by name; who was brought in by this one can be let go by them. */
function Together(props: { readonly conversationId: string; readonly people: readonly InConference[]; readonly csrf: string }) {
  return (
    <ul class="together" aria-label={t("In the conference with you")} role="list">
      {props.people.map((one) => (
        <li>
          <strong>{partyTitle(one)}</strong>
          {one.mayRemove ? (
            <form method="post" action={`/calls/${props.conversationId}/${one.participantId}/remove`} data-quiet>
              <input type="hidden" name="csrf" value={props.csrf} />
              <button class="button" data-size="small" type="submit" aria-label={t("Remove {name}", { name: partyTitle(one) })}>
                {t("Remove")}
              </button>
            </form>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** Nobody is listened to without a line that says so, unless the organisation wants it otherwise. */
function Listeners(props: { readonly listeners: readonly Listener[] }) {
  if (props.listeners.length === 0) return null;
  return (
    <div class="listens" role="status">
      {props.listeners.map(({ name, mode }) => (
        <p>
          <Icon name={mode === "monitoring" ? "headphones" : "megaphone"} />
          {listenerSays(name, mode)}
        </p>
      ))}
    </div>
  );
}

function listenerSays(name: string, mode: SupervisionMode): string {
  switch (mode) {
    case "monitoring":
      return t("{name} listens.", { name });
    case "coaching":
      return t("{name} coaches you: nobody else hears it.", { name });
    case "barging":
      return t("{name} talks along: everybody hears it.", { name });
  }
}

function statusOf(
  name: string,
  { held, isRecorded, pause }: { readonly held: boolean; readonly isRecorded: boolean; readonly pause: PauseInView | null },
): string {
  if (pause !== null) return t("Connected to {name}. The recording pauses.", { name });
  if (held) return t("{name} is on hold", { name });
  return isRecorded
    ? t("Connected to {name}. The call is recorded.", { name })
    : t("Connected to {name}. The call is not recorded.", { name });
}

/** Nobody forgets a pause: it says what it hides, and when it ends by itself. */
function Paused(props: { readonly pause: PauseInView }) {
  const { isSecure, untilAt } = props.pause;
  return (
    <div class="listens paused" role="status">
      <p>
        <Icon name={isSecure ? "shield-check" : "pause"} />
        {isSecure ? t("Secure pause: nothing is recorded, and nobody listens.") : t("The recording pauses.")} {t("It goes on by itself in")}{" "}
        <span class="mono" data-until={String(untilAt)} />
      </p>
    </div>
  );
}

/** A control of the call that is a form of its own: by button, and by the key `press`. `isOn`: of one that stays pressed. */
function FormControl(props: {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly press: string;
  readonly icon: string;
  readonly label: string;
  readonly isOn?: boolean;
  readonly disabled?: boolean;
}) {
  const { action, fields, press, icon, label, isOn, disabled = false } = props;
  return (
    <form method="post" action={action} data-quiet>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button
        class="control"
        type="submit"
        aria-pressed={isOn === undefined ? undefined : isOn ? "true" : "false"}
        aria-keyshortcuts={press.toUpperCase()}
        data-key={press}
        disabled={disabled}
      >
        <Icon name={icon} />
        <span>
          {label}
          <kbd>{press.toUpperCase()}</kbd>
        </span>
      </button>
    </form>
  );
}

function PauseControls(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, pause, mayPause, mayPauseSecurely } = props.current;
  const control = (isSecure: boolean, press: string, icon: string, label: string) => {
    const isOn = pause?.isSecure === isSecure;
    return (
      <FormControl
        action={`/calls/${conversation.id}/${isOn ? "unpause" : "pause"}-recording`}
        fields={{ csrf: props.csrf, secure: String(isSecure) }}
        {...{ press, icon, label, isOn }}
        disabled={!isSecure && pause?.isSecure === true}
      />
    );
  };
  return (
    <>
      {mayPauseSecurely ? control(true, "p", "shield-check", t("Secure pause")) : null}
      {mayPause ? control(false, "r", "circle", t("Pause recording")) : null}
    </>
  );
}

function HoldControl(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, participant } = props.current;
  const held = participant.heldSince !== null;
  return (
    <FormControl
      action={`/calls/${conversation.id}/${participant.id}/${held ? "resume" : "hold"}`}
      fields={{ csrf: props.csrf }}
      press="h"
      icon={held ? "play" : "pause"}
      label={held ? t("Resume") : t("Hold")}
      isOn={held}
    />
  );
}

/** To whom: a number and a queue in one form; at once, or a word first. */
function TransferDialog(props: { readonly current: Current; readonly csrf: string }) {
  const { conversation, participant, queues, conference } = props.current;
  return (
    <form
      class="transfer floating"
      id="transfer"
      popover="auto"
      role="dialog"
      aria-label={t("Transfer")}
      method="post"
      action={`/calls/${conversation.id}/${participant.id}/transfer`}
      data-quiet
    >
      <input type="hidden" name="csrf" value={props.csrf} />
      <div class="field">
        <label for="transfer-to">{t("Number or extension")}</label>
        <input class="input" id="transfer-to" name="to" type="text" inputmode="tel" autocomplete="off" autofocus />
      </div>
      {conference.length > 0 ? null : (
        <div class="field">
          <label for="transfer-queue">{t("or a queue")}</label>
          <select class="input" id="transfer-queue" name="queue">
            <option value="">{t("none")}</option>
            {queues.map(({ id, name }) => (
              <option value={id}>{name}</option>
            ))}
          </select>
        </div>
      )}
      <div class="actions">
        <button class="button" type="submit" name="how" value="consult">
          {t("Ask first")}
        </button>
        {conference.length > 0 ? null : (
          <button class="button" data-kind="primary" type="submit" name="how" value="transfer">
            {t("Transfer now")}
          </button>
        )}
      </div>
    </form>
  );
}

function Consulting(props: { readonly current: Current; readonly consult: NonNullable<Current["consult"]>; readonly csrf: string }) {
  const { consult } = props;
  const { conversation, participant } = props.current;
  const act = (kind: string, label: string, primary: boolean) => (
    <form method="post" action={`/calls/${conversation.id}/${participant.id}/${kind}`} data-quiet>
      <input type="hidden" name="csrf" value={props.csrf} />
      <button class="button" data-kind={primary ? "primary" : undefined} type="submit">
        {label}
      </button>
    </form>
  );
  return (
    <div class="consult" role="group" aria-label={t("Transfer")}>
      <span>
        <small>{consult.waits ? t("Waits") : consult.isUp ? t("You ask") : t("Calling")}</small> <strong>{partyTitle(consult)}</strong>
      </span>
      {act("complete-transfer", t("Pass on"), true)}
      {act("cancel-transfer", t("Back"), false)}
    </div>
  );
}

/** All together, or with the other of the two. */
function ConsultControls(props: { readonly current: Current; readonly consult: NonNullable<Current["consult"]>; readonly csrf: string }) {
  const { conversation, participant } = props.current;
  const { waits } = props.consult;
  const control = (speakTo: "BOTH" | "OBJECT" | "DESTINATION", press: string, icon: string, label: string) => (
    <FormControl
      action={`/calls/${conversation.id}/${participant.id}/speak-to`}
      fields={{ csrf: props.csrf, speakTo }}
      {...{ press, icon, label }}
    />
  );
  return (
    <>
      {control(waits ? "DESTINATION" : "OBJECT", "s", "repeat", t("Swap"))}
      {control("BOTH", "c", "users", t("Conference"))}
    </>
  );
}

const modes = [
  { mode: "monitoring", key: "l", icon: "headphones" },
  { mode: "coaching", key: "c", icon: "megaphone" },
  { mode: "barging", key: "b", icon: "users" },
] as const satisfies readonly { readonly mode: SupervisionMode; readonly [word: string]: string }[];

function modeWord(mode: SupervisionMode): string {
  return { monitoring: t("Listen"), coaching: t("Coach"), barging: t("Barge in") }[mode];
}

function whoHears(mode: SupervisionMode, name: string): string {
  switch (mode) {
    case "monitoring":
      return t("nobody hears you");
    case "coaching":
      return t("only {name} hears you", { name });
    case "barging":
      return t("everybody hears you");
  }
}

/** Whoever listens: beside whom, who hears them, and the way out, which ends their own part alone. */
function SuperviseDock(props: { readonly supervising: NonNullable<AgentView["supervising"]>; readonly csrf: string }) {
  const { conversation, participant, beside, others, mode, isSecret } = props.supervising;
  const isUp = participant.connectedAt !== null;
  const name = partyTitle(beside);
  return (
    <section class="dock" id="call" aria-label={t("Listening to a call")} data-call-state="connected" data-conversation={conversation.id}>
      {isSecret ? (
        <div class="listens paused" role="status">
          <p>
            <Icon name="shield-check" />
            {t("Secure pause: you hear nothing and nobody hears you until it ends.")}
          </p>
        </div>
      ) : null}
      <div class="callbar">
        <div class="clock">
          <span class="time" aria-hidden="true" data-since={String(participant.connectedAt ?? participant.startedAt)} />
          <small>{isSecret ? t("Secure pause") : isUp ? whoHears(mode, name) : t("Your phone is called")}</small>
        </div>
        <div class="party">
          <strong>{name}</strong>
          <small>{others.length === 0 ? "" : t("with {names}", { names: others.map(partyTitle).join(", ") })}</small>
        </div>
        <div class="controls" role="toolbar" aria-label={t("Who hears you")}>
          <form class="modes" method="post" action={`/calls/${conversation.id}/supervise`} data-quiet>
            <input type="hidden" name="csrf" value={props.csrf} />
            <input type="hidden" name="participant" value={participant.supervises!} />
            {modes.map(({ mode: each, key, icon }) => (
              <button
                class="control"
                type="submit"
                name="mode"
                value={each}
                aria-pressed={each === mode ? "true" : "false"}
                aria-keyshortcuts={key.toUpperCase()}
                data-key={key}
              >
                <Icon name={icon} />
                <span>
                  {modeWord(each)}
                  <kbd>{key.toUpperCase()}</kbd>
                </span>
              </button>
            ))}
          </form>
          <MuteControl disabled={mode === "monitoring"} />
        </div>
        <div class="end">
          <form method="post" action={`/calls/${conversation.id}/${participant.id}/disconnect`} data-quiet>
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="button" type="submit" aria-keyshortcuts="E" data-key="e">
              <Icon name="log-out" />
              {t("Leave")} <kbd>E</kbd>
            </button>
          </form>
        </div>
        <p class="visually-hidden" role="status">
          {isSecret
            ? t("Secure pause: you hear nothing and nobody hears you until it ends.")
            : isUp
              ? t("You listen to {name}: {what}", { name, what: whoHears(mode, name) })
              : t("Your phone is called")}
        </p>
      </div>
    </section>
  );
}

/** Before one listens: beside whom, why, and who shall hear it. A fragment of its own: it goes with the call. */
export function ListenForm(props: {
  readonly conversationId: string;
  /** Our own people who talk in it. */
  readonly people: readonly { readonly participantId: string; readonly name: string }[];
  readonly reasonMax: number;
  readonly csrf: string;
}) {
  const { people } = props;
  if (people.length === 0) return <section id="listen" hidden />;
  return (
    <section class="section listen" id="listen" aria-labelledby="listen-title">
      <header>
        <h2 id="listen-title">{t("Listen to this call")}</h2>
        <a class="caption end" href="/help/listen">
          {t("What people see of it")}
        </a>
      </header>
      <form method="post" action={`/calls/${props.conversationId}/supervise`} data-quiet>
        <input type="hidden" name="csrf" value={props.csrf} />
        {people.length === 1 ? (
          <input type="hidden" name="participant" value={people[0]!.participantId} />
        ) : (
          <div class="field">
            <label for="listen-beside">{t("Beside")}</label>
            <select class="input" id="listen-beside" name="participant">
              {people.map(({ participantId, name }) => (
                <option value={participantId}>{name}</option>
              ))}
            </select>
          </div>
        )}
        <div class="field">
          <label for="listen-reason">{t("Why (kept in the log)")}</label>
          <input class="input" id="listen-reason" name="reason" type="text" maxlength={props.reasonMax} autocomplete="off" />
        </div>
        <div class="actions">
          {modes.map(({ mode, icon }) => (
            <button class="button" data-kind={mode === "monitoring" ? "primary" : undefined} type="submit" name="mode" value={mode}>
              <Icon name={icon} />
              {modeWord(mode)}
            </button>
          ))}
        </div>
      </form>
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
