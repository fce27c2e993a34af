// One softphone per browser: the tab that holds the lock has it, the others ask that one. Buttons marked `data-call` end up here.
import { say } from "../forms.ts";
import { type ClientText, word } from "../words.ts";
import { SipSoftphone } from "./sip-softphone.ts";
import type { DialFailure, PhoneState, Softphone } from "./softphone.ts";

type Message =
  | { readonly ask: string; readonly digit?: string; readonly number?: string }
  | { readonly state: PhoneState }
  | { readonly muted: boolean; readonly up: boolean };

const texts: Readonly<Record<PhoneState, ClientText>> = {
  starting: "Softphone is starting",
  ready: "Softphone ready",
  offline: "Softphone is not connected",
  elsewhere: "Softphone is in another tab",
  "no-microphone": "No microphone: allow it for this page to take calls",
};

const dialFailures: Readonly<Record<DialFailure, ClientText>> = {
  "up-already": "A call is up already: end it first.",
  busy: "Busy.",
  "not-answered": "Nobody answered.",
  "no-such-number": "There is no such number.",
  refused: "The call was refused.",
};

export function startPhone(): void {
  const place = document.getElementById("softphone");
  const username = place?.dataset.user;
  if (place == null || username === undefined || username === "" || place.dataset.station === "") return;
  const channel = new BroadcastChannel("landline-softphone");
  let phone: Softphone | null = null;
  let state: PhoneState = "starting";
  let muted = false;

  const show = (next: PhoneState): void => {
    state = next;
    paint(state, muted);
    if (next === "no-microphone") say(word(texts[next]));
  };
  const tell = (message: Message): void => channel.postMessage(message);
  const act = (ask: string, { digit, number }: { readonly digit?: string; readonly number?: string } = {}): void => {
    if (phone === null) tell({ ask, ...(digit === undefined ? {} : { digit }), ...(number === undefined ? {} : { number }) });
    else if (ask === "dial" && number !== undefined) void phone.dial(number);
    else if (ask === "answer") void phone.answer();
    else if (ask === "decline") void phone.decline();
    else if (ask === "mute") phone.toggleMute();
    else if (ask === "digit" && digit !== undefined) phone.sendDigit(digit);
    else if (ask === "state") tell({ state });
  };

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if ("ask" in data) {
      if (phone !== null) act(data.ask, data);
    } else if ("state" in data) show(data.state === "ready" ? "elsewhere" : data.state);
    else {
      muted = data.muted;
      paint(state, muted);
    }
  };
  addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-call]") : null;
    if (button !== null) act(button.dataset.call!, button.dataset);
  });
  addEventListener("submit", (event) => {
    const form = event.target instanceof HTMLFormElement && event.target.dataset.dialForm !== undefined ? event.target : null;
    if (form === null) return;
    event.preventDefault();
    const number = String(new FormData(form).get("number") ?? "").trim();
    if (number === "") return;
    act("dial", { number });
    form.reset();
    // From here on the keys are the call's.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  // The command bar's way to the same.
  addEventListener("landline:dial", (event) => act("dial", { number: (event as CustomEvent<string>).detail }));
  addEventListener("landline:shown", () => paint(state, muted));

  // Held for as long as this tab lives; the next tab in line takes over when it closes.
  void navigator.locks.request("landline-softphone", () => {
    phone = new SipSoftphone(username, place, {
      onState: (next) => {
        show(next);
        tell({ state: next });
      },
      onCall: (up, isMuted) => {
        muted = isMuted;
        paint(state, muted);
        tell({ muted, up });
      },
      onDialFailed: (why) => say(word(dialFailures[why])),
      onPreempted: () => say(word("Your call was ended: somebody calls for help and needed the line.")),
    });
    phone.start();
    return new Promise(() => undefined);
  });
  tell({ ask: "state" });
}

function paint(state: PhoneState, muted: boolean): void {
  const pill = document.querySelector<HTMLElement>("[data-softphone-pill]");
  if (pill !== null && pill.dataset.state !== state) {
    pill.dataset.state = state;
    pill.title = word(texts[state]);
    pill.querySelector("[data-softphone-word]")!.textContent = word(texts[state]);
  }
  const mute = document.querySelector<HTMLElement>('#call [data-call="mute"]');
  mute?.setAttribute("aria-pressed", String(muted));
}
