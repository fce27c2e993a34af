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

export function startLive(): void {
  open();
  addEventListener("landline:arrived", open);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) open(true);
  });
  setInterval(watch, 500);
}

// A page with other topics, or one that was hidden, asks anew: what comes first is everything as it is now.
function open(anew: boolean | Event = false): void {
  const wanted = [...document.querySelectorAll<HTMLElement>("#main [data-live]")].map((element) => element.dataset.live).join(",");
  if (source !== null && source.readyState !== EventSource.CLOSED && wanted === topics && anew !== true) return;
  source?.close();
  topics = wanted;
  source = new EventSource(`/live?topics=${encodeURIComponent(wanted)}`);
  source.addEventListener("beat", beat);
  source.addEventListener("bye", ({ data }) => (data === "signed-out" ? location.reload() : open(true)));
  source.addEventListener("fragment", ({ data }) => show(data as string));
}

function beat({ data }: MessageEvent): void {
  const { now, problem } = JSON.parse(data as string) as { now: number; problem: string | null };
  heardAt = performance.now();
  setServerNow(now);
  mark(true, problem);
}

// Silence is noticed here, not by the browser: it would wait for a minute.
function watch(): void {
  if (performance.now() - heardAt < silentMs) return;
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

/** Each top-level element replaces the one with its id; what is the same is left alone, and so is what somebody is typing in. */
function show(html: string): void {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const element of template.content.children) {
    const before = document.getElementById(element.id);
    const text = element.outerHTML;
    if (before === null || shown.get(element.id) === text) continue;
    if (before.contains(document.activeElement) && document.activeElement?.matches("input, textarea, select")) continue;
    shown.set(element.id, text);
    htmx.swap({ text, target: before, swap: "outerMorph" });
  }
  tick();
  dispatchEvent(new CustomEvent("landline:shown"));
}
