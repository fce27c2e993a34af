// The customer's side of a trial: one number, one big button, a keypad. Every sentence is here; the script says which one holds.
import type { ToneSet } from "../../../core/telephony/tones.ts";
import { Document } from "../../ui/document.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";

const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function GuestCall(props: { readonly organization: string; readonly number: string; readonly tones: ToneSet }) {
  const states: readonly (readonly [string, string])[] = [
    ["ready", t("You are the customer. Nothing but this one call can be made from here.")],
    ["asking", t("The browser asks for your microphone: allow it.")],
    ["connecting", t("Calling")],
    ["up", t("Connected. When the menu speaks, press 2 to speak to somebody.")],
    ["ended", t("The call has ended.")],
    ["busy", t("A call from this link is up already, perhaps in another tab.")],
    ["refused", t("The centre did not take the call. Is the link older than an hour?")],
    ["no-microphone", t("No microphone: allow it for this page, then call again.")],
    ["no-way", t("No voice gets through between this browser and the server.")],
    ["offline", t("The server cannot be reached.")],
  ];
  return (
    <Document title={t("Call {name}", { name: props.organization })} bodyClass="gate guest" tones={props.tones}>
      <main id="guest" data-number={props.number} data-is="ready">
        <div class="brand">
          <Icon name="mark" />
          {props.organization}
        </div>
        <div>
          <h1 class="number">{props.number}</h1>
          <p class="quiet" role="status">
            {states.map(([name, text]) => (
              <span data-when={name}>{text}</span>
            ))}
          </p>
        </div>
        <p class="talk-time" data-talk-time aria-hidden="true">
          0:00
        </p>
        <div class="keys" role="group" aria-label={t("Keypad")}>
          {digits.map((digit) => (
            <button class="button" type="button" data-guest="digit" data-digit={digit} disabled>
              {digit}
            </button>
          ))}
        </div>
        <div class="stretch calls">
          <button class="button" data-kind="primary" data-size="large" type="button" data-guest="call">
            <Icon name="phone" />
            {t("Call")}
          </button>
          <button class="button" data-size="large" type="button" data-guest="mute" aria-pressed="false">
            <Icon name="mic-off" />
            {t("Mute")}
          </button>
          <button class="button" data-kind="danger" data-size="large" type="button" data-guest="end">
            <Icon name="phone-off" />
            {t("End")}
          </button>
        </div>
        <noscript>
          <p class="note" data-tone="wait">
            {t("Calling needs JavaScript.")}
          </p>
        </noscript>
      </main>
      <footer>
        <a href="/help/trial">{t("Help")}</a>
        <span>{t("The call is recorded.")}</span>
      </footer>
    </Document>
  );
}
