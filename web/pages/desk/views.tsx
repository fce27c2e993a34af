// The agent's desk: conversations, the open one as a timeline, queues and wrap-up beside it.
import type { AgentView, QueueFigures } from "../../../core/routing/queries.ts";
import { AsOf } from "../../ui/as-of.tsx";
import { type Attribute, attributesInWords } from "../../ui/attributes.ts";
import { callerTitle, partyTitle } from "../../ui/dock.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Status } from "../../ui/status.tsx";
import { count, t } from "../../ui/text.ts";
import { Clock, Duration, Since } from "../../ui/time.tsx";

export function Desk(props: {
  readonly view: AgentView | null;
  readonly queues: readonly QueueFigures[];
  readonly asOf: number;
  readonly csrf: string;
}) {
  return (
    <div class="panes desk" id="desk" data-live="desk">
      <List view={props.view} />
      <Open view={props.view} hasQueues={props.queues.length > 0} csrf={props.csrf} />
      <Beside view={props.view} queues={props.queues} asOf={props.asOf} csrf={props.csrf} />
    </div>
  );
}

function List(props: { readonly view: AgentView | null }) {
  const current = props.view?.current ?? null;
  const alert = props.view?.alert ?? null;
  const ringing = props.view?.ringing ?? null;
  const supervising = props.view?.supervising ?? null;
  const n = [current, alert, ringing, supervising].filter((one) => one !== null).length;
  return (
    <section class="list" aria-labelledby="mine">
      <div class="pane-head">
        <h2 id="mine">{t("My conversations")}</h2>
        <span class="caption">
          {n === 0 ? t("none") : count(n, "{n} open", "{n} open")} · <a href="/calls">{t("Earlier")}</a>
        </span>
      </div>
      <DialField />
      {alert === null ? null : (
        <RingingCard
          id={alert.conversation.id}
          icon="phone-incoming"
          title={callerTitle(alert.conversation)}
          at={alert.enteredAt}
          where={alert.queue?.name ?? ""}
        />
      )}
      {ringing === null ? null : (
        <RingingCard
          id={ringing.conversation.id}
          icon={ringing.outgoing ? "phone-outgoing" : "phone-incoming"}
          title={partyTitle(ringing.other)}
          at={ringing.participant.startedAt}
          where={ringing.other.number}
        />
      )}
      {supervising === null ? null : (
        <a class="card" href={`/conversations/${supervising.conversation.id}`} data-live="">
          <Icon name="headphones" />
          <strong>{partyTitle(supervising.beside)}</strong>
          <Since at={supervising.participant.startedAt} />
          <span class="where">{supervising.others.map(partyTitle).join(", ")}</span>
          <span class="state">
            <Status is="COMMUNICATING" word={t("You listen")} />
          </span>
        </a>
      )}
      {current === null ? null : (
        <a
          class="card"
          href={`/conversations/${current.conversation.id}`}
          data-live={current.participant.endedAt === null ? "" : undefined}
          aria-current="true"
        >
          <Icon name="phone" />
          <strong>{partyTitle(current.other)}</strong>
          <Since at={current.participant.connectedAt!} />
          <span class="where">{current.queue?.name ?? current.other.number}</span>
          <span class="state">
            <Status is="INTERACTING" word={stateWord(current)} />
            {current.queue === null ? null : (
              <span class="faint">
                {t("waited")} <Duration ms={current.waitedMs} />
              </span>
            )}
          </span>
        </a>
      )}
      {n > 0 ? null : <p class="none">{t("What is yours appears here: calls that ring, the call that is up, what is left to wrap up.")}</p>}
    </section>
  );
}

function RingingCard(props: {
  readonly id: string;
  readonly icon: string;
  readonly title: string;
  readonly at: number;
  readonly where: string;
}) {
  return (
    <a class="card" href={`/conversations/${props.id}`} data-live="">
      <Icon name={props.icon} />
      <strong>{props.title}</strong>
      <Since at={props.at} />
      <span class="where">{props.where}</span>
      <span class="state">
        <span class="badge" data-tone="wait">
          <Icon name="clock" />
          {t("Rings")}
        </span>
      </span>
    </a>
  );
}

function stateWord(current: NonNullable<AgentView["current"]>): string {
  if (current.work !== null) return t("After-call work");
  if (current.participant.heldSince === null && current.conference.length > 0)
    return t("Conference of {n}", { n: current.conference.length + 1 });
  return current.participant.heldSince === null ? t("Connected") : t("On hold");
}

