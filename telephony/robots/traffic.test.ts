// Tests of the day of callers, in virtual time: as many of each kind as should come, and nobody while nobody may.
import { expect, test } from "bun:test";
import { demoCallerDigits, demoCallerPrefix, demoCallers, demoLines } from "../../core/demo/centre.ts";
import { Seeded, VirtualTime, virtualEnv } from "../../core/simulation/virtual-time.ts";
import type { CallerPlan } from "./caller.ts";
import { Traffic } from "./traffic.ts";

const hours = 20;
const callers = { names: demoCallers, prefix: demoCallerPrefix, digits: demoCallerDigits };

function day(mayCall: () => boolean) {
  const time = new VirtualTime(Date.UTC(2026, 6, 1));
  const plans: CallerPlan[] = [];
  const env = virtualEnv(time, new Seeded(11));
  const traffic = new Traffic({ env, lines: demoLines, callers, mayCall, call: (plan) => void plans.push(plan) });
  traffic.start();
  const until = time.now + hours * 3_600_000;
  while (time.next(until));
  return { plans, traffic, time };
}

test("each kind comes about as often as it does, with keys, number and patience of its own", () => {
  const { plans } = day(() => true);
  for (const line of demoLines) {
    const isOfLine = (plan: CallerPlan): boolean =>
      plan.called === line.called && plan.keys.map(({ digit }) => digit).join("") === line.keys.map(({ digit }) => digit).join("");
    const perHour = plans.filter(isOfLine).length / hours;
    expect(perHour / line.perHour).toBeGreaterThan(0.85);
    expect(perHour / line.perHour).toBeLessThan(1.15);
  }
  expect(plans.every(({ number }) => /^\+441632960[3-9][0-9]{2}$/.test(number))).toBe(true);
  expect(new Set(plans.map(({ number }) => number)).size).toBeGreaterThan(300);
  expect(new Set(plans.map(({ patienceMs }) => patienceMs)).size).toBeGreaterThan(300);
});

test("nobody comes while nobody may, nor later in their place, nor after the end", () => {
  expect(day(() => false).plans).toEqual([]);
  const { traffic, time, plans } = day(() => true);
  traffic.stop();
  const before = plans.length;
  const until = time.now + 3_600_000;
  while (time.next(until));
  expect(plans.length).toBe(before);
});
