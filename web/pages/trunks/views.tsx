// How it stands with a trunk: whether its next hops answer, whether the carrier knows where we are, and what to do when not; its password.
import type { TrunkHop, TrunkRefusal, TrunkState } from "../../../core/call/call-control.ts";
import { timeOfDay } from "../../../core/lib/calendar.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import type { CertificateTrouble } from "../../../core/telephony/peer-certificate.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import { Field, Group, GroupButton, Note, Saved } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { troubleText } from "./trouble-words.ts";

/** In one line, for the trunk's own page. */
export function TrunkLineOf(props: { readonly state: TrunkState | null }) {
  const { state } = props;
  if (state === null) return <p class="quiet">{t("Calls only come in by it.")}</p>;
  const isRegistered = state.registration === null || state.registration.name === "registered";
  const dead = state.hops.filter(({ isUp }) => isUp === false).length;
  const alive = state.hops.filter(({ isUp }) => isUp === true).length;
  const sentence = !isRegistered
    ? t("The carrier does not know where we are.")
    : dead === state.hops.length
      ? t("No next hop answers.")
      : dead > 0
        ? t("A next hop does not answer.")
        : alive > 0
          ? t("All next hops answer.")
          : t("Nobody has asked its next hops yet.");
  return <p class="quiet">{sentence}</p>;
}

export function Connection(props: {
  readonly trunk: Trunk;
  readonly state: TrunkState | null;
  readonly refusal: TrunkRefusal | null;
  /** Of one of the two forms. */
  readonly error: { readonly field: "password" | "certificate"; readonly message: string } | null;
  readonly saved: "password" | "certificate" | null;
  readonly tested: boolean;
  readonly csrf: string;
}) {
  const { trunk, state } = props;
  const path = `/admin/trunks/${trunk.id}`;
  return (
    <>
      {props.saved === "password" ? <Saved said={t("The password is set. It is tried at once.")} /> : null}
      {props.saved === "certificate" ? <Saved said={t("The certificate is set. It is shown from the next connection on.")} /> : null}
      {props.tested ? <Saved said={t("Tested just now.")} /> : null}
      {trunk.mediaEncryption !== "disabled" && trunk.transport !== "TLS" ? (
        <Note tone="wait" icon="triangle-alert">
          {t("Voice is encrypted, and its keys are readable on the way: signalling goes by {transport}. Set the transport to TLS.", {
            transport: trunk.transport,
          })}
        </Note>
      ) : null}
      {props.refusal === null ? null : (
        <Note tone="bad" icon="triangle-alert">
          {t("Refused at {time}, from {address}:", { time: timeOfDay(props.refusal.at), address: props.refusal.address })}{" "}
          {refusalText(props.refusal.trouble)}
        </Note>
      )}
      <Group id="hops" title={t("Next hops")} about={t("As this node sees them; calls pass over what does not answer.")}>
        {state === null ? (
          <p class="quiet field" data-wide="">
            {t("None: calls only come in by it.")}
          </p>
        ) : (
          <div class="field connection" data-wide="">
            <Registration state={state} />
            <table class="table">
              <thead>
                <tr>
                  <th>{t("Next hop")}</th>
                  <th>{t("Address")}</th>
                  <th>{t("State")}</th>
                  <th class="num">{t("Round trip")}</th>
                </tr>
              </thead>
              <tbody>
                {state.hops.map((hop) => (
                  <tr>
                    <td class="mono">{nameOf(hop.hop)}</td>
                    <td class="mono">{hop.address ?? "–"}</td>
                    <td>{hop.isUp === null ? t("Not asked") : hop.isUp ? t("Alive") : t("No answer")}</td>
                    <td class="num">{hop.roundTripMs === null ? "–" : `${hop.roundTripMs} ms`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {state.hops.map(({ trouble, hop, address }) =>
              trouble === null ? null : (
                <Note tone="bad" icon="triangle-alert">
                  {troubleText(trouble, nameOf(hop), address)}
                </Note>
              ),
            )}
            <form method="post" action={`${path}/test`}>
              <input type="hidden" name="csrf" value={props.csrf} />
              <button class="button" type="submit">
                {t("Test now")}
              </button>
            </form>
          </div>
        )}
      </Group>
      {trunk.username === "" ? null : (
        <form method="post" action={`${path}/connection`}>
          <input type="hidden" name="csrf" value={props.csrf} />
          <Group
            id="password-group"
            title={t("Password")}
            about={trunk.sealedPassword === null ? t("None is set.") : t("One is set. It is kept sealed and never shown.")}
          >
            <Field
              name="password"
              label={t("Password of {account}", { account: trunk.username })}
              help={t("As the carrier has given it. Empty: none any more.")}
              error={props.error?.field === "password" ? props.error.message : undefined}
              wide
            >
              {(input) => <input class="input" {...input} type="password" autocomplete="off" maxlength={256} />}
            </Field>
            <GroupButton said={t("Set password")} />
          </Group>
        </form>
      )}
      {trunk.transport !== "TLS" ? null : (
        <form method="post" action={`${path}/certificate`}>
          <input type="hidden" name="csrf" value={props.csrf} />
          <Group
            id="certificate-group"
            title={t("Our certificate")}
            about={trunk.certificate === null ? t("None is set.") : t("One is set. Its key is kept sealed and never shown.")}
          >
            <Field
              name="certificate"
              label={t("Certificate and private key")}
              help={t("PEM, one after the other, for a carrier that asks who we are. The key without a password. Empty: none any more.")}
              error={props.error?.field === "certificate" ? props.error.message : undefined}
              wide
            >
              {(input) => <textarea class="input code" {...input} rows={5} spellcheck={false} autocomplete="off" />}
            </Field>
            <GroupButton said={t("Set certificate")} />
          </Group>
        </form>
      )}
    </>
  );
}

function Registration(props: { readonly state: TrunkState }) {
  const { registration, hops } = props.state;
  if (registration === null) return null;
  if (registration.name === "failed")
    return (
      <Note tone="bad" icon="triangle-alert">
        {t("Not registered.")} {troubleText(registration.trouble, nameOf(hops[0]!.hop), hops[0]!.address)}{" "}
        {t("The next try is at {time}.", { time: timeOfDay(registration.againAt) })}
      </Note>
    );
  return (
    <p>
      {registration.name === "registered"
        ? t("Registered until {time}; it is renewed before.", { time: timeOfDay(registration.untilAt) })
        : t("Registering now.")}
    </p>
  );
}

/** Why somebody at the trunk's address was not taken for it, and what to do. */
export function refusalText(trouble: CertificateTrouble): string {
  switch (trouble) {
    case "not-by-tls":
      return t("it did not come by TLS. Let the carrier send by TLS, to the port of --sip-tls.");
    case "none-shown":
      return t("it showed no certificate. Ask the carrier to show its own when it connects (mutual TLS).");
    case "unreadable":
      return t("its certificate cannot be read.");
    case "untimely":
      return t("its certificate is not valid now. See this machine's clock, and whether the carrier has renewed it.");
    case "other-issuer":
      return t("its certificate is of another issuer. If the carrier has a new one, add it to the trunk's issuers.");
    case "other-name":
      return t("its certificate has none of the names that the trunk allows.");
  }
}

function nameOf({ host, port }: TrunkHop): string {
  return port === null ? host : `${hostText(host)}:${port}`;
}
