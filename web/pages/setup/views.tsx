// The pages of the first set-up. The steps stand beside; whatever is done can be opened again until the end.
import type { Child } from "hono/jsx";
import { type Organization, unnamed } from "../../../core/directory/organization.ts";
import type { User } from "../../../core/directory/user.ts";
import { longDate } from "../../../core/lib/calendar.ts";
import { askedGroups, groupsOf } from "../../../core/setup/kit.ts";
import type { NodeAddresses } from "../../../core/setup/node-settings.ts";
import { type CertificateKind, type Setup, type SetupStep, setupSteps } from "../../../core/setup/setup.ts";
import { PathChecks } from "../../ui/check.tsx";
import { Document } from "../../ui/document.tsx";
import { described, Field } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { CountryOptions, LanguageOptions, TimeZoneOptions } from "../../ui/options.tsx";
import { CodeSheet, Enrolment } from "../../ui/second-factor.tsx";
import { language, said, t } from "../../ui/text.ts";
import { certificateTexts, certificateTitles, stepWords } from "./words.ts";

export type StepValues = Readonly<Record<string, string>>;
export type StepErrors = Readonly<Record<string, string>>;

type StepProps = {
  readonly setup: Setup;
  readonly organization: Organization;
  readonly owner: User | null;
  /** The offered secret, as long as no code has confirmed it. */
  readonly secret: Uint8Array | null;
  readonly node: NodeAddresses;
  readonly given: readonly string[];
  readonly values: StepValues;
  readonly errors: StepErrors;
  readonly csrf: string;
};

export function SetupPage(props: StepProps & { readonly step: SetupStep | "finish" }) {
  const shown: Readonly<Record<SetupStep | "finish", (props: StepProps) => Child>> = {
    organization: OrganizationStep,
    owner: OwnerStep,
    "second-factor": SecondFactorStep,
    address: AddressStep,
    network: NetworkStep,
    recovery: RecoveryStep,
    demo: DemoStep,
    finish: FinishStep,
  };
  const Step = shown[props.step];
  return (
    <Frame setup={props.setup} step={props.step}>
      {props.errors.form === undefined ? null : (
        <div class="note gap-below" data-tone="bad" role="alert">
          <Icon name="circle-alert" />
          <p>{said(props.errors.form)}</p>
        </div>
      )}
      <Step {...props} />
    </Frame>
  );
}

function Frame(props: { readonly setup: Setup; readonly step: SetupStep | "finish"; readonly children: Child }) {
  const number = setupSteps.indexOf(props.step as SetupStep) + 1;
  return (
    <Document title={t("Set up, {step}", { step: t(stepWords[props.step]) })} bodyClass="wizard">
      <nav class="side" aria-label={t("Steps")}>
        <div class="brand">
          <Icon name="mark" />
          Landline
        </div>
        <ol class="steps" role="list">
          {[...setupSteps, "finish" as const].map((step) => (
            <li>{stepMark(props.setup, step, step === props.step)}</li>
          ))}
        </ol>
        <p class="foot caption">{t("You can leave and come back: the link that was printed works until the end.")}</p>
      </nav>
      <main id="main">
        <p class="caption">{number === 0 ? t("Last step") : t("Step {number} of {all}", { number, all: setupSteps.length })}</p>
        {props.children}
        <p class="caption gap-above help-line">
          <a href="/help/setup">{t("Help with the set-up")}</a>
        </p>
      </main>
    </Document>
  );
}

function stepMark(setup: Setup, step: SetupStep | "finish", isHere: boolean) {
  const isDone = step !== "finish" && setup.stepsDone.includes(step);
  const icon = <Icon name={isDone ? "circle-check" : isHere ? "circle-dot" : "circle"} />;
  const label = t(stepWords[step]);
  if (isHere)
    return (
      <span class={isDone ? "step done" : "step"} aria-current="step">
        {icon}
        {label}
      </span>
    );
  if (!isDone)
    return (
      <span class="step">
        {icon}
        {label}
      </span>
    );
  return (
    <a class="done" href={`/setup/${step}`}>
      {icon}
      {label}
      <span class="visually-hidden"> {t("done")}</span>
    </a>
  );
}

