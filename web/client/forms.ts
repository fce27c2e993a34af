// Forms that change nothing on the page by themselves: sent quietly, the live stream brings what changed. And questions before what cannot be undone.
import { unreachable, word } from "./words.ts";

export function startForms(): void {
  document.addEventListener("submit", submitted, { capture: true });
  document.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.form?.dataset.submitOnChange !== undefined) target.form.requestSubmit();
  });
}

function submitted(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  const question = form.dataset.confirm;
  const refused = question !== undefined && !confirm(question);
  if (!refused && form.dataset.quiet === undefined) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!refused) void sendQuietly(form, event.submitter);
}

async function sendQuietly(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const body = new FormData(form, submitter);
  form.closest<HTMLElement>("[popover]")?.hidePopover();
  submitter?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "x-quiet": "true" } });
    if (answer.status === 401 || answer.redirected) location.reload();
    else if (!answer.ok) say(await reason(answer));
  } catch {
    say(word(unreachable));
  } finally {
    submitter?.removeAttribute("aria-busy");
  }
}

async function reason(answer: Response): Promise<string> {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("main p")?.textContent ?? word("The server refused.");
}

/** One sentence, said and shown for a while. */
export function say(sentence: string): void {
  const toast = document.createElement("div");
  toast.className = "toast floating";
  toast.setAttribute("role", "alert");
  toast.textContent = sentence;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 8_000);
}
