// Prices by the longest beginning, and alarms at limit + 1: money, new countries, nights; per person, class or all; released, they count anew.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { setHomeZone } from "../lib/calendar.ts";
import type { UserId } from "../lib/id.ts";
import {
  type AlarmFacts,
  type CallAlarm,
  type CallCharge,
  type CallStop,
  costOf,
  type NextCall,
  priceOf,
  rateIn,
  trippedBy,
} from "./call-alarm.ts";

beforeAll(() => setHomeZone("Europe/London"));
afterAll(() => setHomeZone(null));

describe("the price of a call", () => {
  const tables = [{ rates: ["44 0.01", "447 0.05", "* 0.5"] }, { rates: ["1 0.02"] }];
  test.each([
    ["+442079460018", 0.01],
    ["+447400123456", 0.05],
    ["+12125550123", 0.02],
    ["+493012345678", 0.5],
  ])("%s costs %d a minute", (number, price) => expect(priceOf(tables, number)).toBe(price));
  test("is nothing where no table knows the number, and counts begun seconds", () => {
    expect(priceOf([{ rates: ["44 0.01"] }], "+12125550123")).toBe(0);
    expect([costOf(60_000, 0.6), costOf(1, 0.6), costOf(1_001, 0.6), costOf(0, 0.6)]).toEqual([0.6, 0.01, 0.02, 0]);
  });
  test.each([["44 0.012"], ["+44 1"], ["* 0.5"], ["1 12.5"]])("%s is a rate", (line) => expect(rateIn(line)).not.toBeNull());
  test.each([["44"], ["044 1"], ["x 1"], ["44 -1"], ["44 1,5"], ["44 1 2"], [""]])("%j is none", (line) => expect(rateIn(line)).toBeNull());
});

// A Wednesday, 12:00 in London.
const now = Date.UTC(2026, 0, 7, 12);
const day = Date.UTC(2026, 0, 7);
const hour = 3_600_000;

const alarm = (of: Partial<CallAlarm> = {}): CallAlarm =>
  ({
    ...{ id: "alarm", name: "Alarm", rule: "spend", scope: "user", classification: "", limitValue: 10, period: "day" },
    ...{ opensAt: "08:00", closesAt: "18:00", openDays: ["1", "2", "3", "4", "5"], action: "block", enabled: true },
    ...of,
  }) as CallAlarm;
const charge = (of: Partial<CallCharge> = {}): CallCharge => ({
  ...{ id: "c", userId: "ada" as UserId, classification: "National", country: "GB", startedAt: now - hour, amount: 4 },
  ...of,
});
const stop = (of: Partial<CallStop> = {}): CallStop => ({
  ...{ alarmId: "alarm", subject: "ada", organizationId: "o", country: "", value: 12, stoppedAt: now - hour, releasedAt: null },
  ...of,
});
const call = (of: Partial<NextCall> = {}): NextCall => ({
  userId: "ada" as UserId,
  number: "+442079460018",
  classification: "National",
  ...of,
});
const facts = (of: Partial<AlarmFacts> = {}): AlarmFacts => ({
  ...{ now, charges: [], countries: new Map([["GB", 0]]), stops: [], since: { day, month: Date.UTC(2026, 0, 1) } },
  ...of,
});
const values = (of: Partial<CallAlarm>, next: Partial<NextCall>, given: Partial<AlarmFacts>): readonly (number | string)[] =>
  trippedBy([alarm(of)], call(next), facts(given)).flatMap(({ value, subject }) => [value, subject]);

