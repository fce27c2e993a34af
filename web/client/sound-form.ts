// The form of a prompt's sound: what is chosen or recorded is decoded by the browser and sent as a plain WAV of telephone quality.
import { word } from "./words.ts";

const rate = 8_000;
const recordMsMax = 5 * 60_000;

let recorder: MediaRecorder | null = null;

export function startSoundForm(): void {
  prepare();
  addEventListener("landline:arrived", prepare);
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-record]") : null;
    if (button !== null) void (recorder === null ? record(button.closest("form")!) : recorder.stop());
  });
  document.addEventListener("change", ({ target }) => {
    const form = target instanceof HTMLInputElement && target.type === "file" ? target.closest<HTMLFormElement>("[data-sound-form]") : null;
    const file = form === null ? undefined : (target as HTMLInputElement).files?.[0];
    if (form !== null && file !== undefined) void take(form, file, file.name);
  });
}

// Without a microphone, or without a secure origin, there is nothing to record with.
function prepare(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-recorder]")) place.hidden = navigator.mediaDevices === undefined;
}

async function record(form: HTMLFormElement): Promise<void> {
  const state = form.querySelector<HTMLElement>("[data-record-state]")!;
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    state.textContent = word("No microphone: allow it for this page.");
    return;
  }
  const chunks: Blob[] = [];
  const mine = new MediaRecorder(stream);
  recorder = mine;
  const began = performance.now();
  const label = form.querySelector<HTMLElement>("[data-record-word]")!;
  const start = label.textContent;
  label.textContent = label.dataset.stop!;
  state.textContent = "";
  const clock = form.querySelector<HTMLElement>("[data-record-time]")!;
  const tick = setInterval(() => {
    const seconds = Math.floor((performance.now() - began) / 1_000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (performance.now() - began > recordMsMax) mine.stop();
  }, 200);
  mine.ondataavailable = ({ data }) => chunks.push(data);
  mine.onstop = () => {
    clearInterval(tick);
    recorder = null;
    label.textContent = start;
    for (const track of stream.getTracks()) track.stop();
    void take(form, new Blob(chunks, { type: mine.mimeType }), "recording.wav");
  };
  mine.start();
}

/** Puts the sound into the form's file field as WAV, and into the player to be heard before it is saved. */
async function take(form: HTMLFormElement, sound: Blob, name: string): Promise<void> {
  const state = form.querySelector<HTMLElement>("[data-record-state]")!;
  let wav: Blob;
  try {
    wav = await telephoneWav(await sound.arrayBuffer());
  } catch {
    // The server may still know it, or will say why not.
    state.textContent = word("This browser cannot read that sound.");
    return;
  }
  const files = new DataTransfer();
  files.items.add(new File([wav], name.replace(/\.\w+$/, ".wav"), { type: "audio/wav" }));
  form.querySelector<HTMLInputElement>('input[type="file"]')!.files = files.files;
  const preview = form.querySelector<HTMLAudioElement>("[data-record-preview]")!;
  if (preview.src !== "") URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(wav);
  preview.hidden = false;
  state.textContent = word("Listen to it, then save.");
}

async function telephoneWav(bytes: ArrayBuffer): Promise<Blob> {
  const decoder = new OfflineAudioContext(1, 1, 48_000);
  const decoded = await decoder.decodeAudioData(bytes);
  const offline = new OfflineAudioContext(1, Math.max(1, Math.ceil(decoded.duration * rate)), rate);
  const source = offline.createBufferSource();
  source.buffer = decoded;
  source.connect(offline.destination);
  source.start();
  const samples = (await offline.startRendering()).getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, letters: string): void => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + i * 2, Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), true);
  });
  return new Blob([view.buffer as ArrayBuffer], { type: "audio/wav" });
}