/** What one dials: the softphone places the call. */
function DialField() {
  return (
    <form class="dial" data-dial-form>
      <label class="visually-hidden" for="dial">
        {t("Number or extension")}
      </label>
      <input class="input" id="dial" name="number" type="text" inputmode="tel" autocomplete="off" placeholder={t("Number or extension")} />
      <button class="button" type="submit">
        <Icon name="phone-outgoing" />
        {t("Call")}
      </button>
    </form>
  );
}

function Open(props: { readonly view: AgentView | null; readonly hasQueues: boolean; readonly csrf: string }) {
  const { view } = props;
  const current = view?.current ?? null;
  if (current === null) {
    return (
      <section class="open" aria-labelledby="who">
        <div class="centre">
          <Idle view={view} hasQueues={props.hasQueues} csrf={props.csrf} />
        </div>
      </section>
    );
  }
  const { conversation, participant, other, queue, isRecorded } = current;
  const data = attributesInWords(conversation.data);
  return (
    <section class="open" aria-labelledby="who">
      <header class="who">
        <h1 id="who">{partyTitle(other)}</h1>
        {participant.endedAt === null ? (
          <span class="badge" data-tone="live">
            <Icon name="audio-lines" />
            {t("Live")}
          </span>
        ) : null}
        <span class="end">
          <a href={`/conversations/${conversation.id}`} class="button" data-kind="ghost" data-size="small">
            <Icon name="external-link" />
            {t("Details")}
          </a>
        </span>
        <p class="line">
          <span class="mono">{other.number}</span>
          <span>{queue?.name}</span>
          <a href={`/calls?text=${encodeURIComponent(other.number)}`}>{t("Your earlier calls with them")}</a>
        </p>
      </header>
      <div class="scroll" tabindex={0} role="region" aria-label={t("Timeline")}>
        <ol class="timeline" role="list">
          <li>
            <Clock at={conversation.startedAt} />
            <span class="point">
              <Icon name={conversation.direction === "outbound" ? "phone-outgoing" : "phone-incoming"} />
            </span>
            <div class="what">
              <p>
                <b>{conversation.direction === "outbound" ? t("Dialled") : t("Call arrived")}</b>{" "}
                <span class="quiet">
                  {t("on")} <span class="mono">{conversation.calledNumber}</span>
                </span>
              </p>
            </div>
          </li>
          <Told title={t("Told by the carrier")} at={conversation.startedAt} icon="phone" data={data.filter((one) => one.isCarriers)} />
          <Told title={t("Told the menu")} at={conversation.startedAt} icon="workflow" data={data.filter((one) => !one.isCarriers)} />
          {queue === null ? null : (
            <li>
              <Clock at={participant.startedAt} />
              <span class="point">
                <Icon name="users" />
              </span>
              <div class="what">
                <p>
                  <b>
                    {t("Waited")} <Duration ms={current.waitedMs} />
                  </b>
                </p>
              </div>
            </li>
          )}
          <li aria-current={participant.endedAt === null ? "step" : undefined}>
            <Clock at={participant.connectedAt!} />
            <span class="point">
              <Icon name="audio-lines" />
            </span>
            <div class="what">
              <p>
                <b>{participant.endedAt === null ? t("Talking") : t("You talked")}</b>{" "}
                {isRecorded ? <span class="quiet">{t("recorded")}</span> : null}
              </p>
            </div>
          </li>
        </ol>
      </div>
    </section>
  );
}

