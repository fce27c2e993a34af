// The media plane in this thread: for tests, and for whoever needs no workers.
import { type EngineOptions, MediaEngine } from "./engine.ts";
import type { MediaCommand, MediaEvent, MediaPlane } from "./plane.ts";

export class InlinePlane implements MediaPlane {
  private listener: (event: MediaEvent) => void = () => undefined;
  private readonly engine: MediaEngine;

  constructor(private readonly options: Omit<EngineOptions, "emit">) {
    this.engine = new MediaEngine({ ...options, emit: (event) => this.listener(event) });
  }

  send(command: MediaCommand): void {
    this.engine.handle(command);
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.listener = listener;
  }

  load() {
    const { streamCount: streams, browsers } = this.engine;
    return [{ worker: 0, streams, packetsPerSecond: 0, muxPort: this.options.mux?.port ?? 0, browsers }];
  }

  close(): Promise<void> {
    return this.engine.stop();
  }
}