function StepForm(props: { readonly step: SetupStep; readonly csrf: string; readonly button?: string; readonly children: Child }) {
  const before = setupSteps[setupSteps.indexOf(props.step) - 1];
  return (
    <form class="form" method="post" action={`/setup/${props.step}`} data-plain novalidate>
      <input type="hidden" name="csrf" value={props.csrf} />
      {props.children}
      <div class="actions">
        <button class="button" data-kind="primary" data-size="large" type="submit">
          {props.button ?? t("Save and continue")}
        </button>
        {before === undefined ? null : (
          <a class="button" data-size="large" data-kind="ghost" href={`/setup/${before}`}>
            {t("Back")}
          </a>
        )}
      </div>
    </form>
  );
}

function OrganizationStep(props: StepProps) {
  const { organization, values, errors } = props;
  const language = values.language ?? organization.language;
  const country = values.country ?? organization.country ?? "";
  const timeZone = values.timeZone ?? organization.timeZone ?? "";
  return (
    <>
      <h1>{t("Your organisation")}</h1>
      <p class="lead">{t("What it is called, and where its day begins.")}</p>
      <StepForm step="organization" csrf={props.csrf}>
        <Field id="name" label={t("Name")} error={errors.name}>
          <input
            class="input"
            name="name"
            autocomplete="organization"
            required
            maxlength={256}
            autofocus
            value={values.name ?? (organization.name === unnamed ? "" : organization.name)}
            {...described("name", errors.name, false)}
          />
        </Field>
        <div class="row">
          <Field
            id="language"
            label={t("Language")}
            help={t("For whoever's browser asks for none that we have. What is not translated yet is in English.")}
            error={errors.language}
          >
            <select class="input" name="language" {...described("language", errors.language, true)}>
              <LanguageOptions chosen={language} />
            </select>
          </Field>
          <Field id="country" label={t("Country")} error={errors.country}>
            <select
              class="input"
              name="country"
              autocomplete="country"
              data-guess={country === "" ? "country" : undefined}
              {...described("country", errors.country, false)}
            >
              <CountryOptions chosen={country} />
            </select>
          </Field>
        </div>
        <Field id="timeZone" label={t("Time zone")} help={t("Times, days and their figures follow it.")} error={errors.timeZone}>
          <select
            class="input"
            name="timeZone"
            data-guess={timeZone === "" ? "time-zone" : undefined}
            {...described("timeZone", errors.timeZone, true)}
          >
            <TimeZoneOptions chosen={timeZone} />
          </select>
        </Field>
      </StepForm>
    </>
  );
}

function OwnerStep(props: StepProps) {
  const { owner, values, errors, setup } = props;
  if (setup.stepsDone.includes("second-factor"))
    return (
      <>
        <h1>{t("The owner")}</h1>
        <p class="lead">{t("{name} owns this centre and signs in as {email}.", { name: owner?.name ?? "", email: owner?.email ?? "" })}</p>
        <Onward />
      </>
    );
  return (
    <>
      <h1>{t("The owner")}</h1>
      <p class="lead">{t("The first person here. They may do everything, and invite the others.")}</p>
      <StepForm step="owner" csrf={props.csrf}>
        <div class="row">
          <Field id="name" label={t("Name")} error={errors.name}>
            <input
              class="input"
              name="name"
              autocomplete="name"
              required
              autofocus
              value={values.name ?? owner?.name ?? ""}
              {...described("name", errors.name, false)}
            />
          </Field>
          <Field id="email" label={t("Email")} help={t("You sign in with it.")} error={errors.email}>
            <input
              class="input"
              name="email"
              type="email"
              autocomplete="username"
              required
              value={values.email ?? owner?.email ?? ""}
              {...described("email", errors.email, true)}
            />
          </Field>
        </div>
        <Field
          id="password"
          label={t("Password")}
          help={t("At least 12 characters. A few unrelated words are better than one with signs in it.")}
          error={errors.password}
        >
          <input
            class="input"
            name="password"
            type="password"
            autocomplete="new-password"
            required
            minlength={12}
            {...described("password", errors.password, true)}
          />
        </Field>
      </StepForm>
    </>
  );
}

