// The set-up's help from the browser: where it thinks it is, printing, and the test of the way to the server.
import { mark, trySocket, tryVoice } from "./voice-path.ts";

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

let running = false;

async function check(): Promise<void> {
  if (running) return;
  running = true;
  const button = document.querySelector<HTMLButtonElement>("[data-check-start]");
  button?.setAttribute("aria-busy", "true");
  for (const name of ["socket", "voice", "encrypted"]) mark(name, "running");
  await Promise.all([checkSocket(), checkVoice()]);
  button?.removeAttribute("aria-busy");
  running = false;
}

async function checkSocket(): Promise<void> {
  const found = await trySocket("/setup/socket", 1);
  mark("socket", found === null ? "bad" : "good", found?.ms);
}

// No microphone is needed for listening.
async function checkVoice(): Promise<void> {
  const peer = new RTCPeerConnection({ iceServers: [] });
  peer.addTransceiver("audio", { direction: "recvonly" });
  await tryVoice(peer, "/setup/check/voice");
  peer.close();
}
