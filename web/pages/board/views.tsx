// Queues with today's figures, agents by status, the newest conversations. Neutral is fine; colour only where something waits or breaks.

import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { Conversation } from "../../../core/conversation/conversation.ts";
import type { User } from "../../../core/directory/user.ts";
import type { RoutableAgent } from "../../../core/routing/agent.ts";
import { type RoutingStatus, routingStatuses } from "../../../core/routing/agent.ts";
import type { Board as Figures, InConversation, QueueFigures } from "../../../core/routing/queries.ts";
import type { WebPorts } from "../../ports.ts";
import { AsOf } from "../../ui/as-of.tsx";
import { callerTitle } from "../../ui/dock.tsx";
import { Glyph, Icon } from "../../ui/icon.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { Status, statusWord } from "../../ui/status.tsx";
import { t } from "../../ui/text.ts";
import { Clock, Duration, Since } from "../../ui/time.tsx";

type Props = {
  readonly board: Figures;
  readonly users: ReadonlyMap<string, User>;
  readonly recent: readonly Conversation[];
  readonly demo: WebPorts["demo"];
};

/** Nobody is in the others yet. */
const shownStatuses = routingStatuses.filter((status) => status !== "COMMUNICATING");

function glyphName(status: RoutingStatus): string {
  return status.toLowerCase().replace("_", "-");
}

/** The whole, and each of its parts that changes by itself, by its element's id: the stream sends those alone that did. */
export type BoardParts = { readonly whole: string; readonly parts: ReadonlyMap<string, string> };

export async function boardParts(props: Props): Promise<BoardParts> {
  const parts = new Map<string, string>();
  const part = (id: string, html: unknown): ReturnType<typeof raw> => {
    const text = String(html);
    parts.set(id, text);
    return raw(text);
  };
  return { whole: String(await (<Board {...props} part={part} />)), parts };
}

type Part = (id: string, html: unknown) => unknown;

export function Board(props: Props & { readonly part?: Part }) {
  const part = (props.part ?? ((_id, html) => html)) as (id: string, html: unknown) => Child;
  const { queues, asOf } = props.board;
  // Who answers no queue is nobody to watch here.
  const agents = props.board.agents.filter((agent) => agent.queues.length > 0);
  const sum = (pick: (figures: QueueFigures) => number): number => queues.reduce((total, figures) => total + pick(figures), 0);
  const longest = queues.map((figures) => figures.longestSinceAt).filter((at) => at !== null);
  const ended = queues.filter((figures) => figures.serviceLevel !== null);
  const weight = (figures: QueueFigures): number => figures.nAnswered + figures.nAbandoned;
  const weights = ended.reduce((total, figures) => total + weight(figures), 0);
  const all = weights === 0 ? null : ended.reduce((total, figures) => total + figures.serviceLevel! * weight(figures), 0) / weights;
  const onQueue = agents.filter((agent) => agent.presence === "ON_QUEUE").length;
  return (
    <div class="page wide board" id="board" data-live="board">
      {part(
        "board-head",
        <div class="page-head" id="board-head">
          <h1>{t("Queues and agents")}</h1>
          <AsOf at={asOf} />
        </div>,
      )}
      {props.demo === null ? null : part("demo-note", <DemoNote robotCalls={props.demo.robotCalls} />)}
      {part("board-troubles", <Troubles queues={queues} />)}
      {part(
        "board-figures",
        <dl class="figures band" id="board-figures">
          <div>
            <dt>{t("Service level, all queues")}</dt>
            <dd>{all === null ? <span class="zero">–</span> : <a href="/help/board#service-level">{percent(all)}</a>}</dd>
          </div>
          <Figure term={t("Waiting")} value={String(sum((figures) => figures.nWaiting))} />
          <div>
            <dt>{t("Longest wait")}</dt>
            <dd>{longest.length === 0 ? <span class="zero">–</span> : <Since at={Math.min(...longest)} />}</dd>
          </div>
          <Figure term={t("Offered today")} value={String(sum((figures) => figures.nOffered))} />
          <Figure term={t("Answered")} value={String(sum((figures) => figures.nAnswered))} />
          <Figure term={t("Abandoned")} value={String(sum((figures) => figures.nAbandoned))} />
          <Figure term={t("On queue, of {n}", { n: agents.length })} value={String(onQueue)} />
        </dl>,
      )}
      <section class="section" aria-labelledby="queues">
        <header>
          <h2 id="queues">{t("Queues")}</h2>
          <a class="caption end" href="/help/board#service-level">
            {t("Service level: answered in time ÷ (answered + abandoned), today, formula GC")}
          </a>
        </header>
        {queues.length === 0 ? <NoQueues /> : <QueueTable queues={queues} part={part} />}
      </section>
      <section class="section" aria-labelledby="agents">
        <header>
          <h2 id="agents">{t("Agents")}</h2>
          {agents.length === 0 ? null : (
            <>
              <AgentFilter queues={queues} />
              {part("board-legend", <Legend agents={agents} />)}
            </>
          )}
        </header>
        {agents.length > 0 ? null : <p class="quiet">{t("Nobody is a member of a queue yet. Members are added on each queue's page.")}</p>}
        <ul class="agents" role="list" hidden={agents.length === 0}>
          {agents.map((agent) =>
            part(
              `agent-${agent.userId}`,
              <AgentCard
                agent={agent}
                name={props.users.get(agent.userId)?.name ?? t("Somebody")}
                at={props.board.inConversation.get(agent.userId)}
                queues={queues}
              />,
            ),
          )}
        </ul>
        <p class="quiet" data-agents-none hidden>
          {t("Nobody fits these filters now.")}
        </p>
      </section>
      {part(
        "board-recent",
        <section class="section" aria-labelledby="recent" id="board-recent">
          <header>
            <h2 id="recent">{t("Newest conversations")}</h2>
            <a class="caption end" href="/conversations">
              {t("All conversations")}
            </a>
          </header>
          {props.recent.length === 0 ? <p class="quiet">{t("Nobody has called yet.")}</p> : <Recent recent={props.recent} />}
        </section>,
      )}
    </div>
  );
}

