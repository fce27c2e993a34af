// The softphone over SIP.js: one registration, one call at a time, sound in one audio element that outlives every page.
import { type Invitation, Registerer, RegistererState, SessionState, UserAgent, type Web } from "sip.js";
import type { Softphone, SoftphoneEvents } from "./softphone.ts";

type Handler = Web.SessionDescriptionHandler;
/** Seconds a registration lasts; the socket's own life is what counts. */
const expires = 600;

export class SipSoftphone implements Softphone {
  private readonly agent: UserAgent;
  private readonly registerer: Registerer;
  private readonly sound = new Audio();
  private invitation: Invitation | null = null;
  private muted = false;
  private stopped = false;

  constructor(
    username: string,
    /** Outside of what is swapped: the sound plays on whatever page is shown. */
    place: HTMLElement,
    private readonly events: SoftphoneEvents,
  ) {
    const secure = location.protocol === "https:";
    this.agent = new UserAgent({
      uri: UserAgent.makeURI(`sip:${username}@${location.hostname}`)!,
      transportOptions: { server: `${secure ? "wss" : "ws"}://${location.host}/sip`, connectionTimeout: 5 },
      logLevel: "error",
      logBuiltinEnabled: false,
      userAgentString: "Landline",
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] }, iceGatheringTimeout: 300 },
      delegate: {
        onInvite: (invitation) => this.invited(invitation),
        onConnect: () => this.register(),
        onDisconnect: () => this.disconnected(),
      },
    });
    this.registerer = new Registerer(this.agent, { expires });
    this.registerer.stateChange.addListener((state) => events.onState(state === RegistererState.Registered ? "ready" : "offline"));
    this.sound.autoplay = true;
    place.append(this.sound);
  }

  start(): void {
    this.agent.start().catch(() => this.disconnected());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.agent.stop();
  }

  async answer(): Promise<void> {
    const { invitation } = this;
    if (invitation === null || invitation.state !== SessionState.Initial) return;
    try {
      await invitation.accept({ sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } } });
    } catch {
      // Without a microphone nobody can talk: the call goes to somebody who can.
      this.events.onState("no-microphone");
      await invitation.reject({ statusCode: 480 }).catch(() => undefined);
    }
  }

  async decline(): Promise<void> {
    if (this.invitation?.state === SessionState.Initial) await this.invitation.reject({ statusCode: 603 });
  }

  toggleMute(): boolean {
    this.muted = !this.muted;
    for (const sender of this.handler()?.peerConnection?.getSenders() ?? []) if (sender.track !== null) sender.track.enabled = !this.muted;
    this.events.onCall(this.handler() !== null, this.muted);
    return this.muted;
  }

  sendDigit(digit: string): void {
    this.handler()?.sendDtmf(digit);
  }

  private handler(): Handler | null {
    return this.invitation?.state === SessionState.Established ? (this.invitation.sessionDescriptionHandler as Handler) : null;
  }

  private register(): void {
    this.registerer.register().catch(() => this.events.onState("offline"));
  }

  // Jittered, so that a hundred browsers do not come back in the same instant.
  private disconnected(): void {
    if (this.stopped) return;
    this.events.onState("offline");
    setTimeout(
      () => {
        if (!this.stopped) this.agent.reconnect().catch(() => this.disconnected());
      },
      500 + Math.random() * 1_500,
    );
  }

  private invited(invitation: Invitation): void {
    // A second call while one is up is refused as busy; the server never does that on purpose.
    if (this.invitation !== null && this.invitation.state !== SessionState.Terminated && !isAutoAnswer(invitation)) {
      void invitation.reject({ statusCode: 486 });
      return;
    }
    this.invitation = invitation;
    invitation.stateChange.addListener((state) => this.changed(invitation, state));
    if (isAutoAnswer(invitation)) void this.answer();
  }

  private changed(invitation: Invitation, state: SessionState): void {
    if (invitation !== this.invitation) return;
    if (state === SessionState.Established) {
      this.muted = false;
      this.sound.srcObject = (invitation.sessionDescriptionHandler as Handler).remoteMediaStream;
      this.sound.play().catch(() => undefined);
      this.events.onCall(true, false);
    }
    if (state === SessionState.Terminated) {
      this.invitation = null;
      this.sound.srcObject = null;
      this.events.onCall(false, false);
    }
  }
}

// Our own server asks a page that came back to take its call up again.
function isAutoAnswer(invitation: Invitation): boolean {
  const headers = invitation.request;
  return /answer-after=0/.test(headers.getHeader("Call-Info") ?? "") || /alert-autoanswer/.test(headers.getHeader("Alert-Info") ?? "");
}
