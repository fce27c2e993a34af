// A flow changed by its form: only what was changed is changed, and what is added is whole.
import { expect, test } from "bun:test";
import { type FlowDocument, parseFlow } from "../../../core/architect/document.ts";
import { readSteps, stepChanges, stepsOf } from "./steps.ts";

const parsed = parseFlow({
  name: "Main",
  type: "INBOUNDCALL",
  start: "menu",
  actions: {
    menu: {
      ...{ type: "menu", name: "Menu", audio: ["system.menu"], choices: ["1", "2"], timeoutMs: 5_000 },
      outputs: { 1: "sales", 2: "bye", noInput: "bye" },
    },
    sales: { type: "transferToAcd", name: "Sales", queue: "Sales", priority: 7, outputs: { failure: "bye" } },
    bye: { type: "disconnect", name: "Goodbye", outputs: {} },
  },
});
const flow: FlowDocument = parsed.ok ? parsed.flow : (undefined as never);
const changed = (fields: readonly (readonly [string, string])[]): FlowDocument => {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return readSteps(flow, form, "Service");
};

test("steps come as a caller meets them", () => {
  expect(stepsOf(flow).map(({ id }) => id)).toEqual(["menu", "sales", "bye"]);
});

test("nothing written changes nothing", () => {
  expect(changed([])).toEqual(flow);
});

test("another prompt, another key, another pause", () => {
  const after = changed([
    ["menu.audio", "Opening"],
    ["menu.audio", ""],
    ["menu.timeout", "7,5"],
    ["menu.to.2", ""],
    ["menu.to.3", "bye"],
  ]);
  expect(after.actions.menu).toMatchObject({ audio: ["Opening"], timeoutMs: 7_500, choices: ["1", "3"] });
  expect(after.actions.menu!.outputs).toEqual({ 1: "sales", 3: "bye", noInput: "bye" });
  expect(after.actions.sales).toEqual(flow.actions.sales!);
});

test("a new step is whole: a queue, an announcement with its end", () => {
  const after = changed([
    ["menu.to.4", "new:queue"],
    ["menu.to.5", "new:prompt"],
  ]);
  expect(after.actions["menu-queue"]).toMatchObject({ type: "transferToAcd", queue: "Service" });
  expect(after.actions["menu-prompt"]!.outputs).toEqual({ next: "bye" });
  expect(parseFlow(after).ok).toBe(true);
});

test("a change is said in words, and only what is one", () => {
  const after = changed([
    ["menu.name", "Menu"],
    ["menu.audio", "Opening"],
    ["menu.to.2", ""],
    ["sales.inQueueFlow", ""],
    ["sales.to.failure", "bye"],
  ]);
  expect(stepChanges(flow, after)).toEqual([
    { step: "Menu", field: "audio", before: "system.menu", after: "Opening" },
    { step: "Menu", field: "to.2", before: "Goodbye", after: "–" },
  ]);
});
