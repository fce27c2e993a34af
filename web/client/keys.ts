// Keys of the call: only when nobody is typing, never with a modifier, and only for what is on the page.

let ledByKeyboard = false;

export function startKeys(): void {
  addEventListener("pointerdown", () => {
    ledByKeyboard = false;
  });
  addEventListener("keydown", (event: KeyboardEvent) => {
    if (event.key === "Tab") ledByKeyboard = true;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    if (document.body.dataset.callKeys === "off") return;
    const state = document.getElementById("call")?.dataset.callState;
    const key = event.key.toLowerCase();
    if (state === "alerting" && (key === "enter" || key === "d")) {
      if (key === "enter" && isOnControl(event.target)) return;
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

// Enter belongs to the link or button that the keyboard has led to; one that the mouse has left behind (the On Queue switch) does not keep it.
function isOnControl(target: EventTarget | null): boolean {
  const control = target instanceof Element ? target.closest("a, button, summary") : null;
  return control !== null && (ledByKeyboard || control.closest("#call") !== null);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
