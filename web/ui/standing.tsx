// The person's status in the top bar: routing status or presence with time in state, the On Queue switch, the softphone's pill.
import type { Actor } from "../../core/authorization/actor.ts";
import { systemPresences } from "../../core/routing/agent.ts";
import type { AgentView } from "../../core/routing/queries.ts";
import { Icon } from "./icon.tsx";
import { Status, statusWord } from "./status.tsx";
import { t } from "./text.ts";

/** Chosen by people; On Queue has its own switch and Offline comes by itself. */
const chosen = systemPresences.filter((presence) => presence !== "ON_QUEUE" && presence !== "OFFLINE");

export function Standing(props: { readonly view: AgentView | null; readonly actor: Actor; readonly csrf: string }) {
  const agent = props.view?.agent;
  if (agent === undefined || !props.actor.permissions.has("telephony:station:use")) return <div class="standing" id="standing" hidden />;
  const { presences } = props.view!;
  const own = presences.find(({ id }) => id === agent.presenceDefinitionId);
  const onQueue = agent.presence === "ON_QUEUE";
  const isBusy = agent.routingStatus === "INTERACTING" || agent.routingStatus === "COMMUNICATING";
  const shown = onQueue || isBusy ? agent.routingStatus : agent.presence;
  const sinceAt = onQueue || isBusy ? agent.routingStatusAt : agent.presenceAt;
  return (
    <div class="standing" role="group" aria-label={t("Your status")} id="standing">
      <button type="button" aria-haspopup="menu" popovertarget="presence-menu">
        <Status is={shown} word={shown === agent.presence ? own?.name : undefined} />
        <time class="faint" data-since={String(sinceAt)} />
        <svg class="icon chevron" aria-hidden="true">
          <use href="/assets/icons.svg#chevron-down" />
        </svg>
      </button>
      <form method="post" action="/me/presence" data-quiet>
        <input type="hidden" name="csrf" value={props.csrf} />
        <input type="hidden" name="presence" value={onQueue ? "AVAILABLE" : "ON_QUEUE"} />
        <button class="switch" type="submit" role="switch" aria-checked={onQueue ? "true" : "false"} aria-label={t("On Queue")}>
          <span class="word">{t("On Queue")}</span>
        </button>
      </form>
      <a class="softphone" href="/network-test" data-softphone-pill data-state="starting" title={t("Softphone is starting")}>
        <Icon name="headphones" />
        <span class="visually-hidden" data-softphone-word>
          {t("Softphone is starting")}
        </span>
      </a>
      <form
        method="post"
        action="/me/presence"
        class="menu floating"
        id="presence-menu"
        popover="auto"
        role="menu"
        aria-label={t("Presence")}
        data-quiet
      >
        <input type="hidden" name="csrf" value={props.csrf} />
        {chosen.map((presence) => (
          <button
            role="menuitemradio"
            aria-checked={agent.presence === presence && own === undefined ? "true" : "false"}
            type="submit"
            name="presence"
            value={presence}
          >
            <Status is={presence} word={statusWord(presence)} />
          </button>
        ))}
        {presences.map(({ id, name, systemPresence }) => (
          <button role="menuitemradio" aria-checked={own?.id === id ? "true" : "false"} type="submit" name="presence" value={id}>
            <Status is={systemPresence} word={name} />
          </button>
        ))}
      </form>
    </div>
  );
}
