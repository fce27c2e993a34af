// The network test: voice both ways for some seconds, measured by what this browser knows; the server adds its own figures and says what they mean.
import htmx from "htmx.org";
import { say } from "./forms.ts";
import { iceServers } from "./ice-servers.ts";
import { mark, pairIn, post, type Stats, trySocket, tryVoice } from "./voice-path.ts";
import { unreachable, word } from "./words.ts";

const socketRounds = 5;
const lookMs = 250;
/** Below this peak (−40 dB of the loudest) it is a room without anybody. */
const heardPeak = 0.01;
/** Whoever is asked to speak needs a moment, also when nothing can be sent. */
const listenMs = 3_000;
/** After the last packet of ours: what is under way may still arrive. */
const settleMs = 300;
const checks = ["microphone", "socket", "voice", "encrypted", "sound"];

/** One run of the test. Whoever cancels it closes what it holds, and it tells nothing any more. */
type Run = { readonly place: HTMLElement; readonly peer: RTCPeerConnection; isOver: boolean; isTold: boolean; release: () => void };
let run: Run | null = null;

export function startNetworkTest(): void {
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-network-start]") !== null) void start();
    if (target.closest("[data-network-cancel]") !== null) cancel();
    if (target.closest("[data-network-copy]") !== null) void copy();
  });
  // Whoever goes to another page has cancelled.
  addEventListener("landline:arrived", () => {
    if (run !== null && !run.place.isConnected) end(run);
  });
  addEventListener("pagehide", () => {
    if (run !== null) end(run);
  });
}

async function start(): Promise<void> {
  const place = document.getElementById("network-test");
  if (place === null || run !== null) return;
  const own: Run = { place, peer: new RTCPeerConnection(), isOver: false, isTold: false, release: () => undefined };
  run = own;
  show(own);
  document.getElementById("network-result")!.replaceChildren();
  try {
    await test(own);
  } catch {
    if (!own.isOver) {
      mark("sound", "bad");
      say(word(unreachable));
    }
  } finally {
    end(own);
  }
}

function cancel(): void {
  if (run === null) return;
  const { place } = run;
  end(run);
  for (const name of checks) mark(name, "waiting");
  place.querySelector<HTMLElement>("[data-network-start]")?.focus();
}

function end(own: Run): void {
  if (run === own) run = null;
  own.isOver = true;
  // The server hums until its end is told: by the result, or by this.
  if (!own.isTold) void post("/network-test/cancel", {}).catch(() => undefined);
  own.peer.close();
  own.release();
  show(own);
}

/** The buttons and the figures that belong to the state. */
function show({ place, isOver }: Run): void {
  const startButton = place.querySelector<HTMLButtonElement>("[data-network-start]")!;
  const cancelButton = place.querySelector<HTMLButtonElement>("[data-network-cancel]")!;
  const hadFocus = document.activeElement === startButton || document.activeElement === cancelButton;
  startButton.hidden = !isOver;
  cancelButton.hidden = isOver;
  if (hadFocus) (isOver ? startButton : cancelButton).focus();
  if (isOver) place.querySelector<HTMLElement>("#network-running")!.hidden = true;
  else for (const name of checks) mark(name, "running");
}

async function test(own: Run): Promise<void> {
  const { peer, place } = own;
  const source = await openSource();
  if (own.isOver) return source.release();
  own.release = source.release;
  mark("microphone", source.isMicrophone ? "good" : "bad");
  const sender = peer.addTrack(source.track);
  const socket = await trySocket("/network-test/socket", socketRounds);
  if (own.isOver) return;
  mark("socket", socket === null ? "bad" : "good", socket?.ms);
  peer.setConfiguration({ iceServers: await iceServers() });
  const path = await tryVoice(peer, "/network-test/voice");
  if (own.isOver) return;
  if (path.is === "up") {
    await sound(own, source);
    if (own.isOver) return;
    await sender.replaceTrack(null);
    const { roundTripMs } = await figuresOf(peer);
    await pause((roundTripMs ?? 0) + settleMs);
  } else await pause(listenMs);
  const { pair, attachment, ...heard } = await figuresOf(peer);
  if (own.isOver) return;
  mark("sound", path.is === "up" ? "good" : "bad");
  const measured = {
    ...{ isSecure: isSecureContext, microphone: source.microphone(), voice: path.is, pair, attachment, heard },
    ...{ socketMs: socket?.ms ?? null, clockOffsetMs: socket?.clockOffsetMs ?? null },
  };
  own.isTold = true;
  const answer = await post("/network-test/result", { checkId: path.checkId ?? "", measured: JSON.stringify(measured) });
  if (!answer.ok) throw new Error(`the result was answered ${answer.status}`);
  const html = await answer.text();
  if (own.isOver || !place.isConnected) return;
  const isWaiting = place.contains(document.activeElement) || document.activeElement === document.body;
  document.getElementById("network-result")!.outerHTML = html;
  const result = document.getElementById("network-result")!;
  htmx.process(result);
  // Whoever waited for it is led to it; whoever does something else meanwhile is left alone.
  if (isWaiting) result.querySelector<HTMLElement>("#network-verdict")?.focus();
}

// ── What is sent ──

type Source = {
  readonly track: MediaStreamTrack;
  readonly isMicrophone: boolean;
  /** Now, 0 to 1. */
  level(): number;
  microphone(): "heard" | "silent" | "allowed" | "refused" | "none";
  release(): void;
};

