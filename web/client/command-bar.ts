// The command bar: Ctrl or ⌘ K opens it, arrows choose, Enter goes there; the server finds.
import htmx from "htmx.org";

/** A keystroke is not yet a question. */
const pauseMs = 80;

export function startCommandBar(): void {
  const dialog = document.getElementById("palette") as HTMLDialogElement | null;
  const input = document.getElementById("palette-query") as HTMLInputElement | null;
  const list = document.getElementById("palette-results");
  if (dialog === null || input === null || list === null) return;
  let asked = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const options = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled])')];
  const chosen = (): HTMLElement | undefined => options().find((option) => option.ariaSelected === "true");

  const choose = (option: HTMLElement | undefined): void => {
    for (const other of options()) other.ariaSelected = other === option ? "true" : "false";
    if (option === undefined) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", option.id);
    option?.scrollIntoView({ block: "nearest" });
  };

  const ask = async (): Promise<void> => {
    const mine = ++asked;
    const answer = await fetch(`/search?q=${encodeURIComponent(input.value)}`, { headers: { "hx-request": "true" } });
    // Answers may overtake each other; only that to the newest question counts.
    if (!answer.ok || mine !== asked) return;
    list.innerHTML = await answer.text();
    choose(options()[0]);
  };

  const open = (): void => {
    if (dialog.open) return;
    input.value = "";
    dialog.showModal();
    input.focus();
    void ask();
  };

  const go = (option: HTMLElement | undefined): void => {
    if (option === undefined) return;
    dialog.close();
    const { href, press, dial } = option.dataset;
    if (dial !== undefined) dispatchEvent(new CustomEvent("landline:dial", { detail: dial }));
    else if (press !== undefined) document.querySelector<HTMLElement>(press)?.click();
    else if (href?.startsWith("/help/")) location.assign(href);
    else if (href !== undefined) void htmx.ajax("GET", href, { target: "#main", swap: "outerHTML", push: href } as never);
  };

  document.getElementById("command")?.addEventListener("click", open);
  addEventListener("keydown", (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  input.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => void ask(), pauseMs);
  });
  input.addEventListener("keydown", (event: KeyboardEvent) => {
    const all = options();
    const at = all.indexOf(chosen()!);
    if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(all[(at - 1 + all.length) % all.length]);
    else if (event.key === "Enter") go(chosen());
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) =>
    go((event.target as Element).closest<HTMLElement>('[role="option"]:not([aria-disabled])') ?? undefined),
  );
  // A click beside the box closes it.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