describe("TF-01: money", () => {
  const three = [charge(), charge({ id: "d" }), charge({ id: "e", amount: 2 })];
  test("acts on the call after the limit, and not before", () => {
    expect(values({}, {}, { charges: three.slice(0, 2) })).toEqual([]);
    expect(values({}, {}, { charges: three })).toEqual([10, "ada"]);
  });
  test("is counted by person, by class, or of all together; only in its period", () => {
    const charges = [...three, charge({ userId: "bob" as UserId, classification: "Mobile", amount: 50 })];
    expect(values({}, { userId: "cem" as UserId }, { charges })).toEqual([]);
    expect(values({ scope: "organization", limitValue: 60 }, { userId: "cem" as UserId }, { charges })).toEqual([60, ""]);
    expect(values({ scope: "classification", classification: "Mobile" }, { classification: "Mobile" }, { charges })).toEqual([
      50,
      "Mobile",
    ]);
    expect(values({ scope: "classification", classification: "Mobile" }, {}, { charges })).toEqual([]);
    const yesterday = [charge({ startedAt: day - hour, amount: 99 })];
    expect(values({}, {}, { charges: yesterday })).toEqual([]);
    expect(values({ period: "month" }, {}, { charges: yesterday })).toEqual([99, "ada"]);
  });
  test("that is stopped stays so, on another day too, until it is released; then it counts anew", () => {
    expect(values({}, {}, { stops: [stop({ stoppedAt: day - 9 * hour })] })).toEqual([12, "ada"]);
    expect(values({}, { userId: "bob" as UserId }, { stops: [stop()] })).toEqual([]);
    const released = stop({ releasedAt: now - hour / 2 });
    expect(values({}, {}, { charges: three, stops: [released] })).toEqual([]);
    expect(values({}, {}, { charges: [...three, charge({ startedAt: now, amount: 11 })], stops: [released] })).toEqual([11, "ada"]);
    // An alarm that only tells is held by no stop of another time.
    expect(values({ action: "notify" }, {}, { stops: [stop()] })).toEqual([]);
  });
  test("acts not when it is switched off", () => expect(values({ enabled: false }, {}, { charges: three })).toEqual([]));
});

describe("TF-01: a country where no call ever went", () => {
  const rule = { rule: "new-country", limitValue: 0, scope: "organization" } as const;
  const toCuba = { number: "+5378301234", classification: "International" };
  test("acts on the first call, and not where calls went before", () => {
    expect(trippedBy([alarm(rule)], call(toCuba), facts())).toMatchObject([{ country: "CU", value: 1, subject: "" }]);
    expect(values(rule, {}, {})).toEqual([]);
    expect(values(rule, toCuba, { countries: new Map([["CU", now - 99 * hour]]) })).toEqual([]);
  });
  test("allows as many new ones as it says in its period", () => {
    const germany = charge({ country: "DE" });
    const seen = new Map([
      ["GB", 0],
      ["DE", germany.startedAt],
    ]);
    expect(values({ ...rule, limitValue: 1 }, toCuba, {})).toEqual([]);
    expect(values({ ...rule, limitValue: 1 }, toCuba, { charges: [germany], countries: seen })).toEqual([2, ""]);
  });
  test("knows a country that was released", () => {
    const released = stop({ subject: "", country: "CU", releasedAt: now - 1 });
    expect(values(rule, toCuba, { stops: [released] })).toEqual([]);
    expect(values(rule, { ...toCuba, number: "+493012345678" }, { stops: [released] })).toEqual([1, ""]);
  });
});

describe("TF-01: calls at night", () => {
  const rule = { rule: "night", limitValue: 1 } as const;
  const night = Date.UTC(2026, 0, 7, 22);
  test("act beyond what is allowed, at night only", () => {
    const one = [charge({ startedAt: night - hour })];
    expect(values(rule, {}, { charges: one })).toEqual([]);
    expect(values(rule, {}, { now: night, charges: [] })).toEqual([]);
    expect(values(rule, {}, { now: night, charges: one })).toEqual([2, "ada"]);
    // By day is no night, and counts nothing then.
    expect(values(rule, {}, { now: night, charges: [charge({ startedAt: now })] })).toEqual([]);
  });
  test("a Sunday is night all day, and hours may go beyond midnight", () => {
    const sunday = Date.UTC(2026, 0, 11, 12);
    expect(values({ ...rule, limitValue: 0 }, {}, { now: sunday })).toEqual([1, "ada"]);
    expect(values({ ...rule, limitValue: 0, opensAt: "20:00", closesAt: "04:00" }, {}, { now: night })).toEqual([]);
    expect(values({ ...rule, limitValue: 0, opensAt: "20:00", closesAt: "04:00" }, {}, { now })).toEqual([1, "ada"]);
    expect(values({ ...rule, limitValue: 0, opensAt: "08:00", closesAt: "08:00" }, {}, { now })).toEqual([1, "ada"]);
  });
});
