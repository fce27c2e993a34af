// Tests for what a carrier says of a call.
import { expect, test } from "bun:test";
import { networkFactsOf } from "./network-facts.ts";
import { parseDatagram } from "./sip/message/parser.ts";

function facts(from: string, ...lines: string[]) {
  const head = [
    "INVITE sip:201@pbx SIP/2.0",
    "Via: SIP/2.0/UDP h;branch=z9hG4bKx",
    `From: ${from};tag=a`,
    "To: <sip:201@pbx>",
    "Call-ID: c",
  ];
  const parsed = parseDatagram(Buffer.from([...head, "CSeq: 1 INVITE", ...lines, "", ""].join("\r\n")));
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error("not read");
  const { verification, divertedBy, firstCalled } = networkFactsOf(parsed.message);
  return [verification, divertedBy, firstCalled];
}
const plain = "<sip:+44161@c>";

test("whether the number was verified stands in P-Asserted-Identity before From, in either kind of URI", () => {
  expect(facts("<sip:+44161;verstat=TN-Validation-Passed@c;user=phone>")).toEqual(["passed", null, null]);
  expect(facts("<tel:+44161;verstat=No-TN-Validation>")).toEqual(["none", null, null]);
  expect(facts("<sip:+44161;verstat=TN-Validation-Passed@c>", "P-Asserted-Identity: <tel:+44161;verstat=TN-Validation-Failed>")[0]).toBe(
    "failed",
  );
  expect([facts(plain)[0], facts("<sip:+44161;verstat=Surely@c>")[0], facts('"x;verstat=TN-Validation-Passed" <sip:1@c>')[0]]).toEqual([
    null,
    null,
    null,
  ]);
});

test("Diversion has the last one first; who wants not to be told of is not", () => {
  const twice = ["Diversion: <sip:+4411@c>;reason=no-answer;counter=1", "Diversion: <sip:+4422@c>;reason=unconditional"];
  expect(facts(plain, ...twice)).toEqual([null, "+4411", "+4422"]);
  expect(facts(plain, "Diversion: <tel:+4411>")).toEqual([null, "+4411", "+4411"]);
  expect(facts(plain, "Diversion: <sip:+4411@c>;privacy=full, <sip:+4422@c>;privacy=off")).toEqual([null, null, "+4422"]);
  expect(facts(plain, "Diversion: broken <")).toEqual([null, null, null]);
  expect(facts(plain, "Diversion: <sip:call-me-now@evil>")).toEqual([null, null, null]);
});

test("History-Info lists whoever was called; the last is us, and one entry is no diversion", () => {
  const history = "History-Info: <sip:+4422@c>;index=1, <sip:+4411@c;cause=302>;index=1.1;mp=1, <sip:201@pbx>;index=1.1.1;mp=1.1";
  expect(facts(plain, history)).toEqual([null, "+4411", "+4422"]);
  expect(facts(plain, "History-Info: <sip:201@pbx>;index=1")).toEqual([null, null, null]);
  expect(facts(plain, "History-Info: <sip:+4422@c?Privacy=history>;index=1, <sip:201@pbx>;index=1.1")).toEqual([null, null, null]);
});