function SecondFactorStep(props: StepProps) {
  const { owner, secret, errors } = props;
  if (owner === null)
    return (
      <>
        <h1>{t("Second factor")}</h1>
        <p class="lead">{t("The owner comes first.")}</p>
        <a class="button" href="/setup/owner">
          {t("To the owner")}
        </a>
      </>
    );
  if (secret === null)
    return (
      <>
        <h1>{t("Second factor")}</h1>
        <p class="lead">{t("{name} signs in with a password and a code. That is confirmed.", { name: owner.name })}</p>
        <form class="form" method="post" action="/setup/second-factor/codes" data-plain>
          <input type="hidden" name="csrf" value={props.csrf} />
          <p>{t("Recovery codes are shown once. If they are lost, make ten new ones; the old ones are void then.")}</p>
          <div class="actions">
            <button class="button" type="submit">
              {t("Make new recovery codes")}
            </button>
          </div>
        </form>
        <Onward />
      </>
    );
  return (
    <>
      <h1>{t("Second factor")}</h1>
      <p class="lead">{t("A password alone can be stolen. From now on your phone shows a code as well.")}</p>
      <StepForm step="second-factor" csrf={props.csrf} button={t("Confirm and continue")}>
        <Enrolment secret={secret} organization={props.organization.name} email={owner.email} />
        <Field id="code" label={t("Code")} error={errors.code}>
          <input
            class="input mono narrow"
            name="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            maxlength={8}
            required
            autofocus
            {...described("code", errors.code, false)}
          />
        </Field>
      </StepForm>
    </>
  );
}

/** Shown once: what the form answered. */
export function RecoveryCodes(props: {
  readonly setup: Setup;
  readonly csrf: string;
  readonly codes: readonly string[];
  readonly organization: string;
}) {
  return (
    <Frame setup={props.setup} step="second-factor">
      <h1>{t("Ten recovery codes")}</h1>
      <p class="lead">{t("Without your phone each of them signs you in once. They are shown now and never again.")}</p>
      <CodeSheet organization={props.organization} codes={props.codes} />
      <div class="actions gap-above">
        <a class="button" data-kind="primary" data-size="large" href="/setup">
          {t("I have kept them")}
        </a>
        <button class="button" data-size="large" type="button" data-print>
          {t("Print")}
        </button>
      </div>
    </Frame>
  );
}

