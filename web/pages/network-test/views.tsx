// The page of the network test, its result, and for administrators what people have sent.
import type { Actor } from "../../../core/authorization/actor.ts";
import { voiceTestMs } from "../../../core/lib/limits.ts";
import { findingsOf, type Grade, type NetworkTest } from "../../../core/telephony/network-test.ts";
import type { SentNetworkTest } from "../../../core/telephony/network-test-commands.ts";
import { Check, PathChecks } from "../../ui/check.tsx";
import { Saved } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { exactTime } from "../../ui/time.tsx";
import { factsOf, findingText, gradeWord, reportOf, verdictOf, waysOf } from "./words.ts";

export function NetworkTestPage(props: {
  readonly actor: Actor;
  /** Null: not for this person to read. */
  readonly sent: readonly SentNetworkTest[] | null;
  readonly names: ReadonlyMap<string, string>;
  readonly wasSent: boolean;
  readonly csrf: string;
}) {
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Network test")}</h1>
      </div>
      {props.wasSent ? <Saved said={t("Sent: administrators find it on this page.")} /> : null}
      <section class="network-test" id="network-test" aria-label={t("The test")} data-test-ms={String(voiceTestMs)}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <p class="gap-below">
          {t(
            "{n} seconds of voice between this browser and the server, both ways, as in a call. Nothing is recorded or kept. Speak meanwhile.",
            {
              n: voiceTestMs / 1_000,
            },
          )}
        </p>
        <ul class="checks" role="list" aria-live="polite">
          <Check
            name="microphone"
            title={t("Microphone: allow it if the browser asks")}
            good={t("It may be used.")}
            bad={t("It may not be used: the test sends a tone instead.")}
          />
          <PathChecks noAnswer={t("No answer came.")} />
          <Check
            name="sound"
            title={t("Voice: both ways")}
            good={t("It was measured: the result is below.")}
            bad={t("It could not be measured.")}
          />
        </ul>
        <Running />
        <div class="actions gap-above">
          <button class="button" data-kind="primary" type="button" data-network-start>
            {t("Start the test")}
          </button>
          <button class="button" type="button" data-network-cancel hidden>
            {t("Cancel")}
          </button>
        </div>
        <noscript>
          <p class="caption gap-above">{t("The test needs JavaScript, as the browser phone does.")}</p>
        </noscript>
      </section>
      <div id="network-result" />
      {props.sent === null ? null : <Sent sent={props.sent} names={props.names} />}
    </div>
  );
}

// Figures that change every second are for eyes: the checks above say to ears what matters.
function Running() {
  const figures = [
    ["received", t("Packets received")],
    ["lost", t("Lost on the way here")],
    ["jitter", t("Jitter")],
    ["trip", t("Round trip of voice")],
  ] as const;
  return (
    <div class="running gap-above" id="network-running" hidden>
      <progress value="0" max="1" aria-label={t("Progress of the test")} />
      <dl class="facts">
        {figures.map(([name, what]) => (
          <>
            <dt>{what}</dt>
            <dd class="number" data-network-figure={name}>
              –
            </dd>
          </>
        ))}
        <dt>{t("Microphone")}</dt>
        <dd>
          <meter id="network-level" min="0" max="1" value="0" aria-label={t("Level of the microphone")} />
        </dd>
      </dl>
    </div>
  );
}

const tones: Readonly<Record<Grade, "live" | "wait" | "bad" | undefined>> = {
  ...{ good: "live", fair: "wait", poor: "bad", nothing: "bad", unknown: undefined },
};
const icons: Readonly<Record<Grade, string>> = {
  ...{ good: "circle-check", fair: "triangle-alert", poor: "triangle-alert", nothing: "circle-alert", unknown: "circle-help" },
};

function GradeBadge(props: { readonly grade: Grade }) {
  return (
    <span class="badge" data-tone={tones[props.grade]} data-grade={props.grade}>
      <Icon name={icons[props.grade]} />
      {gradeWord(props.grade)}
    </span>
  );
}

