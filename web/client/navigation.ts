// Links and forms inside the frame swap `main` only: softphone, sound and live stream are never unloaded by moving about.
import htmx from "htmx.org";

export function startNavigation(): void {
  document.body.setAttribute("hx-boost:inherited", "true");
  document.body.setAttribute("hx-target:inherited", "#main");
  document.body.setAttribute("hx-swap:inherited", "outerHTML");
  for (const plain of document.querySelectorAll("[data-plain], #help-link, .topbar form")) plain.setAttribute("hx-boost", "false");
  htmx.process(document.body);
  document.addEventListener("htmx:after:swap", arrived);
  // What a fragment cannot show (a session that ended) is a whole page.
  document.addEventListener("htmx:error", () => location.reload());
}

// Title, the current area, and the focus follow the swap, as a new page would have it.
function arrived(): void {
  const main = document.getElementById("main");
  if (main === null) return;
  document.title = main.dataset.title ?? document.title;
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".rail a")) {
    const path = new URL(link.href).pathname;
    const here = path === "/" ? location.pathname === "/" : location.pathname.startsWith(path);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  dispatchEvent(new CustomEvent("landline:arrived"));
}
