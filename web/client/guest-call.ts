// The customer's side of a trial call: one outgoing call at a time over the page's own socket, to the one number the page names.
import { Inviter, SessionState, UserAgent, type Web } from "sip.js";

import { Tones } from "./tones.ts";

/** Long enough to be understood. */
const busyToneMs = 3_000;
type Handler = Web.SessionDescriptionHandler;
type GuestState = "ready" | "asking" | "connecting" | "up" | "ended" | "busy" | "refused" | "no-microphone" | "no-way" | "offline";

export function startGuest(): void {
  const place = document.getElementById("guest");
  if (place === null) return;
  const call = new GuestCall(place);
  place.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLButtonElement>("[data-guest]") : null;
    if (button === null) return;
    if (button.dataset.guest === "call") void call.start();
    else if (button.dataset.guest === "end") void call.end();
    else if (button.dataset.guest === "mute") button.setAttribute("aria-pressed", String(call.toggleMute()));
    else if (button.dataset.digit !== undefined) call.press(button.dataset.digit);
  });
  addEventListener("keydown", (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !/^[0-9*#]$/.test(event.key)) return;
    place.querySelector<HTMLButtonElement>(`[data-digit="${CSS.escape(event.key)}"]`)?.click();
  });
  // A page that goes away hangs up; the server notices in any case.
  addEventListener("pagehide", () => void call.end());
}

class GuestCall {
  private readonly sound = new Audio();
  private readonly tones = new Tones();
  private agent: UserAgent | null = null;
  private session: Inviter | null = null;
  private muted = false;
  private upAt = 0;

  constructor(private readonly place: HTMLElement) {
    this.sound.autoplay = true;
    place.append(this.sound);
    setInterval(() => this.tick(), 250);
  }

  async start(): Promise<void> {
    if (this.session !== null) return;
    this.show("asking");
    const microphone = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch(() => null);
    if (microphone == null) return this.show("no-microphone");
    for (const track of microphone.getTracks()) track.stop();
    this.show("connecting");
    const agent = this.userAgent();
    this.agent = agent;
    // What an earlier call still has to say does not end this one.
    const over = (state: GuestState): void => {
      if (agent === this.agent) this.over(state);
    };
    agent.delegate = { onDisconnect: (error) => over(error === undefined ? "ended" : "offline") };
    try {
      await agent.start();
    } catch {
      return over("offline");
    }
    const session = new Inviter(agent, UserAgent.makeURI(`sip:${this.place.dataset.number}@${location.hostname}`)!, {
      sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } },
    });
    this.session = session;
    session.stateChange.addListener((state) => this.changed(session, state, over));
    await session
      .invite({
        requestDelegate: {
          onProgress: () => this.tones.play("ringback"),
          onReject: ({ message }) => over(message.statusCode === 486 ? "busy" : "refused"),
        },
      })
      .catch(() => over("no-way"));
  }

  async end(): Promise<void> {
    const { session } = this;
    if (session === null) return;
    if (session.state === SessionState.Established) await session.bye().catch(() => undefined);
    else await session.cancel().catch(() => undefined);
    this.over("ended");
  }

  toggleMute(): boolean {
    this.muted = !this.muted;
    for (const sender of this.handler()?.peerConnection?.getSenders() ?? []) if (sender.track !== null) sender.track.enabled = !this.muted;
    return this.muted;
  }

  press(digit: string): void {
    this.handler()?.sendDtmf(digit);
  }

  private userAgent(): UserAgent {
    const secure = location.protocol === "https:";
    return new UserAgent({
      uri: UserAgent.makeURI(`sip:guest@${location.hostname}`)!,
      transportOptions: { server: `${secure ? "wss" : "ws"}://${location.host}${location.pathname}/sip`, connectionTimeout: 5 },
      logLevel: "error",
      logBuiltinEnabled: false,
      userAgentString: "Landline guest",
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] }, iceGatheringTimeout: 300 },
    });
  }

  private handler(): Handler | null {
    return this.session?.state === SessionState.Established ? (this.session.sessionDescriptionHandler as Handler) : null;
  }

  private changed(session: Inviter, state: SessionState, over: (state: GuestState) => void): void {
    if (session !== this.session) return;
    if (state === SessionState.Established) {
      this.upAt = Date.now();
      this.sound.srcObject = (session.sessionDescriptionHandler as Handler).remoteMediaStream;
      this.sound.play().catch(() => undefined);
      this.show("up");
    }
    // A refusal says its reason right after this.
    if (state === SessionState.Terminated) setTimeout(() => over(this.upAt > 0 ? "ended" : "refused"), 0);
  }

  /** Once per call: the first reason is the one to tell. */
  private over(state: GuestState): void {
    const { agent } = this;
    if (agent === null) return;
    this.agent = null;
    this.session = null;
    this.upAt = 0;
    this.muted = false;
    this.sound.srcObject = null;
    this.show(state);
    // The farewell is on its way: the socket closes behind it.
    setTimeout(() => void agent.stop().catch(() => undefined), 500);
  }

  private show(state: GuestState): void {
    if (state === "busy") this.tones.play("busy", busyToneMs);
    else if (state !== "connecting") this.tones.stop();
    this.place.dataset.is = state;
    for (const key of this.place.querySelectorAll<HTMLButtonElement>("[data-digit]")) key.disabled = state !== "up";
    if (state !== "up") this.place.querySelector('[data-guest="mute"]')?.setAttribute("aria-pressed", "false");
  }

  private tick(): void {
    const clock = this.place.querySelector<HTMLElement>("[data-talk-time]");
    const seconds = this.upAt === 0 ? 0 : Math.floor((Date.now() - this.upAt) / 1_000);
    if (clock !== null && this.upAt > 0) clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
