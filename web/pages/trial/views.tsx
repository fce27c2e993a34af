// What to do next, in order. A step that is done says so; the one to do now stands out.
import type { Child } from "hono/jsx";
import type { Conversation } from "../../../core/conversation/conversation.ts";
import type { Queue } from "../../../core/routing/queue.ts";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";

type TrialProps = {
  /** What guests dial; null: they may not. */
  readonly number: string | null;
  readonly isOnQueue: boolean;
  /** A guest's call is up. */
  readonly isUp: boolean;
  /** The newest that has ended. */
  readonly call: Conversation | null;
  readonly queue: Queue | null;
  readonly csrf: string;
};

export function Trial(props: TrialProps) {
  const { number, call, queue } = props;
  if (number === null)
    return (
      <div class="page first-call" id="trial" data-live="trial">
        <div class="empty">
          <Icon name="phone" />
          <h1>{t("No example to call")}</h1>
          <p>
            {t(
              "This centre was set up without demo data, so nobody may call it from a browser. Make a queue and a number, then call it with a phone.",
            )}
          </p>
          <div class="actions">
            <a class="button" href="/admin/queues">
              {t("To the queues")}
            </a>
          </div>
        </div>
      </div>
    );
  const at = !props.isOnQueue ? "agent" : props.isUp ? "board" : call === null ? "call" : "listen";
  return (
    <div class="page first-call" id="trial" data-live="trial">
      <div class="page-head">
        <h1>{t("Your first call")}</h1>
        <span class="caption">{t("about three minutes")}</span>
        <p>{t("A small centre is running: one number, one menu, two queues, and you. Nothing here reaches the outside world.")}</p>
      </div>
      <ol class="todo" role="list">
        <Todo
          title={t("Let the browser use your microphone")}
          text={t("You are the agent and the caller. Both need it; a headset keeps them from hearing each other.")}
          class="microphone"
          isDone={false}
          isNow={false}
        >
          <button class="button" data-size="small" type="button" data-microphone-ask>
            {t("Allow the microphone")}
          </button>
          <span class="caption" data-microphone-word="granted">
            {t("Allowed")}
          </span>
          <span class="caption" data-microphone-word="denied">
            {t("Refused: allow it beside the address, then reload")}
          </span>
        </Todo>
        <Todo
          title={t("Become the agent")}
          text={
            props.isOnQueue
              ? t("You are on queue. Calls for the queue “{queue}” ring here, on whatever page you are.", { queue: queue?.name ?? "" })
              : t("Go on queue. Calls for the queue “{queue}” then ring here, on whatever page you are.", { queue: queue?.name ?? "" })
          }
          isDone={props.isOnQueue}
          isNow={at === "agent"}
        >
          {props.isOnQueue ? (
            <a class="button" data-kind="ghost" data-size="small" href="/">
              {t("Open Work")}
            </a>
          ) : (
            <form method="post" action="/me/presence" data-quiet>
              <input type="hidden" name="csrf" value={props.csrf} />
              <input type="hidden" name="presence" value="ON_QUEUE" />
              <button class="button" data-kind="primary" type="submit">
                {t("Go on queue")}
              </button>
            </form>
          )}
        </Todo>
        <Todo
          title={t("Call this centre from this browser")}
          number={number}
          text={t(
            "A second page opens: there you are the customer. When the menu speaks press 2, and wait. Come back here and answer with Enter.",
          )}
          isDone={call !== null && !props.isUp}
          isNow={at === "call"}
        >
          <form method="post" action="/trial/call" target="_blank" hx-boost="false" data-plain rel="noopener">
            <input type="hidden" name="csrf" value={props.csrf} />
            <button
              class="button"
              {...(at === "call" ? { "data-kind": "primary", "data-size": "large" } : { "data-size": "small" })}
              type="submit"
            >
              <Icon name="phone" />
              {call === null ? t("Call {number}", { number }) : t("Call again")}
            </button>
          </form>
        </Todo>
        <Todo
          title={t("Watch the board")}
          text={t("One waiting, the clock running; then one talking. It is best seen while a call is up.")}
          isDone={false}
          isNow={at === "board"}
        >
          <a class="button" data-size="small" href="/performance/queues">
            {t("Open the board")}
          </a>
        </Todo>
        <Todo
          title={t("Listen to what happened")}
          text={t("The call, its path, why it rang at you, the recording, and every message on the wire.")}
          isDone={false}
          isNow={at === "listen"}
        >
          {call === null ? (
            <span class="caption">{t("After the call")}</span>
          ) : (
            <a class="button" data-size="small" href={`/conversations/${call.id}`}>
              {t("Open the conversation")}
            </a>
          )}
        </Todo>
      </ol>
      <p class="caption gap-above">
        {t("When you are done:")} <a href="/admin/queues">{t("make your own queues")}</a>,{" "}
        <a href="/help/trial">{t("or read how to connect a real number")}</a>.
      </p>
    </div>
  );
}

function Todo(props: {
  readonly title: string;
  readonly text: string;
  readonly number?: string;
  readonly class?: string;
  readonly isDone: boolean;
  readonly isNow: boolean;
  readonly children: Child;
}) {
  const classes = [props.class ?? "", props.isDone ? "done" : ""].join(" ").trim();
  return (
    <li class={classes === "" ? undefined : classes} aria-current={props.isNow ? "step" : undefined}>
      <div>
        <h2>
          {props.title}
          {props.isDone ? <span class="visually-hidden"> {t("done")}</span> : null}
        </h2>
        {props.number === undefined ? null : <p class="dial">{props.number}</p>}
        <p>{props.text}</p>
      </div>
      <div class="actions">{props.children}</div>
    </li>
  );
}
