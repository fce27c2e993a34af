// Why this agent, or why nobody: the decision as it was stored, and what the log says of it.
import type { ConversationView } from "../../../core/conversation/queries.ts";
import { timeOfDay } from "../../../core/lib/calendar.ts";
import type { Explanation } from "../../../core/routing/explain.ts";
import { t } from "../../ui/text.ts";

const reasonWords: Readonly<Record<string, string>> = {
  NOT_MEMBER: "Not a member of the queue",
  NOT_JOINED: "Has not joined the queue",
  OFF_QUEUE: "Off queue",
  NOT_RESPONDING: "Not Responding",
  ALERTING: "Something rings already",
  CAPACITY: "At capacity",
  LANGUAGE: "Lacks the language",
  SKILL: "Lacks a skill",
  BEYOND_POOL: "Not among the 100 longest idle",
  OUTRANKED: "Could take it, another was better",
};

export function Why(props: { readonly explanation: Explanation; readonly view: ConversationView }) {
  const { stored, recomputed, agrees } = props.explanation;
  const name = (id: string): string => props.view.users.get(id)?.name ?? id;
  const others = recomputed?.excluded ?? stored.nearest;
  return (
    <section class="section" aria-labelledby="why">
      <header>
        <h2 id="why">{stored.userId === null ? t("Why nobody?") : t("Why this agent?")}</h2>
        <span class="caption">{t("decided {time}", { time: timeOfDay(stored.at) })}</span>
        <span class="caption end">
          {agrees === true
            ? t("recomputed from the log as of {seq}: the same", { seq: stored.asOfSeq })
            : agrees === false
              ? t("recomputed from the log: DIFFERENT")
              : t("cannot be recomputed: content was erased")}
        </span>
      </header>
      <p class="quiet gap-below">
        {t("Standard routing. Score {score}: minutes waited plus priority.", { score: stored.score.toFixed(2) })}
      </p>
      <table class="table">
        <caption class="visually-hidden">{t("Agents considered")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Agent")}</th>
            <th scope="col">{t("Reason")}</th>
          </tr>
        </thead>
        <tbody>
          {stored.userId === null ? null : (
            <tr class="chosen">
              <th scope="row">{name(stored.userId)}</th>
              <td>
                <b>{t("Chosen")}</b>
              </td>
            </tr>
          )}
          {others.map((other) => (
            <tr>
              <th scope="row">{name(other.userId)}</th>
              <td>{t(reasonWords[other.reason] ?? other.reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