/** The microphone; without one a tone, so that packets go the same way. */
async function openSource(): Promise<Source> {
  let why: "refused" | "none" = "none";
  const stream = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch((error: DOMException) => {
    if (error.name === "NotAllowedError") why = "refused";
    return null;
  });
  const context = new AudioContext();
  void context.resume();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  const isMicrophone = stream != null;
  const track = isMicrophone ? stream.getAudioTracks()[0]! : tone(context);
  if (isMicrophone) context.createMediaStreamSource(stream).connect(analyser);
  let [level, peak] = [0, 0];
  const listening = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    level = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    peak = Math.max(peak, level);
  }, lookMs);
  return {
    ...{ track, isMicrophone },
    level: () => level,
    microphone: () => {
      if (!isMicrophone) return why;
      if (peak >= heardPeak) return "heard";
      // Without any sound device the browser's sounds stand still, and a silence would mean nothing.
      return context.state === "running" ? "silent" : "allowed";
    },
    release: () => {
      clearInterval(listening);
      track.stop();
      if (context.state !== "closed") void context.close();
    },
  };
}

function tone(context: AudioContext): MediaStreamTrack {
  const to = context.createMediaStreamDestination();
  const oscillator = context.createOscillator();
  oscillator.connect(to);
  oscillator.start();
  return to.stream.getAudioTracks()[0]!;
}

// ── What is seen meanwhile ──

async function sound(own: Run, source: Source): Promise<void> {
  const { place, peer } = own;
  const testMs = Number(place.dataset.testMs);
  const progress = place.querySelector("progress")!;
  const level = place.querySelector<HTMLMeterElement>("#network-level")!;
  place.querySelector<HTMLElement>("#network-running")!.hidden = false;
  const startedAt = performance.now();
  for (let looks = 0; ; looks++) {
    const passedMs = performance.now() - startedAt;
    progress.value = Math.min(1, passedMs / testMs);
    level.value = Math.sqrt(source.level());
    if (looks % 4 === 0) await figures(own);
    if (passedMs >= testMs || own.isOver || /^(failed|closed)$/.test(peer.connectionState)) return;
    await pause(lookMs);
  }
}

async function figures({ place, peer }: Run): Promise<void> {
  const { packets, lost, jitterMs, roundTripMs } = await figuresOf(peer);
  const write = (name: string, text: string): void => {
    place.querySelector(`[data-network-figure="${name}"]`)!.textContent = text;
  };
  write("received", String(packets));
  write("lost", packets + lost === 0 ? "–" : `${((lost * 100) / (packets + lost)).toFixed(1)} %`);
  write("jitter", `${jitterMs.toFixed(1)} ms`);
  write("trip", roundTripMs === null ? "–" : `${Math.round(roundTripMs)} ms`);
}

// ── What the browser knows (W3C webrtc-stats) ──

type Figures = {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly sent: number;
  readonly roundTripMs: number | null;
  readonly pair: { readonly local: string; readonly remote: string; readonly kind: string; readonly protocol: string } | null;
  readonly attachment: "wifi" | "ethernet" | "cellular" | "vpn" | null;
};

async function figuresOf(peer: RTCPeerConnection): Promise<Figures> {
  const all: Stats[] = [];
  (await peer.getStats()).forEach((one: Stats) => {
    all.push(one);
  });
  const of = (type: string): Stats | undefined => all.find((one) => one.type === type);
  const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
  const [inbound, outbound] = [of("inbound-rtp"), of("outbound-rtp")];
  const { pair, local, remote } = pairIn(all);
  return {
    packets: number(inbound?.packetsReceived),
    // What came twice makes it negative.
    lost: Math.max(0, number(inbound?.packetsLost)),
    jitterMs: number(inbound?.jitter) * 1_000,
    sent: number(outbound?.packetsSent),
    roundTripMs: roundTripOf(pair, of("remote-inbound-rtp")),
    pair:
      local === undefined || remote === undefined
        ? null
        : { local: addressOf(local), remote: addressOf(remote), kind: String(local.candidateType), protocol: String(local.protocol) },
    attachment: attachmentOf(local),
  };
}

/** ICE's own probes on average; where the browser does not count them, what the server's reports say. */
function roundTripOf(pair: Stats | undefined, reports: Stats | undefined): number | null {
  const [total, count] = [pair?.totalRoundTripTime, pair?.responsesReceived];
  if (typeof total === "number" && typeof count === "number" && count > 0) return (total * 1_000) / count;
  return typeof reports?.roundTripTime === "number" ? reports.roundTripTime * 1_000 : null;
}

/** Browsers that hide their address from pages show none. */
function addressOf({ address, port }: Stats): string {
  const host = typeof address === "string" && address !== "" ? address : "?";
  return `${host.includes(":") ? `[${host}]` : host}:${port}`.slice(0, 100);
}

function attachmentOf(local: Stats | undefined): Figures["attachment"] {
  const { connection } = navigator as { connection?: { type?: string } };
  const known = ["wifi", "ethernet", "cellular", "vpn"] as const;
  return known.find((one) => one === local?.networkType) ?? known.find((one) => one === connection?.type) ?? null;
}

// ── What becomes of it ──

async function copy(): Promise<void> {
  const text = document.getElementById("network-text");
  if (text === null) return;
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    document.querySelector<HTMLElement>("[data-network-copied]")!.hidden = false;
  } catch {
    // Pages that are not secure may not: it is marked, and Ctrl C copies it.
    text.closest("details")!.open = true;
    getSelection()?.selectAllChildren(text);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
