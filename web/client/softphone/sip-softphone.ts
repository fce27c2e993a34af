// The softphone over SIP.js: one registration, one call at a time, sound in one audio element that outlives every page.
import { type Core, Invitation, Inviter, Registerer, RegistererState, SessionState, TransportState, UserAgent, type Web } from "sip.js";
import { iceServers } from "../ice-servers.ts";
import { Tones } from "../tones.ts";
import type { DialFailure, Softphone, SoftphoneEvents } from "./softphone.ts";

type Handler = Web.SessionDescriptionHandler;
/** Seconds a registration lasts; the socket's own life is what counts. */
const expires = 600;
/** A socket that has not answered by then is of a network that is gone. */
const pongMs = 2_000;
/** The next socket's call has long gone on by then. */
const leaveMs = 8_000;
const pathIsBad = /^(disconnected|failed)$/;
/** A refused call of one's own sounds so long. */
const busyToneMs = 3_000;

export class SipSoftphone implements Softphone {
  private readonly agent: UserAgent;
  private readonly registerer: Registerer;
  private readonly sound = new Audio();
  private readonly tones = new Tones();
  private session: Invitation | Inviter | null = null;
  private muted = false;
  private stopped = false;
  private isLooking = false;
  /** Of every call from here on; SIP.js reads it when one begins. */
  private readonly paths: RTCConfiguration = { iceServers: [] };

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
      sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: this.paths, iceGatheringTimeout: 300 },
      delegate: {
        onInvite: (invitation) => this.invited(invitation),
        onConnect: () => {
          this.register();
          this.renewPath();
          void this.learnPaths();
        },
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
    const { connection } = navigator as { readonly connection?: EventTarget };
    const look = (): void => void this.lookAtNetwork();
    for (const name of ["online", "landline:live-again"]) addEventListener(name, look);
    connection?.addEventListener("change", look);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.agent.stop();
  }

  async answer(): Promise<void> {
    const { session: invitation } = this;
    if (!(invitation instanceof Invitation) || invitation.state !== SessionState.Initial) return;
    try {
      await invitation.accept({ sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } } });
    } catch {
      // Without a microphone nobody can talk: the call goes to somebody who can.
      this.events.onState("no-microphone");
      await invitation.reject({ statusCode: 480 }).catch(() => undefined);
    }
  }

  async dial(number: string): Promise<void> {
    if (this.isBusy()) {
      this.events.onDialFailed("up-already");
      return;
    }
    const target = UserAgent.makeURI(`sip:${encodeURIComponent(number)}@${location.hostname}`);
    if (target === undefined) return;
    const session = new Inviter(this.agent, target, {
      earlyMedia: true,
      sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } },
    });
    this.session = session;
    this.watch(session);
    try {
      await session.invite({
        requestDelegate: {
          onProgress: ({ message }) => {
            if (message.body === "") this.tones.play("ringback");
            else this.hear(session);
          },
          onReject: ({ message }) => {
            if (message.statusCode === undefined || message.statusCode === 487) return;
            this.events.onDialFailed(failureOf(message.statusCode));
            this.tones.play("busy", busyToneMs);
          },
        },
      });
    } catch {
      // Nothing has left: there is no microphone.
      this.session = null;
      this.events.onState("no-microphone");
    }
  }

  async decline(): Promise<void> {
    const { session } = this;
    if (session instanceof Invitation && session.state === SessionState.Initial) await session.reject({ statusCode: 603 });
    if (session instanceof Inviter && session.state === SessionState.Establishing) await session.cancel();
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
    return this.session?.state === SessionState.Established ? (this.session.sessionDescriptionHandler as Handler) : null;
  }

  private isBusy(): boolean {
    return this.session !== null && this.session.state !== SessionState.Terminated;
  }

  private register(): void {
    const onAccept = (): void => this.events.onState("ready");
    this.registerer.register({ requestDelegate: { onAccept } }).catch(() => this.events.onState("offline"));
  }

  /**
   * The network may be another one than before (Wi-Fi, VPN). A socket of the one that is gone says nothing for a minute: it is asked
   * (RFC 7118 §6), and left. The call goes on over the next one.
   */
  private async lookAtNetwork(): Promise<void> {
    const transport = this.agent.transport as Web.Transport;
    if (this.isLooking || this.stopped || transport.state !== TransportState.Connected) return;
    this.isLooking = true;
    const isAlive = await answers(transport.ws!);
    this.isLooking = false;
    if (isAlive) {
      if (pathIsBad.test(this.handler()?.peerConnection?.iceConnectionState ?? "")) this.renewPath();
    } else if (transport.state === TransportState.Connected) {
      this.events.onState("offline");
      leaveLater(transport.ws!);
      transport.disconnect().catch(() => this.events.onState("offline"));
      transport.connect().catch(() => this.events.onState("offline"));
    }
  }

  /** For the next call: what is known is good for hours. */
  private async learnPaths(): Promise<void> {
    this.paths.iceServers = await iceServers();
  }

  /** ICE anew for the call that is up: addresses of this network are gathered, and the server checks them (RFC 8445 §2.4). */
  private renewPath(): void {
    const { session } = this;
    if (session?.state !== SessionState.Established) return;
    (session.sessionDescriptionHandler as Handler).peerConnection?.setConfiguration(this.paths);
    const sessionDescriptionHandlerOptions: Web.SessionDescriptionHandlerOptions = { offerOptions: { iceRestart: true } };
    // A call that ended while nobody could tell us is over here, too; where it goes on, the server calls anew.
    const onReject = ({ message }: Core.IncomingResponse): void => {
      if (message.statusCode === 481) void session.dispose();
    };
    session.invite({ sessionDescriptionHandlerOptions, requestDelegate: { onReject } }).catch(() => undefined);
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
    if (this.isBusy() && !isAutoAnswer(invitation)) {
      void invitation.reject({ statusCode: 486 });
      return;
    }
    // What the server takes up again is over as it was.
    (this.session?.sessionDescriptionHandler as Handler | undefined)?.close();
    this.session = invitation;
    this.watch(invitation);
    if (isAutoAnswer(invitation)) void this.answer();
  }

  private watch(session: Invitation | Inviter): void {
    session.stateChange.addListener((state) => this.changed(session, state));
    session.delegate = {
      onBye: (bye) => {
        if (/^preemption\b/.test(bye.request.getHeader("Reason") ?? "")) this.events.onPreempted();
        void bye.accept();
      },
    };
  }

  private hear(session: Invitation | Inviter): void {
    this.tones.stop();
    this.sound.srcObject = (session.sessionDescriptionHandler as Handler).remoteMediaStream;
    this.sound.play().catch(() => undefined);
  }

  private changed(session: Invitation | Inviter, state: SessionState): void {
    if (session !== this.session) return;
    if (state === SessionState.Established) {
      this.muted = false;
      const { peerConnection } = session.sessionDescriptionHandler as Handler;
      peerConnection?.addEventListener("iceconnectionstatechange", () => {
        if (pathIsBad.test(peerConnection.iceConnectionState)) void this.lookAtNetwork();
      });
      this.hear(session);
      this.events.onCall(true, false);
    }
    if (state === SessionState.Terminated) {
      this.session = null;
      void this.learnPaths();
      this.tones.stop();
      this.sound.srcObject = null;
      this.events.onCall(false, false);
    }
  }
}

