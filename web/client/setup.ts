// The set-up's help from the browser: where it thinks it is, printing, and the test of the way to the server.

/** ICE gives up by itself after about this long. */
const patienceMs = 8_000;

export function startSetup(): void {
  guess();
  // What is to be mended comes before what merely comes first.
  document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-print]") !== null) print();
    if (target.closest("[data-check-start]") !== null) void check();
  });
  if (document.getElementById("checks") !== null) void check();
}

// Only what nobody has chosen yet.
function guess(): void {
  const zone = document.querySelector<HTMLSelectElement>('select[data-guess="time-zone"]');
  choose(zone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  const country = document.querySelector<HTMLSelectElement>('select[data-guess="country"]');
  choose(country, new Intl.Locale(navigator.language).region ?? "");
}

function choose(select: HTMLSelectElement | null, value: string): void {
  if (select !== null && [...select.options].some((option) => option.value === value)) select.value = value;
}

type Verdict = "running" | "good" | "bad" | "waiting";

function tell(name: string, verdict: Verdict, ms?: number): void {
  const row = document.querySelector<HTMLElement>(`[data-check="${name}"]`);
  if (row === null) return;
  row.dataset.is = verdict;
  row.querySelector("[data-check-ms]")!.textContent = ms === undefined ? "" : `${Math.round(ms)} ms`;
  const result = document.querySelector<HTMLInputElement>(`[data-check-result="${name}"]`);
  if (result !== null) result.value = verdict === "good" || verdict === "bad" ? verdict : "";
}

let running = false;

async function check(): Promise<void> {
  if (running) return;
  running = true;
  const button = document.querySelector<HTMLButtonElement>("[data-check-start]");
  button?.setAttribute("aria-busy", "true");
  for (const name of ["socket", "voice", "encrypted"]) tell(name, "running");
  await Promise.all([checkSocket(), checkVoice()]);
  button?.removeAttribute("aria-busy");
  running = false;
}

async function checkSocket(): Promise<void> {
  const startedAt = performance.now();
  const secure = location.protocol === "https:";
  const heard = await new Promise<boolean>((done) => {
    const socket = new WebSocket(`${secure ? "wss" : "ws"}://${location.host}/setup/socket`);
    const late = setTimeout(() => done(false), patienceMs);
    socket.onmessage = () => {
      clearTimeout(late);
      done(true);
      socket.close();
    };
    socket.onclose = () => {
      clearTimeout(late);
      done(false);
    };
  });
  tell("socket", heard ? "good" : "bad", heard ? performance.now() - startedAt : undefined);
}

/** The way a call's voice goes: our offer, the server's answer, ICE, DTLS. No microphone is needed for listening. */
async function checkVoice(): Promise<void> {
  const peer = new RTCPeerConnection({ iceServers: [] });
  try {
    peer.addTransceiver("audio", { direction: "recvonly" });
    await peer.setLocalDescription();
    const answer = await ask(peer.localDescription!.sdp);
    const startedAt = performance.now();
    if (answer === null) return failed();
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    const isFound = (): boolean => /^(connected|completed)$/.test(peer.iceConnectionState);
    await until(peer, () => isFound() || peer.iceConnectionState === "failed");
    if (!isFound()) return failed();
    tell("voice", "good", performance.now() - startedAt);
    await until(peer, () => /^(connected|failed)$/.test(peer.connectionState));
    const isUp = peer.connectionState === "connected";
    tell("encrypted", isUp ? "good" : "bad", isUp ? performance.now() - startedAt : undefined);
  } catch {
    failed();
  } finally {
    peer.close();
  }
}

// Without a way there is nothing to agree keys over: that one was not tested.
function failed(): void {
  tell("voice", "bad");
  tell("encrypted", "waiting");
}

async function ask(offer: string): Promise<string | null> {
  const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')?.value ?? "";
  const answer = await fetch("/setup/check/voice", { method: "POST", body: new URLSearchParams({ csrf, offer }) });
  return answer.ok ? answer.text() : null;
}

function until(peer: RTCPeerConnection, isSo: () => boolean): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (!isSo()) return;
      clearTimeout(late);
      done();
    };
    const late = setTimeout(done, patienceMs);
    peer.addEventListener("iceconnectionstatechange", look);
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}
