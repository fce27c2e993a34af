// Keys of the call: only when nobody is typing, never with a modifier, and only for what is on the page.

export function startKeys(): void {
  addEventListener("keydown", (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const state = document.getElementById("call")?.dataset.callState;
    const key = event.key.toLowerCase();
    if (state === "alerting" && (key === "enter" || key === "d")) {
      // Enter on a link or button is that link's own.
      if (key === "enter" && event.target instanceof Element && event.target.closest("a, button") !== null) return;
      press(event, `#call [data-call="${key === "enter" ? "answer" : "decline"}"]`);
    } else if (state === "connected") press(event, `#call [data-key="${CSS.escape(key)}"]`);
  });
}

function press(event: KeyboardEvent, selector: string): void {
  const button = document.querySelector<HTMLButtonElement>(selector);
  if (button === null || button.disabled) return;
  event.preventDefault();
  button.click();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