/**
 * A goodbye may arrive after all, by a way that is left: before the call goes on over another socket, the server would take it for lost. SIP.js
 * closes at once, and waits for no answer where it connects anew.
 */
function leaveLater(socket: WebSocket): void {
  const close = socket.close.bind(socket);
  socket.close = () => void setTimeout(close, leaveMs);
}

function answers(socket: WebSocket): Promise<boolean> {
  return new Promise((done) => {
    const over = (isAlive: boolean): void => {
      clearTimeout(late);
      socket.removeEventListener("message", heard);
      done(isAlive);
    };
    const heard = (): void => over(true);
    const late = setTimeout(() => over(false), pongMs);
    socket.addEventListener("message", heard);
    socket.send("\r\n\r\n");
  });
}

function failureOf(status: number): DialFailure {
  if (status === 486 || status === 600) return "busy";
  if (status === 404 || status === 410 || status === 484 || status === 604) return "no-such-number";
  return status === 480 || status === 408 ? "not-answered" : "refused";
}

// Our own server asks a page that came back to take its call up again.
function isAutoAnswer(invitation: Invitation): boolean {
  const headers = invitation.request;
  return /answer-after=0/.test(headers.getHeader("Call-Info") ?? "") || /alert-autoanswer/.test(headers.getHeader("Alert-Info") ?? "");
}