/** What the script puts below the test. `sealed`: the same for sending it on. */
export function Result(props: { readonly test: NetworkTest; readonly sealed: string; readonly name: string; readonly csrf: string }) {
  const { test } = props;
  const findings = findingsOf(test);
  return (
    <section class="section network-result" id="network-result" aria-labelledby="network-verdict">
      <header>
        <h2 id="network-verdict" tabindex={-1}>
          {verdictOf(test)}
        </h2>
        <span class="caption">{exactTime(test.at)}</span>
      </header>
      <div class="findings">
        {findings.map((finding) => (
          <div class="note" data-tone={finding.tone} data-finding={finding.code}>
            <Icon name={finding.tone === "bad" ? "circle-alert" : "triangle-alert"} />
            <p>{findingText(finding)}</p>
          </div>
        ))}
      </div>
      <div class="table-scroll" tabindex={0} role="region" aria-label={t("Both directions")}>
        <table class="table">
          <caption class="visually-hidden">{t("Both directions")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("Direction")}</th>
              <th scope="col">{t("In a word")}</th>
              <th scope="col" class="num">
                MOS
              </th>
              <th scope="col" class="num">
                {t("Lost")}
              </th>
              <th scope="col" class="num">
                {t("Jitter")}
              </th>
            </tr>
          </thead>
          <tbody>
            {waysOf(test).map(({ what, grade, mos, lost, jitter }, i) => (
              <tr data-way={i === 0 ? "up" : "down"}>
                <th scope="row">{what}</th>
                <td>
                  <GradeBadge grade={grade} />
                </td>
                <td class="num">{mos}</td>
                <td class="num">{lost}</td>
                <td class="num">{jitter}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl class="facts gap-above">
        {factsOf(test).map(({ what, said }) => (
          <>
            <dt>{what}</dt>
            <dd>{said}</dd>
          </>
        ))}
      </dl>
      <form class="actions gap-above" method="post" action="/network-test/send">
        <input type="hidden" name="csrf" value={props.csrf} />
        <input type="hidden" name="result" value={props.sealed} />
        <button class="button" type="button" data-network-copy>
          <Icon name="file-text" />
          {t("Copy as text")}
        </button>
        <button class="button" type="submit">
          <Icon name="mail" />
          {t("Send to administrators")}
        </button>
        <span class="caption" role="status" data-network-copied hidden>
          {t("Copied.")}
        </span>
      </form>
      <p class="caption">{t("Sending leaves these figures and addresses in the log under your name. Otherwise nobody keeps them.")}</p>
      <details class="fold gap-above">
        <summary>
          <svg class="icon chevron" aria-hidden="true">
            <use href="/assets/icons.svg#chevron-right" />
          </svg>
          {t("As text")}
        </summary>
        <pre class="mono message" id="network-text" tabindex={0}>
          {reportOf(test, props.name)}
        </pre>
      </details>
    </section>
  );
}

function Sent(props: { readonly sent: readonly SentNetworkTest[]; readonly names: ReadonlyMap<string, string> }) {
  return (
    <section class="section gap-above" aria-labelledby="network-sent">
      <header>
        <h2 id="network-sent">{t("Sent to administrators")}</h2>
      </header>
      {props.sent.length === 0 ? (
        <p class="quiet">{t("Nobody has sent a result yet. Whoever tests can send theirs from this page.")}</p>
      ) : (
        <div class="table-scroll" tabindex={0} role="region" aria-label={t("Sent to administrators")}>
          <table class="table">
            <caption class="visually-hidden">{t("Results that people have sent, newest first")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("When")}</th>
                <th scope="col">{t("Who")}</th>
                <th scope="col">{t("Result")}</th>
                <th scope="col" class="num">
                  {t("Event")}
                </th>
              </tr>
            </thead>
            <tbody>
              {props.sent.map((one) => (
                <SentRow sent={one} name={props.names.get(one.senderId) ?? t("Somebody who is gone")} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function SentRow(props: { readonly sent: SentNetworkTest; readonly name: string }) {
  const { seq, test } = props.sent;
  return (
    <tr data-network-sent={test.id}>
      <td class="nowrap">{exactTime(test.at)}</td>
      <th scope="row">{props.name}</th>
      <td>
        <details class="fold">
          <summary>
            <svg class="icon chevron" aria-hidden="true">
              <use href="/assets/icons.svg#chevron-right" />
            </svg>
            {verdictOf(test)}
          </summary>
          <pre class="mono message" tabindex={0}>
            {reportOf(test, props.name)}
          </pre>
        </details>
      </td>
      <td class="num mono">{seq}</td>
    </tr>
  );
}
