// What a test call says of each kind of failure: a sentence, what to mend, and the carrier's own words; one word of those decides between causes.
import { expect, test } from "bun:test";
import type { TestCall, TestCallStep } from "../../../core/call/test-call.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import { wordsOf } from "./test-call-words.ts";

const trunk = (of: Partial<Trunk> = {}): Trunk =>
  ({
    ...{ username: "", sealedPassword: null, codecs: ["PCMA", "PCMU"], mediaEncryption: "disabled", callerIdHeader: "P-Asserted-Identity" },
    ...of,
  }) as unknown as Trunk;
const call = { number: "+442079460018", sent: "+442079460018", shown: { number: "+441632960100", name: "" } } as unknown as TestCall;
const words = (step: object, of: Partial<Trunk> = {}): string => {
  const { what, mend, said } = wordsOf({ at: 0, ...step } as TestCallStep, { test: call, trunk: trunk(of), country: "GB" });
  return [what, mend, said].filter((part) => part !== "").join(" | ");
};
const failed = (sipStatus: number | null, said = "", reason = "unreachable"): object => ({ kind: "failed", reason, sipStatus, said });

test.each([
  [failed(null), {}, /^No response in time\. \| The carrier does not say a word/],
  [failed(null, "", "no-answer"), {}, /^Nobody picked up in time/],
  [failed(401), {}, /^401: the carrier wants to know who we are\. \| It does not know our address, or wants an account/],
  [failed(407), { username: "bank" }, /has no password here/],
  [failed(407), { username: "bank", sealedPassword: "x" }, /refuses user name and password/],
  [
    failed(403, "Forbidden"),
    {},
    /^403: the carrier forbids this call\. \| Usually for one of three reasons.*\+441632960100.* \| Forbidden$/,
  ],
  [failed(403, "CLI not permitted"), {}, /^403: the number shown is refused\. \| \+441632960100 was shown, in P-Asserted-Identity/],
  [failed(404), {}, /sent as \+442079460018\. Other forms .* has: 442079460018, 02079460018\./],
  [failed(484), {}, /does not know this number, or not in this form/],
  [failed(486, "", "declined"), {}, /^486: busy/],
  [failed(487, "", "no-answer"), {}, /ended before an answer/],
  [failed(488), {}, /Codec refused: it was offered PCMA, PCMU, not encrypted/],
  [failed(488), { mediaEncryption: "required" }, /It is encrypted \(SRTP/],
  [failed(503, "", "overloaded"), {}, /^503: the carrier takes no call now/],
  [failed(302), {}, /^302: the carrier sends the call elsewhere/],
  [failed(500), {}, /^500: something is broken at the carrier/],
  [failed(420), {}, /^420: the carrier refuses the call/],
  [failed(null, "", "not-encrypted"), {}, /takes no encrypted voice/],
  [failed(null, "", "media-failed"), {}, /Codec refused: offer what the carrier speaks/],
  [{ kind: "way", host: "sip.x.example", address: null, trouble: { kind: "no-such-name" } }, {}, /Nobody knows the name sip\.x\.example/],
  [
    { kind: "way", host: "sip.x.example", address: "192.0.2.1:5061", trouble: { kind: "certificate", fault: "expired", shown: "CN=x" } },
    {},
    /^sip\.x\.example shows a certificate that is not believed\. \| .*has expired.* \| CN=x$/,
  ],
] as const)("%o", (step, of, expected) => expect(words(step, of as Partial<Trunk>)).toMatch(expected));
