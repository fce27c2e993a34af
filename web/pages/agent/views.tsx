// One agent, as whoever runs the queues sees them: what they do now, where they are asked, and their status to be set for them.

import type { Actor } from "../../../core/authorization/actor.ts";
import type { Conversation } from "../../../core/conversation/conversation.ts";
import type { User } from "../../../core/directory/user.ts";
import { type RoutableAgent, systemPresences } from "../../../core/routing/agent.ts";
import type { Queue } from "../../../core/routing/queue.ts";
import { Crumbs } from "../../ui/crumbs.tsx";
import { callerTitle } from "../../ui/dock.tsx";
import { Saved } from "../../ui/form.tsx";
import { Status, statusWord } from "../../ui/status.tsx";
import { t } from "../../ui/text.ts";
import { dateTime, Since } from "../../ui/time.tsx";

/** Offline comes by itself. */
const settable = systemPresences.filter((presence) => presence !== "OFFLINE");

export function Agent(props: {
  readonly actor: Actor;
  readonly user: User;
  readonly agent: RoutableAgent;
  readonly queues: readonly Queue[];
  readonly recent: readonly Conversation[];
  readonly mayOpen: boolean;
  readonly maySet: boolean;
  readonly saved: boolean;
  readonly csrf: string;
}) {
  const { user, agent, recent } = props;
  const mine = agent.queues.flatMap(({ queueId, joined }) => {
    const queue = props.queues.find(({ id }) => id === queueId);
    return queue === undefined ? [] : [{ queue, joined }];
  });
  const isWorking = agent.presence === "ON_QUEUE" || agent.routingStatus === "INTERACTING" || agent.routingStatus === "COMMUNICATING";
  return (
    <div class="page">
      <Crumbs
        actor={props.actor}
        under={[{ href: "/performance/queues", label: "Queues and agents", permission: "analytics:queueObservation:view" }]}
      />
      <div class="page-head">
        <h1>{user.name}</h1>
        <Status is={isWorking ? agent.routingStatus : agent.presence} />
        <span class="caption">
          <Since at={isWorking ? agent.routingStatusAt : agent.presenceAt} />
        </span>
      </div>
      {props.saved ? <Saved said={t("Set. It is an event with your name.")} /> : null}
      {props.maySet ? (
        <form class="toolbar" method="post" action={`/performance/agents/${user.id}/presence`} aria-label={t("Status")}>
          <input type="hidden" name="csrf" value={props.csrf} />
          <label for="presence">{t("Status")}</label>
          <select class="input narrow" id="presence" name="presence">
            {settable.map((presence) => (
              <option value={presence} selected={presence === agent.presence}>
                {statusWord(presence)}
              </option>
            ))}
          </select>
          <button class="button" type="submit">
            {t("Set")}
          </button>
          <span class="quiet">{t("A call in hand stays in hand.")}</span>
        </form>
      ) : null}
      <section class="section" aria-labelledby="agent-queues">
        <h2 id="agent-queues">{t("Queues")}</h2>
        {mine.length === 0 ? (
          <p class="quiet">{t("Member of none.")}</p>
        ) : (
          <ul role="list">
            {mine.map(({ queue, joined }) => (
              <li>
                {queue.name} <span class="quiet">{joined ? t("active") : t("not active")}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section class="section" aria-labelledby="agent-recent">
        <h2 id="agent-recent">{t("Newest conversations")}</h2>
        {recent.length === 0 ? (
          <p class="quiet">{t("None yet.")}</p>
        ) : (
          <table class="table">
            <caption class="visually-hidden">{t("Newest conversations")}</caption>
            <tbody>
              {recent.map((conversation) => (
                <tr>
                  <td>{dateTime(conversation.startedAt)}</td>
                  <th scope="row">
                    {props.mayOpen ? (
                      <a href={`/conversations/${conversation.id}`}>{callerTitle(conversation)}</a>
                    ) : (
                      callerTitle(conversation)
                    )}
                  </th>
                  <td class="mono">{conversation.callerNumber}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}