/** What the badge in the top bar says in a word, and how many of the calls are not people's. */
function DemoNote(props: { readonly robotCalls: number | null }) {
  const { robotCalls } = props;
  return (
    <div class="note" id="demo-note">
      <Icon name="flask-conical" />
      <p>
        {t("The demo centre is loaded: made-up people, real calls.")}{" "}
        {robotCalls === null ? t("No robot is at work in this server now.") : t("Calls of robots that are up: {n}.", { n: robotCalls })}
      </p>
      <a class="caption" href="/help/demo">
        {t("About the demo")}
      </a>
    </div>
  );
}

/** How many are in each status: what the glyphs mean, and the sum of the grid below. */
function Legend(props: { readonly agents: readonly RoutableAgent[] }) {
  return (
    <p class="legend-line end" id="board-legend">
      {shownStatuses.map((status) => {
        const n = props.agents.filter(({ routingStatus }) => routingStatus === status).length;
        return (
          <span class="status" data-is={n === 0 ? undefined : glyphName(status)}>
            <Glyph name={glyphName(status)} />
            {n} {statusWord(status)}
          </span>
        );
      })}
    </p>
  );
}

/** Somebody waits and nobody is there who could answer. */
function isDeserted({ nWaiting, agents }: QueueFigures): boolean {
  return nWaiting > 0 && agents.IDLE + agents.INTERACTING + agents.COMMUNICATING === 0;
}

/** Queues below their target in which somebody waits, or in which nobody answers: what needs a decision now. */
function Troubles(props: { readonly queues: readonly QueueFigures[] }) {
  const below = props.queues.filter(
    ({ queue, serviceLevel, nWaiting }) => serviceLevel !== null && serviceLevel < queue.serviceLevelPercentage && nWaiting > 0,
  );
  return (
    <div id="board-troubles">
      {below.map(({ queue, serviceLevel, nWaiting, longestSinceAt }) => (
        <div class="note" data-tone="bad" role="status">
          <Icon name="triangle-alert" />
          <p>
            <b>
              {t("{queue} is at {level}, target {target}.", {
                queue: queue.name,
                level: percent(serviceLevel!),
                target: percent(queue.serviceLevelPercentage),
              })}
            </b>{" "}
            {t("{n} waiting, the longest for", { n: nWaiting })} <Since at={longestSinceAt!} />.
          </p>
        </div>
      ))}
      {props.queues
        .filter((figures) => isDeserted(figures) && !below.includes(figures))
        .map(({ queue, nWaiting, longestSinceAt }) => (
          <div class="note" data-tone="wait" role="status">
            <Icon name="triangle-alert" />
            <p>
              <b>{t("Nobody is on queue in {queue}.", { queue: queue.name })}</b> {t("{n} waiting, the longest for", { n: nWaiting })}{" "}
              <Since at={longestSinceAt!} />.
            </p>
            <a class="button" data-size="small" href={`/admin/queues/${queue.id}/members`}>
              {t("Members")}
            </a>
          </div>
        ))}
    </div>
  );
}

