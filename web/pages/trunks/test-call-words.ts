// What happened to a test call, step by step in plain words, and what there is to mend.
import type { TestCall, TestCallStep } from "../../../core/call/test-call.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import { formatNumber, numberFormats } from "../../../core/telephony/number-plan.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import { t } from "../../ui/text.ts";
import { troubleOfLeg } from "../../ui/trouble.tsx";
import { certificateText, troubleText } from "./trouble-words.ts";

/** `mend`: what to do about it; empty: nothing. `said`: the carrier's own words. */
export type StepWords = {
  readonly tone: "ok" | "wait" | "bad" | "plain";
  readonly what: string;
  readonly mend: string;
  readonly said: string;
};

export type TestContext = { readonly test: TestCall; readonly trunk: Trunk; readonly country: string };

const say = (tone: StepWords["tone"], what: string, mend = "", said = ""): StepWords => ({ tone, what, mend, said });

export function wordsOf(step: TestCallStep, context: TestContext): StepWords {
  switch (step.kind) {
    case "way": {
      const where = { host: step.host, address: step.address ?? hostText(step.host) };
      if (step.trouble === null) return say("ok", t("{host} is found: {address}.", where));
      const mend = troubleText(step.trouble, step.host, step.address);
      return step.trouble.kind === "certificate"
        ? say("bad", t("{host} shows a certificate that is not believed.", where), mend, certificateText(step.trouble))
        : say("bad", t("No way to {host}.", where), mend);
    }
    case "ringing":
      return say("ok", step.hasEarlyMedia ? t("The carrier lets its own tones be heard.") : t("It rings at the other end."));
    case "answered":
      return say("ok", t("Answered. A tone plays."));
    case "voice":
      return say("ok", t("Voice comes from the other side."));
    case "unprotected":
      return say(
        "wait",
        t("The carrier does not encrypt voice, and was called in plain."),
        t("Ask it for SRTP, or set the trunk's voice encryption to none."),
      );
    case "trouble": {
      if (step.trouble === null) return say("ok", step.direction === "from" ? t("Voice comes again.") : t("They hear us again."));
      const { what, why } = troubleOfLeg(t("The other side"), step.direction, step.trouble);
      return say(step.trouble.cause === "poor" ? "wait" : "bad", what, why);
    }
    case "failed":
      return failure(step, context);
    case "hung-up":
      return say("plain", t("The other side hung up."));
    case "taken-down":
      return say("plain", t("We hung up, as planned."));
    case "stopped":
      return say("plain", t("Stopped by hand."));
    case "preempted":
      return say("wait", t("Ended: a call for help needed the line."));
    case "node-stopped":
      return say("wait", t("Ended: this server stops."));
  }
}

type Failed = Extract<TestCallStep, { kind: "failed" }>;

function failure(step: Failed, context: TestContext): StepWords {
  const { reason, sipStatus: status, said } = step;
  const { trunk } = context;
  if (reason === "not-encrypted")
    return say(
      "bad",
      t("The carrier takes no encrypted voice, and this trunk makes no call without."),
      t("Ask it for SRTP with keys by SDES, or lower the trunk's voice encryption."),
      said,
    );
  if (reason === "media-failed")
    return say(
      "bad",
      t("Answered with a description of voice that cannot be taken."),
      t("Codec refused: offer what the carrier speaks. This trunk offers {codecs}.", { codecs: trunk.codecs.join(", ") }),
      said,
    );
  if (status === null) return silence(step);
  const refused = refusal(status, said, context);
  return { ...refused, what: t("{status}: {what}", { status, what: refused.what }), said };
}

function silence({ reason }: Failed): StepWords {
  if (reason === "no-answer")
    return say(
      "wait",
      t("Nobody picked up in time."),
      t("Signalling works. Call a number where somebody answers to hear whether voice does."),
    );
  return say(
    "bad",
    t("No response in time."),
    t(
      "The carrier does not say a word: see address, port and transport, a firewall on the way, and whether it knows our address. Some stay silent to strangers.",
    ),
  );
}

/** A word of the carrier's that it is about who calls. */
const isAboutCaller = /caller|\bcli\b|\bclid\b|\bani\b|identity|anonym|\bfrom\b|originat|presentation|screening/i;