function AddressStep(props: StepProps) {
  const { values, errors, node, setup } = props;
  const chosen = values.certificate ?? (setup.stepsDone.includes("address") ? runningKind(node) : "");
  const overruled = ["https", "https-cert", "https-key", "public-url", "trusted-proxies"].filter((key) => props.given.includes(key));
  const port = values.httpsPort ?? (node.https === null ? "8443" : node.https.slice(node.https.lastIndexOf(":") + 1));
  return (
    <>
      <h1>{t("Address and certificate")}</h1>
      <p class="lead">{t("How browsers reach this server, and how they know that it is the right one.")}</p>
      {overruled.length === 0 ? null : (
        <div class="note gap-below" data-tone="wait">
          <Icon name="triangle-alert" />
          <p>
            {t("Given at start, and stronger than what is chosen here: {keys}.", {
              keys: overruled.map((key) => `--${key}`).join(", "),
            })}
          </p>
        </div>
      )}
      <StepForm step="address" csrf={props.csrf}>
        <Field
          id="publicUrl"
          label={t("Public address")}
          help={t("As it is typed into a browser. Leave it empty when this machine's own addresses will do.")}
          error={errors.publicUrl}
        >
          <input
            class="input mono"
            name="publicUrl"
            type="url"
            placeholder="https://desk.example.org"
            value={values.publicUrl ?? node.publicUrl ?? ""}
            {...described("publicUrl", errors.publicUrl, true)}
          />
        </Field>
        <fieldset class="choices" aria-describedby={errors.certificate === undefined ? undefined : "certificate-error"}>
          <legend>{t("Certificate")}</legend>
          {errors.certificate === undefined ? null : (
            <span class="error" id="certificate-error" role="alert">
              <Icon name="circle-alert" />
              {t("Choose one of these.")}
            </span>
          )}
          {(Object.keys(certificateTitles) as CertificateKind[]).map((kind) => (
            <div class="option">
              <label class="choice">
                <input type="radio" name="certificate" value={kind} checked={kind === chosen} />
                <span>
                  <b>{t(certificateTitles[kind])}</b>
                  <small>{t(certificateTexts[kind])}</small>
                </span>
              </label>
              {kind === "upload" ? (
                <div class="more">
                  <Pem id="chain" label={t("Certificate and its chain (PEM)")} value={values.chain} error={errors.chain} />
                  <Pem id="privateKey" label={t("Private key (PEM)")} value={undefined} error={errors.privateKey} />
                </div>
              ) : null}
              {kind === "proxy" ? (
                <div class="more">
                  <Field
                    id="trustedProxies"
                    label={t("The proxy's addresses")}
                    help={t("One per line. Only from there is X-Forwarded-For believed.")}
                    error={errors.trustedProxies}
                  >
                    <textarea
                      class="input mono"
                      name="trustedProxies"
                      rows={2}
                      {...described("trustedProxies", errors.trustedProxies, true)}
                    >
                      {values.trustedProxies ?? node.trustedProxies.join("\n")}
                    </textarea>
                  </Field>
                </div>
              ) : null}
            </div>
          ))}
        </fieldset>
        <details class="fold" open={errors.httpsPort !== undefined}>
          <summary>
            <svg class="icon chevron" aria-hidden="true">
              <use href="/assets/icons.svg#chevron-right" />
            </svg>
            {t("Another port for https")}
          </summary>
          <Field id="httpsPort" label={t("Port")} help={t("443 needs the right to use it.")} error={errors.httpsPort}>
            <input
              class="input mono narrow"
              name="httpsPort"
              inputmode="numeric"
              value={port}
              {...described("httpsPort", errors.httpsPort, true)}
            />
          </Field>
        </details>
        <p class="caption">{t("This takes effect when Landline is started again. Until then this page stays where it is.")}</p>
      </StepForm>
    </>
  );
}

function runningKind(node: NodeAddresses): CertificateKind | "" {
  if (node.https !== null) return "self-made";
  return node.trustedProxies.length > 0 ? "proxy" : "";
}

function Pem(props: {
  readonly id: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly error: string | undefined;
}) {
  return (
    <Field id={props.id} label={props.label} error={props.error}>
      <textarea
        class="input mono pem"
        name={props.id}
        rows={4}
        spellcheck={false}
        autocomplete="off"
        {...described(props.id, props.error, false)}
      >
        {props.value ?? ""}
      </textarea>
    </Field>
  );
}

