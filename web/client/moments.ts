// One conversation, many drawings: the moment that is pointed at, or has the focus, is shown in all of them, in the timeline and in the ladder.

const svgNamespace = "http://www.w3.org/2000/svg";
/** All but the one that holds the patterns. */
const charts = "#xray .lanes > svg:not(:has(> defs))";
/** Lists in which the last entry at or before the moment is marked. */
const lists = [".timeline > li[data-at]", "#ladder tr[data-at]", "#moments-table tr[data-at]"];

/** Epoch ms; null: none. */
let shownAt: number | null = null;
let shownOn = "";

export function startMoments(): void {
  document.addEventListener("pointerover", pointed);
  document.addEventListener("pointermove", pointed);
  document.addEventListener("focusin", ({ target }) => {
    const at = instantOf(target);
    if (at !== null) show(at);
  });
  document.addEventListener("keydown", moved);
  document.addEventListener("click", followed);
  // What was drawn anew knows of no moment: told before it is painted, and once more when everything is in its place.
  new MutationObserver(redrawn).observe(document.body, { childList: true, subtree: true });
  addEventListener("landline:shown", () => show(shownAt));
  addEventListener("landline:arrived", arrived);
}

/** Fragments arrive, too, and leave the page what it is. */
function arrived(): void {
  if (location.pathname !== shownOn) shownAt = null;
}

function redrawn(): void {
  if (shownAt !== null && document.querySelector(`${charts}:not(:has(> .cursor))`) !== null) show(shownAt);
}

function pointed({ target, clientX, pointerType }: PointerEvent): void {
  if (document.getElementById("xray") === null || pointerType === "touch") return;
  const at = instantOf(target) ?? instantUnder(target, clientX);
  if (at !== null) show(at);
  else if (shownAt !== null && !(target instanceof Element && target.closest("#conversation"))) show(instantOf(document.activeElement));
}

function instantOf(target: EventTarget | null): number | null {
  const at = target instanceof Element ? target.closest("#conversation [data-at]")?.getAttribute("data-at") : null;
  return at == null ? null : Number(at);
}

function instantUnder(target: EventTarget | null, clientX: number): number | null {
  const chart = target instanceof Element ? target.closest(charts) : null;
  const axis = axisOfPage();
  if (chart === null || axis === null) return null;
  const { left, width } = chart.getBoundingClientRect();
  return axis.from + Math.min(1, Math.max(0, (clientX - left) / width)) * axis.spanMs;
}

function axisOfPage(): { readonly from: number; readonly spanMs: number; readonly day: number } | null {
  const { from, span, day } = document.getElementById("xray")?.dataset ?? {};
  return from === undefined ? null : { from: Number(from), spanMs: Number(span), day: Number(day) };
}

function show(at: number | null): void {
  const axis = axisOfPage();
  if (axis === null) {
    shownAt = null;
    return;
  }
  if (at === null && shownAt === null) return;
  shownAt = at;
  shownOn = location.pathname;
  for (const chart of document.querySelectorAll(charts)) draw(chart, at === null ? null : (at - axis.from) / axis.spanMs);
  for (const rect of document.querySelectorAll(`${charts} [data-begins]`)) {
    const { begins, ends } = (rect as SVGElement).dataset;
    rect.classList.toggle("now", at !== null && at >= Number(begins) && at < Number(ends));
  }
  for (const list of lists) {
    const entries = [...document.querySelectorAll<HTMLElement>(list)];
    const last = at === null ? undefined : entries.findLast((entry) => Number(entry.dataset.at) <= at);
    for (const entry of entries) entry.classList.toggle("now", entry === last);
  }
  tell(at, axis.day);
}

/** `share` null: no line; what is beside the drawing is at its edge. */
function draw(chart: Element, share: number | null): void {
  const before = chart.querySelector(":scope > .cursor");
  if (share === null) return before?.remove();
  const line = before ?? chart.appendChild(document.createElementNS(svgNamespace, "line"));
  const x = `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
  for (const [name, value] of Object.entries({ class: "cursor", x1: x, x2: x, y1: "0", y2: "100%" })) line.setAttribute(name, value);
}

let invitation = "";

/** The time, and what happened last before it. */
function tell(at: number | null, day: number): void {
  const output = document.getElementById("xray-at");
  if (output === null) return;
  if (!output.hasAttribute("data-told")) invitation = output.textContent ?? "";
  output.toggleAttribute("data-told", at !== null);
  const what = document.querySelector(".timeline > li.now .what p")?.textContent?.trim() ?? "";
  output.textContent = at === null ? invitation : `${clock(at - day)} ${what}`;
}

function clock(ms: number): string {
  const pad = (n: number): string => String(n).padStart(2, "0");
  const seconds = Math.floor(ms / 1_000);
  return `${pad(Math.floor(seconds / 3_600) % 24)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}.${String(Math.floor(ms % 1_000)).padStart(3, "0")}`;
}

/** A row of marks is one stop of the tab key. */
function moved(event: KeyboardEvent): void {
  const mark = event.target instanceof Element ? event.target.closest<SVGAElement>("#xray a.moment") : null;
  if (mark === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const marks = [...mark.parentElement!.querySelectorAll<SVGAElement>("a.moment")];
  const at = marks.indexOf(mark);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: marks.length - 1 }[event.key];
  const next = to === undefined ? undefined : marks[to];
  if (next === undefined) return;
  event.preventDefault();
  for (const one of marks) one.setAttribute("tabindex", one === next ? "0" : "-1");
  next.focus();
}

/** A mark leads to its entry below, in a list that may be folded. */
function followed(event: MouseEvent): void {
  const mark = event.target instanceof Element ? event.target.closest("#xray a.moment") : null;
  const entry = mark === null ? null : document.getElementById(mark.getAttribute("href")!.slice(1));
  if (entry === null) return;
  event.preventDefault();
  event.stopPropagation();
  for (let fold = entry.closest("details"); fold !== null; fold = fold.parentElement!.closest("details")) fold.open = true;
  (entry.querySelector<HTMLElement>("summary") ?? entry).focus({ preventScroll: true });
  entry.scrollIntoView({ block: "center" });
}
