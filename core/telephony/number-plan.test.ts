// Dialled numbers: what they are, in which country, for which trunk; calls for help in every plan.
import { describe, expect, test } from "bun:test";
import { emergencyNumber, mayBeEmergency } from "./emergency.ts";
import { classifyNumber, formatNumber, isSimplePattern, type PlanRule, readNumber } from "./number-plan.ts";

const rule = (of: Partial<PlanRule>): PlanRule => ({
  ...{ matchType: "regex", match: "", normalizedFormat: "", numbers: [], digitLength: null, classification: "Own" },
  ...of,
});

describe("a dialled number", () => {
  test("is what its country makes of it", () => {
    for (const [country, dialled, number, classification] of [
      ["GB", "020 7946 0018", "+442079460018", "National"],
      ["GB", "07700 900342", "+447700900342", "National"],
      ["GB", "0909 879 0000", "+449098790000", "Premium"],
      ["GB", "0800 111 1111", "+448001111111", "Tollfree"],
      ["GB", "0049 170 1234567", "+491701234567", "International"],
      ["DE", "0170 1234567", "+491701234567", "Mobile"],
      ["DE", "+491701234567", "+491701234567", "Mobile"],
      ["DE", "0900 1234567", "+499001234567", "Premium"],
      ["US", "(212) 555-0123", "+12125550123", "National"],
      ["US", "+1 268 461 1234", "+12684611234", "International"],
      ["US", "1-900-555-1234", "+19005551234", "Premium"],
      ["FR", "06 12 34 56 78", "+33612345678", "Mobile"],
      ["AU", "0491 570 156", "+61491570156", "Mobile"],
    ] as const) {
      expect([dialled, classifyNumber([], dialled, country)]).toEqual([dialled, { number, classification }]);
    }
  });

  test("that is none, or too long, is none", () => {
    for (const dialled of ["", "+", "abc", "12", "1".repeat(33), "07700 900342;ext=1", "0".repeat(32)]) {
      expect([dialled, classifyNumber([], dialled, "GB")]).toEqual([dialled, null]);
    }
  });

  test("is what the first fitting plan says", () => {
    const plans = [
      rule({ matchType: "numberList", numbers: [{ start: "100", end: "199" }], classification: "Rooms" }),
      rule({ matchType: "E164NumberList", numbers: [{ start: "+442079460000", end: "+442079460999" }], classification: "Branch" }),
      rule({ match: "8(\\d{4})", normalizedFormat: "+4420794$1", classification: "Short" }),
      rule({ matchType: "interCountryCode", classification: "Abroad" }),
      rule({ matchType: "digitLength", digitLength: { start: 4, end: 4 }, classification: "PBX" }),
    ];
    const of = (dialled: string) => classifyNumber(plans, dialled, "GB");
    expect(of("150")).toEqual({ number: "150", classification: "Rooms" });
    expect(of("020 7946 0018")).toEqual({ number: "+442079460018", classification: "Branch" });
    expect(of("80018")).toEqual({ number: "+44207940018", classification: "Short" });
    expect(of("+4930123456")).toEqual({ number: "+4930123456", classification: "Abroad" });
    expect(of("4711")).toEqual({ number: "4711", classification: "PBX" });
  });

  test("loses the outside prefix that was dialled", () => {
    expect(classifyNumber([], "9 020 7946 0018", "GB", "9")).toEqual({ number: "+442079460018", classification: "National" });
  });
});

test("a trunk gets numbers in its form; what is no E.164 number stays as it is", () => {
  expect(formatNumber("+442079460018", "E164", "GB")).toBe("+442079460018");
  expect(formatNumber("+442079460018", "E164WithoutPlus", "GB")).toBe("442079460018");
  expect(formatNumber("+442079460018", "National", "GB")).toBe("02079460018");
  expect(formatNumber("+4930123456", "National", "GB")).toBe("004930123456");
  expect(formatNumber("112", "E164", "GB")).toBe("112");
});

test("a pattern that could be slow is refused", () => {
  for (const pattern of ["0\\d{4}", "(0|9)?1".replace("?", ""), "\\+44(\\d+)", "[2-9]\\d{2}", "1*", ""])
    expect([pattern, isSimplePattern(pattern)]).toEqual([pattern, true]);
  for (const pattern of ["(a+)+", "(\\d+)+$", "(\\d*)*", "\\d+\\d+\\d+\\d+", "(?=1)", "\\1", "[", "(", "x"]) {
    expect([pattern, isSimplePattern(pattern)]).toEqual([pattern, false]);
  }
});

describe("a call for help", () => {
  test("is known in its country, with and without the outside prefix, and by its URN", () => {
    expect(emergencyNumber("999", "GB")).toBe("999");
    expect(emergencyNumber("112", "GB")).toBe("112");
    expect(emergencyNumber("9999", "GB", "9")).toBe("999");
    expect(emergencyNumber("110", "DE")).toBe("110");
    expect(emergencyNumber("110", "GB")).toBeNull();
    expect(emergencyNumber("000", "AU")).toBe("000");
    expect(emergencyNumber("911", "US")).toBe("911");
    expect(emergencyNumber("urn:service:sos", "US")).toBe("911");
    expect(emergencyNumber("urn:service:sos.fire", "DE")).toBe("112");
    expect(emergencyNumber("1120", "DE")).toBeNull();
  });

  test("where nothing is known of the place, whatever may be one counts", () => {
    for (const number of ["000", "110", "112", "911", "999"]) expect(emergencyNumber(number, null)).toBe(number);
    expect([mayBeEmergency("911"), mayBeEmergency("9911"), mayBeEmergency("201")]).toEqual([true, true, false]);
  });
});

describe("a number as a trunk tells it", () => {
  test.each([
    ["02079460018", "National", "GB", "+442079460018"],
    ["+442079460018", "National", "GB", "+442079460018"],
    ["00493012345678", "National", "GB", "+493012345678"],
    ["201", "National", "GB", "201"],
    ["reception", "National", "GB", "reception"],
    ["", "National", "GB", ""],
    ["02079460018", "National", null, "02079460018"],
    ["442079460018", "E164WithoutPlus", "GB", "+442079460018"],
    ["201", "E164WithoutPlus", "GB", "201"],
    ["02079460018", "E164", "GB", "02079460018"],
  ] as const)("%s, as %s in %s, is %s", (told, format, country, number) => expect(readNumber(told, format, country)).toBe(number));
});