/** Narrows the grid below it in this browser; the choice outlives what the live stream brings. */
function AgentFilter(props: { readonly queues: readonly QueueFigures[] }) {
  return (
    <div class="toolbar" role="group" aria-label={t("Filter agents")} data-agent-filter>
      <label class="visually-hidden" for="agents-queue">
        {t("Queue")}
      </label>
      <select class="input narrow" id="agents-queue" data-filter="queues">
        <option value="">{t("{field}: all", { field: t("Queue") })}</option>
        {props.queues.map(({ queue }) => (
          <option value={queue.id}>{queue.name}</option>
        ))}
      </select>
      <label class="visually-hidden" for="agents-status">
        {t("Status")}
      </label>
      <select class="input narrow" id="agents-status" data-filter="status">
        <option value="">{t("{field}: all", { field: t("Status") })}</option>
        {shownStatuses.map((status) => (
          <option value={status}>{statusWord(status)}</option>
        ))}
      </select>
    </div>
  );
}

function AgentCard(props: {
  readonly agent: RoutableAgent;
  readonly name: string;
  readonly at: InConversation | undefined;
  readonly queues: readonly QueueFigures[];
}) {
  const { agent, at } = props;
  const isWorking = agent.presence === "ON_QUEUE" || agent.routingStatus === "INTERACTING" || agent.routingStatus === "COMMUNICATING";
  const queue = props.queues.find((figures) => figures.queue.id === at?.queueId)?.queue.name;
  return (
    <li
      id={`agent-${agent.userId}`}
      data-tone={agent.routingStatus === "NOT_RESPONDING" ? "bad" : undefined}
      data-queues={agent.queues.map((entry) => entry.queueId).join(" ")}
      data-status={agent.routingStatus}
    >
      <div class="agent">
        <strong>
          <a href={`/performance/agents/${agent.userId}`}>{props.name}</a>
        </strong>
        <Since at={isWorking ? agent.routingStatusAt : agent.presenceAt} />
        <Status is={isWorking ? agent.routingStatus : agent.presence} />
        <small>
          {at === undefined ? null : (
            <a href={`/conversations/${at.conversationId}`}>{queue === undefined ? t("in a conversation") : t("in {queue}", { queue })}</a>
          )}
          {at?.isTalking !== true ? null : (
            <>
              {" · "}
              <a
                class="listen"
                href={`/conversations/${at.conversationId}#listen`}
                aria-label={t("Listen to {name}", { name: props.name })}
              >
                {t("Listen")}
              </a>
            </>
          )}
        </small>
      </div>
    </li>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function Figure(props: { readonly term: string; readonly value: string }) {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function NoQueues() {
  return (
    <div class="empty">
      <Icon name="list-ordered" />
      <p class="quiet">{t("A queue is where callers wait for the right person. There is none yet.")}</p>
      <a class="button" href="/admin/queues/new">
        {t("Make the first queue")}
      </a>
    </div>
  );
}

function QueueTable(props: { readonly queues: readonly QueueFigures[]; readonly part: (id: string, html: unknown) => Child }) {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={t("Queues table")}>
      <table class="table" data-flush>
        <caption class="visually-hidden">{t("Queues with today's figures")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Queue")}</th>
            <th scope="col" class="num">
              {t("Service level")}
            </th>
            <th scope="col" class="num">
              {t("Waiting")}
            </th>
            <th scope="col" class="num">
              {t("Longest")}
            </th>
            <th scope="col" class="num mid">
              <abbr title={t("Estimated wait time")}>EWT</abbr>
            </th>
            <th scope="col" class="num mid">
              {t("Offered")}
            </th>
            <th scope="col" class="num mid">
              {t("Answered")}
            </th>
            <th scope="col" class="num mid">
              {t("Abandoned")}
            </th>
            <th scope="col" class="num wide">
              <abbr title={t("Average speed of answer")}>ASA</abbr>
            </th>
            <th scope="col" class="num wide">
              <abbr title={t("Average handle time")}>AHT</abbr>
            </th>
            <th scope="col" class="num mid">
              {t("Agents by status")}
            </th>
          </tr>
        </thead>
        <tbody>{props.queues.map((figures) => props.part(`queue-${figures.queue.id}`, <QueueRow figures={figures} />))}</tbody>
      </table>
    </div>
  );
}

function QueueRow(props: { readonly figures: QueueFigures }) {
  const { queue, serviceLevel, trend, nWaiting, longestSinceAt, estimatedWaitMs, nOffered, nAnswered, nAbandoned, asaMs, ahtMs, agents } =
    props.figures;
  const missed = serviceLevel !== null && serviceLevel < queue.serviceLevelPercentage;
  const target = `${Math.round(queue.serviceLevelPercentage * 100)}% in ${Math.round(queue.serviceLevelMs / 1_000)} s`;
  return (
    <tr id={`queue-${queue.id}`} data-tone={missed ? "bad" : isDeserted(props.figures) ? "wait" : undefined}>
      <th scope="row" class="queue-name">
        <a href={`/admin/queues/${queue.id}`}>{queue.name}</a>
        <small>{target}</small>
      </th>
      <td class="num">
        <span class="sl">
          {missed ? (
            <span class="badge" data-tone="bad">
              <Icon name="triangle-alert" />
              {t("Below")}
            </span>
          ) : null}
          <Sparkline points={trend} target={queue.serviceLevelPercentage} tone={missed ? "bad" : undefined} />
          {serviceLevel === null ? <span class="zero">–</span> : <b>{percent(serviceLevel)}</b>}
        </span>
      </td>
      <td class={nWaiting === 0 ? "num zero" : "num hot"}>
        {nWaiting === 0 ? 0 : <a href={`/conversations?queue=${queue.id}&end=live`}>{nWaiting}</a>}
      </td>
      <td class={longestSinceAt === null ? "num zero" : "num hot"}>{longestSinceAt === null ? "–" : <Since at={longestSinceAt} />}</td>
      <td class="num mid">{estimatedWaitMs === null ? <span class="zero">–</span> : <Duration ms={estimatedWaitMs} />}</td>
      <td class="num mid">
        <a href={`/conversations?queue=${queue.id}&period=today`}>{nOffered}</a>
      </td>
      <td class="num mid">{nAnswered}</td>
      <td class={nAbandoned === 0 ? "num mid zero" : "num mid"}>
        {nAbandoned === 0 ? 0 : <a href={`/conversations?queue=${queue.id}&period=today&end=abandoned`}>{nAbandoned}</a>}
      </td>
      <td class="num wide">{asaMs === null ? <span class="zero">–</span> : <Duration ms={asaMs} />}</td>
      <td class="num wide">{ahtMs === null ? <span class="zero">–</span> : <Duration ms={ahtMs} />}</td>
      <td class="mid">
        <span class="mix">
          {shownStatuses.map((status) => (
            <span
              class={agents[status] === 0 ? "status zero" : "status"}
              data-is={agents[status] === 0 ? undefined : glyphName(status)}
              title={statusWord(status)}
            >
              <Glyph name={glyphName(status)} />
              <span class="visually-hidden">{statusWord(status)} </span>
              {agents[status]}
            </span>
          ))}
        </span>
      </td>
    </tr>
  );
}

function Recent(props: { readonly recent: readonly Conversation[] }) {
  return (
    <table class="table">
      <caption class="visually-hidden">{t("Newest conversations")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("Began")}</th>
          <th scope="col">{t("Caller")}</th>
          <th scope="col">{t("Called")}</th>
          <th scope="col" class="num">
            {t("Lasted")}
          </th>
          <th scope="col">{t("Ending")}</th>
        </tr>
      </thead>
      <tbody>
        {props.recent.map((conversation) => (
          <tr>
            <td>
              <Clock at={conversation.startedAt} />
            </td>
            <th scope="row">
              <a href={`/conversations/${conversation.id}`}>{callerTitle(conversation)}</a>
            </th>
            <td class="mono">{conversation.calledNumber}</td>
            <td class="num">
              {conversation.endedAt === null ? (
                <Since at={conversation.startedAt} />
              ) : (
                <Duration ms={conversation.endedAt - conversation.startedAt} />
              )}
            </td>
            <td>
              {conversation.endReason === null ? (
                <span class="badge" data-tone="live">
                  {t("Live")}
                </span>
              ) : (
                endWord(conversation.endReason)
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const endWords: Readonly<Record<NonNullable<Conversation["endReason"]>, string>> = {
  "customer-hung-up": "The caller hung up",
  "agent-hung-up": "The agent ended it",
  "flow-disconnected": "The flow ended it",
  "abandoned-in-flow": "The caller left the menu",
  "abandoned-in-queue": "The caller gave up waiting",
  "abandoned-while-alerting": "The caller gave up while it rang",
  "abandoned-while-dialling": "The caller gave up before an answer",
  "party-hung-up": "Who was called hung up",
  joined: "Joined with another call",
  busy: "Busy",
  declined: "Declined",
  "not-answered": "Nobody answered",
  unreachable: "Could not be reached",
  "no-such-number": "No such number",
  rejected: "Refused",
  "not-acknowledged": "The caller's side never confirmed",
  "media-failed": "Voice failed",
  preempted: "Ended for a call for help",
  "node-stopped": "The server was stopped",
  "node-died": "The server died",
  "node-fenced": "The server lost its place",
  error: "An error ended it",
};

export function endWord(reason: NonNullable<Conversation["endReason"]>): string {
  return t(endWords[reason]);
}
