// The live stream's end in the page: puts fragments where their ids say, and says "not live" when the heartbeat stops.
import htmx from "htmx.org";
import { setServerNow, tick } from "./clocks.ts";
import { word } from "./words.ts";

/** A client that hears nothing for this long is not live. */
const silentMs = 2_000;
const retryMs = 1_000;

let source: EventSource | null = null;
let topics = "";
let heardAt = 0;
const shown = new Map<string, string>();
let main: HTMLElement | null = null;

export function startLive(): void {
  open();
  main = document.getElementById("main");
  addEventListener("landline:arrived", arrived);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) open(true);
  });
  setInterval(watch, 500);
}

// What came while a page was on its way went to the one before. Fragments arrive too, and leave the page what it is.
function arrived(): void {
  const before = main;
  main = document.getElementById("main");
  open(main !== before && wantedTopics() !== "");
}

// A page with other topics, or one that was hidden, asks anew: what comes first is everything as it is now.
function open(anew: boolean | Event = false): void {
  const wanted = wantedTopics();
  if (source !== null && source.readyState !== EventSource.CLOSED && wanted === topics && anew !== true) return;
  source?.close();
  shown.clear();
  topics = wanted;
  source = new EventSource(`/live?topics=${encodeURIComponent(wanted)}`);
  source.addEventListener("beat", beat);
  source.addEventListener("bye", ({ data }) => (data === "signed-out" ? location.reload() : open(true)));
  source.addEventListener("fragment", ({ data }) => show(data as string));
}

function wantedTopics(): string {
  return [...document.querySelectorAll<HTMLElement>("#main [data-live]")].map((element) => element.dataset.live).join(",");
}

function beat({ data }: MessageEvent): void {
  const { now, problem } = JSON.parse(data as string) as { now: number; problem: string | null };
  const wasSilent = isSilent();
  heardAt = performance.now();
  if (wasSilent) dispatchEvent(new CustomEvent("landline:live-again"));
  setServerNow(now);
  mark(true, problem);
}

function isSilent(): boolean {
  return performance.now() - heardAt >= silentMs;
}

// Silence is noticed here, not by the browser: it would wait for a minute.
function watch(): void {
  if (!isSilent()) return;
  mark(false, null);
  if (source?.readyState === EventSource.CLOSED || performance.now() - heardAt > silentMs + retryMs) {
    heardAt = performance.now() - silentMs;
    open(true);
  }
}

function mark(live: boolean, problem: string | null): void {
  document.body.dataset.live = live ? "true" : "false";
  const state = document.getElementById("live-state");
  if (state === null) return;
  const text = live
    ? (problem ?? "")
    : word("Not live: the server does not answer. This page tries again by itself; if that lasts, see that this computer has a network.");
  if (state.textContent === text) return;
  state.textContent = text;
  state.classList.toggle("visually-hidden", text === "");
  state.classList.toggle("banner", text !== "");
}

/** Each top-level element replaces the one with its id; what is the same is left alone, what is unfolded stays so, and so does what somebody is typing in. */
function show(html: string): void {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const element of template.content.children) {
    const before = document.getElementById(element.id);
    const text = element.outerHTML;
    if (before === null || shown.get(element.id) === text) continue;
    if (before.contains(document.activeElement) && document.activeElement?.matches("input, textarea, select")) continue;
    // What is known of its parts, and of what it is part of, holds no longer.
    for (const id of shown.keys()) {
      const other = document.getElementById(id);
      if (other === null || other.contains(before) || before.contains(other)) shown.delete(id);
    }
    shown.set(element.id, text);
    for (const fold of before.querySelectorAll<HTMLDetailsElement>("details[id][open]"))
      element.querySelector(`#${fold.id}`)?.setAttribute("open", "");
    htmx.swap({ text: element.outerHTML, target: before, swap: "outerMorph" });
  }
  tick();
  dispatchEvent(new CustomEvent("landline:shown"));
}
