// A media plane without media: opens what is asked for at once, remembers every command, and says what a test tells it to.
import type { MediaCommand, MediaEvent, MediaPlane, StreamStats } from "../media/plane.ts";
import { newKeyTexts } from "../media/srtp/srtp.ts";

export const someStats: StreamStats = {
  packetsSent: 10,
  packetsReceived: 9,
  bytesSent: 1_720,
  bytesReceived: 1_548,
  packetsLost: 1,
  packetsDiscarded: 0,
  packetsDuplicated: 0,
  jitterMs: 2,
  jitterMsMax: 2,
  remotePacketsLost: null,
  remoteJitterMs: null,
  roundTripMs: null,
  roundTripMsMax: null,
  from: null,
  to: null,
  packetsRefused: 0,
  codec: "PCMU",
  protection: "none",
  protocol: "udp",
};

/** Under which every fake stream sends. */
export const fakeKeys = newKeyTexts({ bytes: (size) => new Uint8Array(size).fill(7) });

export class FakeMedia implements MediaPlane {
  readonly commands: MediaCommand[] = [];
  /** False: streams open only by `emit`. */
  opensAtOnce = true;
  /** False: a closed stream's last figures come only by `emit`. */
  tellsLastStats = true;
  private readonly open = new Set<string>();
  private listener: (event: MediaEvent) => void = () => undefined;
  private port = 40_000;
  private readonly waiting: (() => void)[] = [];

  onEvent(listener: (event: MediaEvent) => void): void {
    this.listener = listener;
  }

  emit(event: MediaEvent): void {
    this.listener(event);
  }

  send(command: MediaCommand): void {
    this.commands.push(command);
    for (const wake of this.waiting.splice(0)) wake();
    if (command.kind === "open" && this.opensAtOnce) {
      this.open.add(command.streamId);
      const rtpPort = this.port;
      this.port += 2;
      const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
      const webrtc = command.transport === "webrtc" ? { ufrag: "abcd", pwd: "p".repeat(24), fingerprint, tcpPort: 50_001 } : null;
      const srtp = webrtc === null ? fakeKeys : null;
      this.emit({ kind: "opened", streamId: command.streamId, local: { rtpPort, rtcpPort: rtpPort + 1, webrtc, srtp } });
    }
    if (command.kind === "close" && this.open.delete(command.streamId) && this.tellsLastStats) {
      this.emit({ kind: "stats", streamId: command.streamId, stats: someStats, final: true });
    }
  }

  /** Commands of one kind, in order. */
  of<K extends MediaCommand["kind"]>(kind: K): Extract<MediaCommand, { kind: K }>[] {
    return this.commands.filter((command): command is Extract<MediaCommand, { kind: K }> => command.kind === kind);
  }

  /** Resolves when a command of that kind has come. */
  async until(kind: MediaCommand["kind"]): Promise<void> {
    while (this.of(kind).length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  get openStreams(): number {
    return this.open.size;
  }

  load(): ReturnType<MediaPlane["load"]> {
    return [{ worker: 0, streams: this.open.size, packetsPerSecond: 0, muxPort: 50_000, browsers: { udp: 0, tcp: 0 } }];
  }

  async close(): Promise<void> {
    this.open.clear();
  }
}