function NetworkStep(props: StepProps) {
  const { node } = props;
  const rows: readonly (readonly [string, string, string])[] = [
    [t("Browsers and the API"), node.http, "tcp"],
    ...(node.https === null ? [] : [[t("The same, encrypted"), node.https, "tcp"] as const]),
    [t("Phones and trunks, signalling"), node.sip, "udp, tcp"],
    [t("Browsers, voice"), node.mediaPorts.join(", "), "udp"],
    ...(node.mediaTcpPorts.length === 0
      ? []
      : [[t("Browsers, voice where UDP is blocked"), node.mediaTcpPorts.join(", "), "tcp"] as const]),
    [t("Phones and trunks, voice"), node.rtpPorts, "udp"],
  ];
  return (
    <>
      <h1>{t("Network")}</h1>
      <p class="lead">{t("These ports must be reachable. The test goes from this browser to this server, the way a call will.")}</p>
      <table class="table ports" data-flush>
        <caption class="visually-hidden">{t("Addresses and ports in use")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("For")}</th>
            <th scope="col">{t("Address or port")}</th>
            <th scope="col">{t("Kind")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([what, where, kind]) => (
            <tr>
              <th scope="row">{what}</th>
              <td class="mono">{where}</td>
              <td>{kind}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("Voice is offered at")}</th>
            <td class="mono" colspan={2}>
              {node.media.length === 0 ? t("no address besides loopback: give --public-address") : node.media.join(", ")}
            </td>
          </tr>
        </tbody>
      </table>
      <section aria-labelledby="checks-title" class="gap-above">
        <h2 class="gap-below" id="checks-title">
          {t("From this browser")}
        </h2>
        <ul class="checks" role="list" aria-live="polite" id="checks">
          <PathChecks
            noAnswer={t(
              "No answer came. Open the browsers' voice port in the firewall (udp, or at least tcp), or give --public-address when there is NAT between.",
            )}
          />
        </ul>
        <noscript>
          <p class="caption gap-above">{t("The test needs JavaScript, as the browser phone does.")}</p>
        </noscript>
        <div class="actions gap-above">
          <button class="button" data-size="small" type="button" data-check-start>
            {t("Test again")}
          </button>
        </div>
      </section>
      <div class="gap-above">
        <StepForm step="network" csrf={props.csrf} button={t("Continue")}>
          {["socket", "voice", "encrypted"].map((name) => (
            <input type="hidden" name={name} value="" data-check-result={name} />
          ))}
        </StepForm>
      </div>
    </>
  );
}

function RecoveryStep(props: StepProps) {
  const { setup, errors, values } = props;
  if (setup.stepsDone.includes("recovery"))
    return (
      <>
        <h1>{t("Recovery kit")}</h1>
        <p class="lead">{t("The kit was printed and asked back. Keep it away from this machine.")}</p>
        <MakeKit csrf={props.csrf} label={t("Make another kit")} note={t("The one you have then opens nothing any more.")} />
        <Onward />
      </>
    );
  if (setup.kitDigest === null)
    return (
      <>
        <h1>{t("Recovery kit")}</h1>
        <p class="lead">
          {t("Everything kept here is encrypted with the key file. If this machine is lost, a copy of the data is worthless without it.")}
        </p>
        <p class="quiet gap-below">
          {t(
            "A sealed copy of the key file lies with the data. The recovery kit is eight short groups of letters on paper that open it: your backup and this paper bring everything back, and neither alone reads anything.",
          )}
        </p>
        <MakeKit csrf={props.csrf} label={t("Make the recovery kit")} note={null} />
      </>
    );
  const asked = askedGroups(setup.kitDigest);
  return (
    <>
      <h1>{t("Read it back")}</h1>
      <p class="lead">{t("From your print or your notes: these three groups.")}</p>
      <StepForm step="recovery" csrf={props.csrf} button={t("Check and continue")}>
        <div class="row asked">
          {asked.map((index, i) => {
            const id = `group-${index}`;
            return (
              <Field id={id} label={t("Group {number}", { number: index + 1 })} error={errors[id]}>
                <input
                  class="input mono"
                  name={id}
                  maxlength={4}
                  autocomplete="off"
                  autocapitalize="characters"
                  spellcheck={false}
                  autofocus={i === 0}
                  value={values[id] ?? ""}
                  {...described(id, errors[id], false)}
                />
              </Field>
            );
          })}
        </div>
      </StepForm>
      <div class="gap-above">
        <MakeKit csrf={props.csrf} label={t("I do not have it: make a new kit")} note={null} isQuiet />
      </div>
    </>
  );
}

function MakeKit(props: { readonly csrf: string; readonly label: string; readonly note: string | null; readonly isQuiet?: boolean }) {
  return (
    <form method="post" action="/setup/recovery/kit" data-plain>
      <input type="hidden" name="csrf" value={props.csrf} />
      <div class="actions">
        <button
          class="button"
          type="submit"
          {...(props.isQuiet === true || props.note !== null ? { "data-size": "small" } : { "data-kind": "primary", "data-size": "large" })}
        >
          {props.label}
        </button>
        {props.note === null ? null : <span class="caption">{props.note}</span>}
      </div>
    </form>
  );
}

/** The kit, shown once: what the form answered. One sheet when printed. */
export function KitPage(props: {
  readonly setup: Setup;
  readonly csrf: string;
  readonly kit: string;
  readonly organization: string;
  readonly at: number;
}) {
  return (
    <Frame setup={props.setup} step="recovery">
      <h1>{t("Print this, or write it down")}</h1>
      <p class="lead">{t("It is shown now and never again. On the next page three of the groups are asked back.")}</p>
      <section class="sheet print kit" aria-label={t("Recovery kit")}>
        <header>
          <Icon name="key-round" />
          <div>
            <h2>{t("Landline recovery kit")}</h2>
            <p class="caption">{`${props.organization} · ${longDate(props.at, language().tag)}`}</p>
          </div>
        </header>
        <ol class="groups">
          {groupsOf(props.kit).map((group) => (
            <li>
              <code>{group}</code>
            </li>
          ))}
        </ol>
        <p>
          {t("To bring a backup back on another machine: restore it, or put the data folder in its place, and run")}{" "}
          <code>landline key restore --data …</code> {t("then type these groups.")}
        </p>
        <p class="caption">
          {t("Whoever has this sheet and a copy of the data can read all of it. Keep it in a safe, not beside the machine.")}
        </p>
      </section>
      <div class="actions gap-above">
        <a class="button" data-kind="primary" data-size="large" href="/setup/recovery">
          {t("I have it on paper")}
        </a>
        <button class="button" data-size="large" type="button" data-print>
          {t("Print")}
        </button>
      </div>
    </Frame>
  );
}

function DemoStep(props: StepProps) {
  const { values, errors, setup, organization } = props;
  const chosen = values.demo ?? (setup.withDemo === null ? "" : setup.withDemo ? "yes" : "no");
  const options: readonly (readonly [string, string, string])[] = [
    [
      "yes",
      t("With an example centre"),
      t("One number, a menu, two queues, and you as the agent. You call it from this browser in a minute. Nothing reaches the outside."),
    ],
    ["no", t("Empty"), t("You make queues, numbers and people yourself.")],
  ];
  return (
    <>
      <h1>{t("Demo data")}</h1>
      <p class="lead">{t("What shall be there when you open it?")}</p>
      {organization.guestNumber === null || setup.withDemo === true ? null : (
        <div class="note gap-below">
          <Icon name="info" />
          <p>
            {t(
              "The example of the trial is here already. “Empty” closes it to calls from browsers; its queues and number stay until you delete them.",
            )}
          </p>
        </div>
      )}
      <StepForm step="demo" csrf={props.csrf}>
        <fieldset class="choices" aria-describedby={errors.demo === undefined ? undefined : "demo-error"}>
          <legend class="visually-hidden">{t("Demo data")}</legend>
          {errors.demo === undefined ? null : (
            <span class="error" id="demo-error" role="alert">
              <Icon name="circle-alert" />
              {t(errors.demo)}
            </span>
          )}
          {options.map(([value, title, text]) => (
            <div class="option">
              <label class="choice">
                <input type="radio" name="demo" value={value} checked={value === chosen} />
                <span>
                  <b>{title}</b>
                  <small>{text}</small>
                </span>
              </label>
            </div>
          ))}
        </fieldset>
      </StepForm>
    </>
  );
}

function FinishStep(props: StepProps) {
  const open = setupSteps.filter((step) => !props.setup.stepsDone.includes(step));
  if (open.length > 0)
    return (
      <>
        <h1>{t("Not yet")}</h1>
        <p class="lead">{t("Still open: {steps}.", { steps: open.map((step) => t(stepWords[step])).join(", ") })}</p>
        <a class="button" data-kind="primary" href={`/setup/${open[0]}`}>
          {t("Go on")}
        </a>
      </>
    );
  const { organization, owner, setup } = props;
  return (
    <>
      <h1>{t("Everything is in place")}</h1>
      <p class="lead">{t("With the last step the set-up link stops working. What you chose can be changed later by the owner.")}</p>
      <dl class="facts gap-below">
        <dt>{t("Organisation")}</dt>
        <dd>{organization.name}</dd>
        <dt>{t("Time zone")}</dt>
        <dd>{organization.timeZone?.replaceAll("_", " ")}</dd>
        <dt>{t("Owner")}</dt>
        <dd>{`${owner?.name} · ${owner?.email}`}</dd>
        <dt>{t("Recovery kit")}</dt>
        <dd>{t("printed and asked back")}</dd>
        <dt>{t("Demo data")}</dt>
        <dd>{setup.withDemo === true ? t("example centre") : t("none")}</dd>
      </dl>
      <form method="post" action="/setup/finish" data-plain>
        <input type="hidden" name="csrf" value={props.csrf} />
        <div class="actions">
          <button class="button" data-kind="primary" data-size="large" type="submit">
            {t("Finish the set-up")}
          </button>
          <a class="button" data-kind="ghost" data-size="large" href="/setup/demo">
            {t("Back")}
          </a>
        </div>
      </form>
    </>
  );
}

/** What the last form answers: the pages of the set-up are gone by now. */
export function Done(props: {
  readonly isSignedIn: boolean;
  readonly withDemo: boolean;
  readonly restart: boolean;
  readonly node: NodeAddresses;
}) {
  const to = props.withDemo ? "/trial" : "/";
  return (
    <Document title={t("Set up")} bodyClass="wizard">
      <nav class="side" aria-label={t("Steps")}>
        <div class="brand">
          <Icon name="mark" />
          Landline
        </div>
        <ol class="steps" role="list">
          {setupSteps.map((step) => (
            <li>
              <span class="step done">
                <Icon name="circle-check" />
                {t(stepWords[step])}
              </span>
            </li>
          ))}
        </ol>
      </nav>
      <main id="main">
        <p class="caption">{t("Done")}</p>
        <h1>{t("Your centre is set up")}</h1>
        <p class="lead">
          {props.withDemo ? t("Next: call it from this browser, and answer yourself.") : t("It is empty and waits for your first queue.")}
        </p>
        {props.restart ? (
          <div class="note gap-below" data-tone="wait" role="status">
            <Icon name="triangle-alert" />
            <p>
              <b>{t("Start Landline again")}</b>{" "}
              {t("for the address and certificate that you chose. Stop it (Ctrl-C, or systemctl restart landline) and start it as before.")}
            </p>
          </div>
        ) : null}
        <div class="actions">
          <a class="button" data-kind="primary" data-size="large" href={props.isSignedIn ? to : "/sign-in"}>
            {props.isSignedIn ? (props.withDemo ? t("Take the first call") : t("Open Landline")) : t("Sign in")}
          </a>
        </div>
      </main>
    </Document>
  );
}

function Onward() {
  return (
    <div class="actions gap-above">
      <a class="button" data-kind="primary" data-size="large" href="/setup">
        {t("Continue")}
      </a>
    </div>
  );
}
