// What is wrong with the sound of a call, in one plain sentence with the probable cause: for whoever is in it, and for whoever looks at it.
import type { SoundDirection, Trouble, TroubleCause } from "../../core/call/call-control.ts";
import type { TroubleInCall } from "../../core/routing/queries.ts";
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";

/** In the dock: what the person cannot know (that they are not heard) and what they wonder about (that they hear nothing). */
export function TroubleOfCall(props: { readonly trouble: TroubleInCall | null }) {
  const { trouble } = props;
  return (
    <div class="sound" role="alert" data-cause={trouble?.trouble.cause} data-whose={trouble?.whose}>
      {trouble === null ? null : (
        <p data-tone={trouble.trouble.cause === "poor" ? "wait" : "bad"}>
          <Icon name={trouble.trouble.cause === "poor" ? "triangle-alert" : iconOf(trouble)} />
          <span>
            <b>{headline(trouble)}</b> {why(trouble.trouble, trouble.direction, trouble.whose)}
          </span>
        </p>
      )}
    </div>
  );
}

function iconOf({ whose, direction }: TroubleInCall): string {
  return (whose === "own") === (direction === "from") ? "mic-off" : "circle-alert";
}

function headline({ whose, direction, trouble, name }: TroubleInCall): string {
  const isHearing = (whose === "own") === (direction === "from");
  const who = { name: name || (isHearing ? t("The caller") : t("the caller")) };
  if (trouble.cause === "poor") return isHearing ? t("{name} hears you badly.", who) : t("You hear {name} badly.", who);
  return isHearing ? t("{name} cannot hear you.", who) : t("You cannot hear {name}.", who);
}

/** On the conversation's page: whose leg, which way. */
export function troubleOfLeg(name: string, direction: SoundDirection, trouble: Trouble): { readonly what: string; readonly why: string } {
  const who = { name };
  const isPoor = trouble.cause === "poor";
  const what =
    direction === "from"
      ? isPoor
        ? t("{name} is heard badly.", who)
        : t("{name} is not heard.", who)
      : isPoor
        ? t("{name} hears badly.", who)
        : t("{name} hears nothing.", who);
  return { what, why: why(trouble, direction, "other") };
}

const causesOfOther: Readonly<Record<Exclude<TroubleCause, "poor">, string>> = {
  "never-came": "Nothing has arrived from {detail} since the answer. A firewall or an address behind NAT is the probable cause.",
  stopped: "Nothing arrives from {detail} any more. Their connection is probably gone.",
  "other-address": "Their sound comes from {detail}, which is not the address that was named, and is refused.",
  "not-authentic": "What arrives cannot be decrypted and is refused.",
  "other-codec": "What arrives is in a codec that was not agreed.",
  "sends-nothing": "Their device reports that it sends nothing. Its microphone is probably off.",
  "lost-on-the-way": "Their device reports that it sends. A firewall on the way is the probable cause.",
  "not-connected": "Their voice connection is not up. A firewall between is the probable cause.",
  gone: "Their browser has not answered for half a minute. Its computer or its network is gone.",
  "only-silence": "Only silence arrives. They are probably muted, or their microphone is off.",
  "not-received": "Their device reports that nothing arrives. A firewall on the way is the probable cause.",
};

const causesOfOwn: Readonly<Record<Exclude<TroubleCause, "poor">, string>> = {
  "never-came": "Nothing has arrived from your device since the answer. A firewall between it and this server is the probable cause.",
  stopped: "Nothing arrives from your device any more. Its connection is probably gone.",
  "other-address": "Your sound comes from {detail}, which is not the address that your device named, and is refused.",
  "not-authentic": "What arrives from your device cannot be decrypted and is refused.",
  "other-codec": "Your device sends a codec that was not agreed.",
  "sends-nothing": "Your device reports that it sends nothing. Its microphone is probably off.",
  "lost-on-the-way": "Your device sends, and nothing arrives. A firewall between it and this server is the probable cause.",
  "not-connected": "Your voice connection is not up. A firewall between it and this server is the probable cause.",
  gone: "Your browser has not answered for half a minute: nothing more is sent to it. Its network is probably gone.",
  "only-silence": "Only silence arrives from your device. Its microphone is probably muted, or another one is in use.",
  "not-received": "Your device reports that nothing arrives. A firewall between it and this server is the probable cause.",
};

function why({ cause, detail }: Trouble, direction: SoundDirection, whose: TroubleInCall["whose"]): string {
  if (cause === "poor") {
    if (detail === "0") return t("The sound comes late.");
    if (whose === "other") return t("{n}% of it is lost on the way.", { n: detail });
    return direction === "from"
      ? t("{n}% of what your device sends is lost on the way.", { n: detail })
      : t("{n}% of what is sent to your device is lost on the way.", { n: detail });
  }
  return t((whose === "own" ? causesOfOwn : causesOfOther)[cause], { detail: detail || t("their device") });
}