function refusal(status: number, said: string, context: TestContext): StepWords {
  const { trunk, test } = context;
  const number = (): StepWords =>
    say(
      "bad",
      t("the carrier does not know this number, or not in this form."),
      t("It was sent as {sent}. Other forms that “Numbers are sent as” has: {others}.", { sent: test.sent, others: otherForms(context) }),
    );
  const caller = (): StepWords =>
    say(
      "bad",
      t("the number shown is refused."),
      t("{shown} was shown, in {header}. Show one that the carrier has given you, in the form that it wants.", {
        shown: test.shown.number || t("No number"),
        header: trunk.callerIdHeader,
      }),
    );
  switch (status) {
    case 401:
    case 407:
      return account(trunk);
    case 402:
      return say("bad", t("the carrier wants money."), t("See the balance and the limits of your account there."));
    case 403:
      if (isAboutCaller.test(said)) return caller();
      return say(
        "bad",
        t("the carrier forbids this call."),
        t(
          "Usually for one of three reasons: it does not know our address or account, the number shown ({shown}) is not yours there, or your contract does not allow the destination.",
          { shown: test.shown.number || t("No number") },
        ),
      );
    case 404:
    case 410:
    case 484:
    case 485:
    case 604:
      return number();
    case 400:
    case 416:
      return say(
        "bad",
        t("the carrier cannot read the call."),
        t("See the form of the number, {sent}, and the trunk's domain.", { sent: test.sent }),
      );
    case 428:
    case 429:
    case 433:
    case 436:
    case 437:
    case 438:
      return caller();
    case 408:
      return say(
        "bad",
        t("the carrier got no answer where it passed the call on."),
        t("Try another number; if that fails, too, ask the carrier."),
      );
    case 415:
    case 488:
    case 606:
      return voiceRefused(trunk);
    case 422:
      return say("bad", t("the carrier wants longer session timers than there are here."), t("Switch the trunk's session timers off."));
    case 480:
      return say("wait", t("nobody can be reached at this number now."), t("Signalling works. Try another number."));
    case 482:
    case 483:
      return say(
        "bad",
        t("the call goes round in circles."),
        t("The carrier sends it back to us: see where it has this number, and our domain there."),
      );
    case 486:
    case 600:
      return say("wait", t("busy."), t("Signalling works. Try another number, or try again."));
    case 487:
      return say("wait", t("the call was ended before an answer."), t("Not by us: ask the carrier why, if it happens again."));
    case 503:
      return say(
        "bad",
        t("the carrier takes no call now."),
        t(
          "All of its lines for you may be taken, or it does not know our address. See the calls at once of your contract; try again in a moment.",
        ),
      );
    case 513:
      return say("bad", t("the call is too large for UDP."), t("Set the transport to TCP."));
    case 603:
    case 607:
    case 608:
      return isAboutCaller.test(said)
        ? caller()
        : say("bad", t("declined."), t("Somebody, or a filter on the way, does not want this call."));
    default:
      if (status >= 300 && status < 400)
        return say(
          "wait",
          t("the carrier sends the call elsewhere."),
          t("A test follows nowhere. See “A call that is sent elsewhere” in the trunk's settings."),
        );
      return status >= 500
        ? say("bad", t("something is broken at the carrier."), t("Try again; if it lasts, ask the carrier and name the time."))
        : say("bad", t("the carrier refuses the call."), t("Ask the carrier, and name the time and this number."));
  }
}

function account({ username, sealedPassword }: Trunk): StepWords {
  const what = t("the carrier wants to know who we are.");
  if (username === "")
    return say(
      "bad",
      what,
      t("It does not know our address, or wants an account: give it the address, or fill in the account that it has given you."),
    );
  if (sealedPassword === null) return say("bad", what, t("The account has no password here: set it on the page Connection."));
  return say("bad", what, t("It refuses user name and password: see both, and the domain."));
}

function voiceRefused({ mediaEncryption, codecs }: Trunk): StepWords {
  if (mediaEncryption === "required")
    return say(
      "bad",
      t("the carrier refuses the voice that is offered."),
      t(
        "It is encrypted (SRTP, keys by SDES). See whether the carrier has that switched on for you, and whether it speaks one of {codecs}.",
        {
          codecs: codecs.join(", "),
        },
      ),
    );
  return say(
    "bad",
    t("the carrier refuses the voice that is offered."),
    t("Codec refused: it was offered {codecs}, not encrypted. Ask which codecs it speaks, and whether it demands SRTP.", {
      codecs: codecs.join(", "),
    }),
  );
}

function otherForms({ test, country }: TestContext): string {
  const forms = numberFormats.map((format) => formatNumber(test.number, format, country)).filter((form) => form !== test.sent);
  return [...new Set(forms)].join(", ") || "–";
}