/** No conversation is open: what comes next, and the one thing to do about it. */
function Idle(props: { readonly view: AgentView | null; readonly hasQueues: boolean; readonly csrf: string }) {
  const { view, hasQueues } = props;
  const onQueue = view?.agent.presence === "ON_QUEUE";
  if (view?.alert != null || view?.ringing?.outgoing === false) {
    return (
      <div class="empty">
        <Icon name="phone-incoming" />
        <h1 id="who">{t("A call rings for you")}</h1>
        <p class="quiet">{t("Below is who it is. Enter answers it, D declines it.")}</p>
      </div>
    );
  }
  if (view?.supervising != null) {
    return (
      <div class="empty">
        <Icon name="headphones" />
        <h1 id="who">{t("You listen to a call")}</h1>
        <p class="quiet">{t("The bar below says who hears you, and is the way out.")}</p>
      </div>
    );
  }
  if (view?.agent.routingStatus === "NOT_RESPONDING") {
    return (
      <div class="empty">
        <Icon name="phone-missed" />
        <h1 id="who">{t("You did not answer")}</h1>
        <p class="quiet">{t("Nothing more is offered to you until you go on queue again.")}</p>
        <GoOnQueue label={t("Go on queue again")} csrf={props.csrf} />
      </div>
    );
  }
  if (onQueue) {
    return (
      <div class="empty">
        <Icon name="headphones" />
        <h1 id="who">{t("Ready for the next call")}</h1>
        <p class="quiet">{t("A call will rise at the bottom of this page. Enter answers it.")}</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <Icon name="inbox" />
      <h1 id="who">{t("You are off queue")}</h1>
      <p class="quiet">
        {hasQueues ? t("Nothing reaches you until you go on queue.") : t("Calls come from queues, and you are a member of none yet.")}
      </p>
      {view === null || !hasQueues ? null : <GoOnQueue label={t("Go on queue")} csrf={props.csrf} />}
    </div>
  );
}

/** The same as the switch in the top bar, where one looks first. */
function GoOnQueue(props: { readonly label: string; readonly csrf: string }) {
  return (
    <form class="actions" method="post" action="/me/presence" data-quiet>
      <input type="hidden" name="csrf" value={props.csrf} />
      <button class="button" data-kind="primary" type="submit" name="presence" value="ON_QUEUE">
        {props.label}
      </button>
    </form>
  );
}

/** The same for all who are active in the same queues: the live stream renders it once for them. */
export function YourQueues(props: { readonly queues: readonly QueueFigures[]; readonly asOf: number }) {
  return (
    <section class="section" aria-labelledby="your-queues" id="desk-queues">
      <header>
        <h2 id="your-queues">{t("Your queues")}</h2>
        <AsOf at={props.asOf} />
      </header>
      {props.queues.length === 0 ? (
        <p class="quiet">{t("None yet. Whoever runs the queues can add you to one.")}</p>
      ) : (
        <table class="table">
          <caption class="visually-hidden">{t("Waiting in your queues")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("Queue")}</th>
              <th scope="col" class="num">
                {t("Waiting")}
              </th>
              <th scope="col" class="num">
                {t("Longest")}
              </th>
            </tr>
          </thead>
          <tbody>
            {props.queues.map(({ queue, nWaiting, longestSinceAt }) => (
              <tr>
                <th scope="row">{queue.name}</th>
                <td class={nWaiting === 0 ? "num zero" : "num"}>{nWaiting}</td>
                <td class={longestSinceAt === null ? "num zero" : "num"}>
                  {longestSinceAt === null ? "–" : <Since at={longestSinceAt} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Beside(props: {
  readonly view: AgentView | null;
  readonly queues: readonly QueueFigures[];
  readonly asOf: number;
  readonly csrf: string;
}) {
  const current = props.view?.current ?? null;
  return (
    <aside class="aside" aria-label={t("Beside this")}>
      <div class="scroll" tabindex={0} role="region" aria-label={t("Your queues")}>
        <YourQueues queues={props.queues} asOf={props.asOf} />
      </div>
      {current === null || current.participant.endedAt !== null || current.codes.length === 0 ? null : (
        <form
          class="wrapup"
          method="post"
          action={`/calls/${current.conversation.id}/${current.participant.id}/wrapup`}
          aria-labelledby="wrap"
          data-quiet
          data-submit-on-change
        >
          <input type="hidden" name="csrf" value={props.csrf} />
          <fieldset>
            <legend class="visually-hidden">{t("Wrap-up code")}</legend>
            <h2 id="wrap">
              {t("Wrap-up")} <span class="caption">{t("may be chosen now")}</span>
            </h2>
            <div class="chips">
              {current.codes.map((code) => (
                <label>
                  <input type="radio" name="code" value={code.name} checked={current.participant.wrapupCode === code.name} />
                  <Icon name="check" />
                  {code.name}
                </label>
              ))}
            </div>
          </fieldset>
          <noscript>
            <button class="button" type="submit">
              {t("Set")}
            </button>
          </noscript>
        </form>
      )}
    </aside>
  );
}

function Told(props: {
  readonly title: string;
  readonly at: number;
  readonly icon: Parameters<typeof Icon>[0]["name"];
  readonly data: readonly Attribute[];
}) {
  if (props.data.length === 0) return null;
  return (
    <li>
      <Clock at={props.at} />
      <span class="point">
        <Icon name={props.icon} />
      </span>
      <div class="what">
        <p>
          <b>{props.title}</b>
        </p>
        <dl class="facts">
          {props.data.map(({ name, value }) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      </div>
    </li>
  );
}
