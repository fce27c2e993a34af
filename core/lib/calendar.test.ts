// The organization's day and time, whatever the server's own zone is.
import { afterEach, expect, test } from "bun:test";
import { longDate, setHomeZone, startOfDay, timeOfDay } from "./calendar.ts";

const at = Date.UTC(2026, 6, 1, 22, 30, 5);

afterEach(() => setHomeZone(null));

test("times and days follow the organization's zone, with its summer time", () => {
  setHomeZone("Europe/Berlin");
  expect([timeOfDay(at), longDate(at)]).toEqual(["00:30:05", "Thursday 2 July 2026"]);
  expect(startOfDay(at)).toBe(Date.UTC(2026, 6, 1, 22));
  setHomeZone("Pacific/Auckland");
  expect([timeOfDay(at), startOfDay(at)]).toEqual(["10:30:05", Date.UTC(2026, 6, 1, 12)]);
});
