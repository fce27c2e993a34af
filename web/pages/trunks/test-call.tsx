// The page of test calls by one trunk: the number, what happens step by step while it happens, and those of before.
import { heardWays, outcomeOf, type TestCall, type TestCallShown } from "../../../core/call/test-call.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import { Field, Group, GroupButton, Note } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { dateTime } from "../../ui/time.tsx";
import { Ladder } from "../conversation/ladder.tsx";
import { protectionText } from "../conversation/views.tsx";
import { type StepWords, type TestContext, wordsOf } from "./test-call-words.ts";

export type EarlierTest = { readonly test: TestCall; readonly who: string };

export function TestCallPage(props: {
  readonly trunk: Trunk;
  readonly shown: TestCallShown | null;
  readonly earlier: readonly EarlierTest[];
  readonly country: string;
  readonly number: string;
  readonly error: string | null;
  readonly csrf: string;
}) {
  const { trunk, shown, earlier } = props;
  return (
    <div data-live={`test-call-${trunk.id}`}>
      <form method="post" action={`/admin/trunks/${trunk.id}/test-call`}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <Group
          id="test-number"
          title={t("Number to call")}
          about={t("A real call leaves by this trunk alone, plays a tone and ends by itself. It costs what any call costs.")}
        >
          <Field
            name="number"
            label={t("Number")}
            help={t("As you would dial it: your own mobile, say. Your rights to dial and the trunk's lines count as for any call.")}
            error={props.error ?? undefined}
            wide
          >
            {(input) => <input class="input" {...input} type="tel" value={props.number} autocomplete="off" required maxlength={40} />}
          </Field>
          <GroupButton said={t("Call now")} />
        </Group>
      </form>
      <TestCallProgress trunk={trunk} shown={shown} country={props.country} csrf={props.csrf} />
      {earlier.length === 0 ? null : (
        <section class="section" aria-labelledby="earlier-tests">
          <h2 id="earlier-tests">{t("Test calls of before")}</h2>
          <table class="table" data-flush>
            <thead>
              <tr>
                <th scope="col">{t("When")}</th>
                <th scope="col">{t("Who")}</th>
                <th scope="col">{t("Number")}</th>
                <th scope="col">{t("Result")}</th>
              </tr>
            </thead>
            <tbody>
              {earlier.map(({ test, who }) => (
                <tr>
                  <td>{dateTime(test.startedAt)}</td>
                  <td>{who}</td>
                  <td class="mono">{test.number}</td>
                  <td>{outcomeWord(test)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

/** The fragment: the same in the page and in the live stream. */
export function TestCallProgress(props: {
  readonly trunk: Trunk;
  readonly shown: TestCallShown | null;
  readonly country: string;
  readonly csrf: string;
}) {
  const { trunk, shown } = props;
  if (shown === null) return <section class="section" id="test-call" hidden />;
  const { test, ladder } = shown;
  const context: TestContext = { test, trunk, country: props.country };
  const outcome = outcomeOf(test);
  return (
    <section class="section test-call" id="test-call" data-outcome={outcome} aria-labelledby="test-call-title">
      <div class="page-head">
        <h2 id="test-call-title">{t("Call to {number}", { number: test.number })}</h2>
        {outcome === "going" ? (
          <form class="actions" method="post" action={`/admin/trunks/${trunk.id}/test-call/stop`}>
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="button" type="submit">
              <Icon name="phone-off" />
              {t("Hang up")}
            </button>
          </form>
        ) : null}
      </div>
      <p class="quiet">
        {t("Sent as {sent}, showing {shown}.", { sent: test.sent, shown: test.shown.number || t("No number") })}{" "}
        {test.classification === null ? t("An extension of the other PBX.") : t("Its class: {class}.", { class: t(test.classification) })}
      </p>
      <ol class="timeline" role="list">
        {test.steps.map((step, n) => (
          <Line
            after={step.at - test.startedAt}
            words={wordsOf(step, context)}
            isNewest={outcome === "going" && n === test.steps.length - 1}
          />
        ))}
      </ol>
      <Verdict test={test} />
      {ladder.length === 0 ? null : <Ladder entries={ladder} />}
    </section>
  );
}

const icons: Readonly<Record<StepWords["tone"], string>> = {
  ok: "circle-check",
  wait: "triangle-alert",
  bad: "circle-alert",
  plain: "circle-dot",
};

function Line(props: { readonly after: number; readonly words: StepWords; readonly isNewest: boolean }) {
  const { tone, what, mend, said } = props.words;
  return (
    <li data-tone={tone} aria-current={props.isNewest ? "step" : undefined}>
      <time>{`+${(props.after / 1_000).toFixed(1)} s`}</time>
      <span class="point">
        <Icon name={icons[tone]} />
      </span>
      <div class="what">
        <p>{tone === "bad" ? <b>{what}</b> : what}</p>
        {mend === "" ? null : <p>{mend}</p>}
        {said === "" ? null : (
          <p class="quote">
            {t("In its own words:")} <span class="mono">{said}</span>
          </p>
        )}
      </div>
    </li>
  );
}

function Verdict(props: { readonly test: TestCall }) {
  const { test } = props;
  const outcome = outcomeOf(test);
  if (outcome === "going") return <p class="quiet">{t("The call goes on …")}</p>;
  if (outcome === "failed")
    return (
      <Note tone="bad" icon="circle-alert">
        {t("No call came about. What to mend stands above.")}
      </Note>
    );
  const { verdict } = test;
  return (
    <>
      <Note tone={outcome === "well" ? "info" : "bad"} icon={outcome === "well" ? "circle-check" : "circle-alert"}>
        {soundSentence(test)}
      </Note>
      {verdict === null ? null : (
        <p class="quiet">
          {t("{codec}, {protection}; {received} packets came, {lost} were lost, {sent} were sent.", {
            codec: verdict.codec ?? "–",
            protection: protectionText(verdict.protection),
            received: verdict.packetsReceived,
            lost: verdict.packetsLost,
            sent: verdict.packetsSent,
          })}
        </p>
      )}
    </>
  );
}

function soundSentence(test: TestCall): string {
  const { from, to } = heardWays(test);
  if (from === false && test.verdict!.packetsReceived > 0)
    return t("Answered, and what comes back is silent or cannot be used: the last step above says why.");
  if (from === null) return t("Answered, and over before anything could be measured.");
  if (from && to === true) return t("It works: answered, and voice gets through both ways.");
  if (from && to === null)
    return t(
      "Answered, and voice comes back. Whether we are heard cannot be told, as the other side sends no reports (RTCP): ask whoever answered.",
    );
  if (from)
    return t(
      "One-way audio: we hear the other side, and it reports that nothing of ours arrives. A firewall there, or a wrong address of ours in the description, is the probable cause: see --public-address.",
    );
  if (to === true)
    return t(
      "One-way audio: nothing comes back, and the other side reports that it hears us. A firewall in front of us is the probable cause: let the voice ports (--rtp-ports) in, by UDP.",
    );
  return to === false
    ? t(
        "No audio, neither way. A firewall between us is the probable cause, or an address of ours that cannot be reached from there: see --public-address.",
      )
    : t(
        "No audio back. A firewall in front of us is the probable cause, or an address of ours that cannot be reached from there: let the voice ports (--rtp-ports) in, and see --public-address.",
      );
}

export function outcomeWord(test: TestCall): string {
  switch (outcomeOf(test)) {
    case "going":
      return t("The call goes on …");
    case "well":
      return t("It works");
    case "unheard":
      return t("Answered, not heard both ways");
    case "failed":
      return t("No call came about");
  }
}
