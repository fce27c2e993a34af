// Links and forms inside the frame swap `main` only: softphone, sound and live stream are never unloaded by moving about.
import htmx from "htmx.org";
import { say } from "./forms.ts";
import { unreachable, word } from "./words.ts";

export function startNavigation(): void {
  document.body.setAttribute("hx-boost:inherited", "true");
  document.body.setAttribute("hx-target:inherited", "#main");
  document.body.setAttribute("hx-swap:inherited", "outerHTML");
  for (const plain of document.querySelectorAll("[data-plain], #help-link, .topbar form")) plain.setAttribute("hx-boost", "false");
  htmx.process(document.body);
  document.addEventListener("htmx:after:swap", arrived);
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = (event as CustomEvent<{ ctx?: { response?: unknown } }>).detail;
    // Without an answer the page stays as it is, with the call in it and what was typed: a reload would find nothing.
    if (ctx !== undefined && ctx.response === undefined) say(word(unreachable));
    // What a fragment cannot show (a session that ended) is a whole page.
    else location.reload();
  });
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
