// Keeps clocks running by the server's time: how long since, how long until, and the ring around an alert.

let offsetMs = 0;

/** What the server's clock says now, as far as the last heartbeat told. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

export function setServerNow(now: number): void {
  offsetMs = now - Date.now();
}

export function startClocks(): void {
  const said = document.getElementById("softphone")?.dataset.now;
  if (said !== undefined && said !== "") setServerNow(Number(said));
  tick();
  setInterval(tick, 250);
}

/** Also called right after a fragment arrived, so that no clock is ever empty. */
export function tick(): void {
  const now = serverNow();
  for (const element of document.querySelectorAll<HTMLElement>("[data-since]")) write(element, now - Number(element.dataset.since));
  for (const element of document.querySelectorAll<HTMLElement>("[data-until]:not([data-ring])"))
    write(element, Number(element.dataset.until) - now);
  for (const ring of document.querySelectorAll<SVGElement>("[data-ring]")) turn(ring, now);
}

function write(element: HTMLElement, ms: number): void {
  const text = duration(ms);
  if (element.textContent !== text) element.textContent = text;
}

function turn(ring: SVGElement, now: number): void {
  const until = Number(ring.dataset.until);
  const share = Math.max(0, Math.min(1, (until - now) / (until - Number(ring.dataset.from))));
  ring.querySelector(".left")?.setAttribute("stroke-dasharray", `${(share * 100).toFixed(1)} 100`);
  const text = ring.querySelector("text");
  if (text !== null) text.textContent = String(Math.max(0, Math.ceil((until - now) / 1_000)));
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
