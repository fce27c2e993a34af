// The SIP ladder of a conversation: every message in order, redacted.
import type { LadderEntry } from "../../../core/call/call-control.ts";
import { Icon } from "../../ui/icon.tsx";
import { count, t } from "../../ui/text.ts";

/** A fragment of its own: as long as the call is up it grows. */
export function Ladder(props: { readonly entries: readonly LadderEntry[] }) {
  const [first] = props.entries;
  if (first === undefined) return <section id="ladder" hidden />;
  return (
    <section class="section" id="ladder" aria-labelledby="sip">
      <details class="fold" id="ladder-messages">
        <summary>
          <Icon name="chevron-right" />
          <h2 id="sip">{t("SIP ladder")}</h2>
          <span class="caption end">{count(props.entries.length, "{n} message", "{n} messages")}</span>
        </summary>
        <table class="table">
          <caption class="visually-hidden">{t("SIP messages in order")}</caption>
          <thead>
            <tr>
              <th scope="col" class="num">
                {t("After")}
              </th>
              <th scope="col">{t("Way")}</th>
              <th scope="col">{t("Peer")}</th>
              <th scope="col">{t("Message")}</th>
            </tr>
          </thead>
          <tbody>
            {props.entries.map((entry, i) => (
              <tr id={`sip-${i}`} data-at={String(entry.at)}>
                <td class="num mono">{`${((entry.at - first.at) / 1_000).toFixed(3)} s`}</td>
                <td>{entry.direction === "in" ? t("in") : t("out")}</td>
                <td class="mono">{entry.flow}</td>
                <td>
                  <details id={`sip-${i}-text`}>
                    <summary class="mono">{entry.summary}</summary>
                    <pre class="mono message">{entry.text}</pre>
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}
