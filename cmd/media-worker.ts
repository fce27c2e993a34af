// Entry point of a media worker: wires one engine to messages, its own clock, and the vault's sink.
import { loadSamples } from "../core/lib/samples.ts";
import { openRecordingSink } from "../storage/vault/sink.ts";
import { prepareOpus } from "../telephony/media/codec/opus.ts";
import { MediaEngine } from "../telephony/media/engine.ts";
import { PortRange } from "../telephony/media/ports.ts";
import { WebRtcMux } from "../telephony/media/webrtc/mux.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../telephony/media/worker-plane.ts";
import { type LogLevel, realEnv } from "./env.ts";

declare const self: Worker;

const loadMs = 1_000;
let engine: MediaEngine | null = null;
const sounds = new Map<string, Int16Array>();

function tell(message: FromWorker): void {
  self.postMessage(message);
}

async function start(message: WorkerStart): Promise<void> {
  const env = realEnv(message.logLevel as LogLevel, { worker: message.worker });
  for (const [key, wav] of Object.entries(message.prompts)) sounds.set(key, loadSamples(wav));
  await prepareOpus();
  const mux = await WebRtcMux.open(env, message.muxAddress, message.muxPort, message.muxTcpPort);
  const running = new MediaEngine({
    env,
    ports: new PortRange(...message.rtpPorts),
    mux,
    prompts: async (key) => sounds.get(key) ?? null,
    openSink: (target) => openRecordingSink(target, env.clock),
    emit: (event) => tell({ kind: "event", event }),
  });
  engine = running;
  const report = (): void => {
    const { streamCount: streams, browsers, ticks } = running;
    tell({ kind: "load", streams, packetsPerSecond: running.packetsPerSecond(), browsers, ticks });
    env.clock.after(loadMs, report);
  };
  report();
  tell({ kind: "ready", muxPort: mux.port });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "start":
      start(data).catch((error: unknown) =>
        tell({ kind: "failed-to-start", reason: error instanceof Error ? error.message : String(error) }),
      );
      return;
    case "commands":
      for (const command of data.commands) engine?.handle(command);
      return;
    case "prompt":
      if (data.wav === null) sounds.delete(data.key);
      else sounds.set(data.key, loadSamples(data.wav));
      return;
    case "stop":
      void Promise.resolve(engine?.stop()).then(() => tell({ kind: "stopped" }));
      return;
  }
};
