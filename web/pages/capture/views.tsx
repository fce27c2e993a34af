// The page of the packet capture: what goes on or is kept, and the form that begins one.
import { type Actor, can } from "../../../core/authorization/actor.ts";
import type { CaptureStatus } from "../../../core/call/call-control.ts";
import type { User } from "../../../core/directory/user.ts";
import { timeOfDay } from "../../../core/lib/calendar.ts";
import { captureBytesMax, captureKeptMs, captureMinutesMax, captureReasonMax } from "../../../core/lib/limits.ts";
import type { Capture } from "../../../core/telephony/capture.ts";
import type { Station, Trunk } from "../../../core/telephony/telephony.ts";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { Field, type FieldErrors, Group, Note } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { count, t } from "../../ui/text.ts";

export type CaptureValues = {
  readonly reason: string;
  readonly minutes: string;
  readonly keepMinutes: string;
  readonly trunkId: string;
  readonly stationId: string;
  readonly conversationId: string;
  readonly withVoice: boolean;
};

type Props = {
  readonly actor: Actor;
  readonly csrf: string;
  readonly values: CaptureValues;
  readonly errors: FieldErrors;
  readonly trunks: readonly Trunk[];
  readonly stations: readonly Station[];
  readonly users: readonly User[];
  readonly last: Capture | null;
  readonly kept: CaptureStatus;
};

export function CapturePage(props: Props) {
  const { actor, last } = props;
  const mayBegin = can(actor, "telephony:pcap:add");
  return (
    <div class="page">
      <Crumbs actor={actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t("Packet capture")}</h1>
        <p>
          {t("SIP and voice packets of this server as a file for Wireshark or tcpdump. Off unless somebody switches it on, for a while.")}
        </p>
      </div>
      {last === null ? null : <Kept {...props} last={last} />}
      {mayBegin && last?.endedAt !== null ? <Begin {...props} /> : null}
      {mayBegin || last !== null ? null : <p class="quiet">{t("Nothing is captured.")}</p>}
    </div>
  );
}

function Kept(props: Props & { readonly last: Capture }) {
  const { last, kept, users, trunks, stations, csrf, actor } = props;
  const isOn = last.endedAt === null;
  const nameIn = (rows: readonly { readonly id: string; readonly name: string }[], id: string): string =>
    rows.find((row) => row.id === id)?.name ?? id;
  const only = [
    last.trunkId === null ? null : nameIn(trunks, last.trunkId),
    last.stationId === null ? null : nameIn(stations, last.stationId),
    last.conversationId,
  ].filter((one) => one !== null);
  return (
    <section class="section" aria-labelledby="kept">
      <header>
        <h2 id="kept">{isOn ? t("Packets are captured") : t("What was captured")}</h2>
        {isOn ? (
          <span class="badge" data-tone="bad">
            <Icon name="circle" />
            {t("until {time}", { time: timeOfDay(last.untilAt) })}
          </span>
        ) : null}
      </header>
      <dl class="facts">
        <dt>{t("By")}</dt>
        <dd>{nameIn(users, last.by)}</dd>
        <dt>{t("Why")}</dt>
        <dd>{last.reason}</dd>
        <dt>{t("Only")}</dt>
        <dd>{only.length === 0 ? t("everything") : only.join(", ")}</dd>
        <dt>{t("Voice")}</dt>
        <dd>{last.withVoice ? t("as it was heard") : t("blanked, headers alone")}</dd>
        <dt>{t("Kept")}</dt>
        <dd>
          {count(kept.packets, "{n} packet", "{n} packets")}, {(kept.bytes / 1_048_576).toFixed(1)} MiB
          {kept.lost === 0 ? "" : `, ${count(kept.lost, "{n} was too many", "{n} were too many")}`}
        </dd>
      </dl>
      {isOn ? null : (
        <p class="quiet gap-below">{t("Kept in memory until {time}, then gone.", { time: timeOfDay(last.endedAt! + captureKeptMs) })}</p>
      )}
      <div class="actions gap-above">
        <a class="button" href="/admin/capture/packets.pcap" download="" hx-boost="false">
          <Icon name="download" />
          {t("Download pcap")}
        </a>
        {isOn && can(actor, "telephony:pcap:add") ? (
          <form method="post" action="/admin/capture/stop">
            <input type="hidden" name="csrf" value={csrf} />
            <button class="button" data-kind="danger" type="submit">
              {t("Stop")}
            </button>
          </form>
        ) : null}
      </div>
    </section>
  );
}

function Begin({ actor, csrf, values, errors, trunks, stations }: Props) {
  const mayHear = can(actor, "recording:recording:view");
  const options = (rows: readonly { readonly id: string; readonly name: string }[], chosen: string) => [
    <option value="">{t("any")}</option>,
    ...rows.map(({ id, name }) => (
      <option value={id} selected={id === chosen}>
        {name}
      </option>
    )),
  ];
  return (
    <form method="post" action="/admin/capture">
      <input type="hidden" name="csrf" value={csrf} />
      <Note tone="info" icon="shield-check">
        {t(
          "Credentials, keys and digits are never in it, and nothing of a call in a secure pause. Everybody who may capture sees that it is on.",
        )}
      </Note>
      <Group id="begin" title={t("Capture")} about={t("Beginning, end and every download are in the log, with your name and the reason.")}>
        <Field name="reason" label={t("Why")} error={errors.reason} wide>
          {(input) => <input class="input" {...input} value={values.reason} maxlength={captureReasonMax} required />}
        </Field>
        <Field
          name="minutes"
          label={t("For how many minutes")}
          error={errors.minutes}
          help={t("At most {n}; it ends by itself.", { n: captureMinutesMax })}
        >
          {(input) => <input class="input" {...input} type="number" min="1" max={captureMinutesMax} value={values.minutes} required />}
        </Field>
        <Field
          name="keepMinutes"
          label={t("Keep the last minutes")}
          error={errors.keepMinutes}
          help={t("In memory, {n} MiB at most: the oldest goes first.", { n: captureBytesMax / 1_048_576 })}
        >
          {(input) => <input class="input" {...input} type="number" min="1" max={captureMinutesMax} value={values.keepMinutes} required />}
        </Field>
        <Field
          name="withVoice"
          label={t("Voice")}
          error={errors.withVoice}
          help={mayHear ? undefined : t("With voice needs the permission recording:recording:view.")}
          wide
        >
          {(input) => (
            <select class="input" {...input}>
              <option value="false">{t("blanked, headers alone")}</option>
              {mayHear ? (
                <option value="true" selected={values.withVoice}>
                  {t("as it is heard, also where it is encrypted on the way")}
                </option>
              ) : null}
            </select>
          )}
        </Field>
      </Group>
      <Group id="only" title={t("Only")} about={t("Of whatever fits all of these; empty: of everything.")}>
        <Field name="trunkId" label={t("Trunk")} error={errors.trunkId}>
          {(input) => (
            <select class="input" {...input}>
              {options(trunks, values.trunkId)}
            </select>
          )}
        </Field>
        <Field name="stationId" label={t("Station")} error={errors.stationId}>
          {(input) => (
            <select class="input" {...input}>
              {options(stations, values.stationId)}
            </select>
          )}
        </Field>
        <Field name="conversationId" label={t("Conversation")} error={errors.conversationId} help={t("Its id; empty: any.")} wide>
          {(input) => <input class="input mono" {...input} value={values.conversationId} />}
        </Field>
      </Group>
      <div class="actions">
        <button class="button" data-kind="primary" type="submit">
          {t("Begin the capture")}
        </button>
      </div>
    </form>
  );
}
