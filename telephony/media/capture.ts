// Packets of streams that an admin wants captured, as pcap records, in batches: a worker has nothing of this while nobody does.
import type { Env, Timer } from "../../core/env/env.ts";
import { captureBatchBytes, captureBatchMs, captureBytesPerSecondMax } from "../../core/lib/limits.ts";
import { type Endpoint, pcapRecord } from "../../core/lib/pcap.ts";
import type { MediaCommand, MediaEvent } from "./plane.ts";
import { payloadStart, payloadType } from "./rtp/packet.ts";
import type { PacketTap } from "./transport.ts";

type Emit = (event: Extract<MediaEvent, { kind: "captured" }>) => void;

export class CaptureBatch {
  private records: Uint8Array[] = [];
  private bytes = 0;
  private lost = 0;
  private timer: Timer | null = null;
  private second = { startedAtMs: 0, bytes: 0 };
  /** Wall time at monotonic zero: packets of one millisecond keep their order and distance. */
  private epochMs = 0;

  constructor(
    private readonly env: Env,
    private readonly emit: Emit,
  ) {}

  /** For one stream; `digitsType`: which payload type carries digits now. Null: none does, so they may be tones in the voice, which is left out then. */
  tap(command: Extract<MediaCommand, { kind: "capture" }>, digitsType: () => number | null): PacketTap {
    const { mode, localAddress } = command;
    this.epochMs = this.env.clock.now() - this.env.clock.monotonic();
    return (direction, packet, isRtcp, peer, localPort) => {
      const digits = digitsType();
      const isWhole = isRtcp || (mode === "voice" && digits !== null && payloadType(packet) !== digits);
      const local = { address: localAddress, port: localPort };
      if (direction === "in") this.add(peer, local, isWhole ? packet : withoutPayload(packet));
      else this.add(local, peer, isWhole ? packet : withoutPayload(packet));
    };
  }

  private add(from: Endpoint, to: Endpoint, packet: Uint8Array): void {
    const nowMs = this.env.clock.monotonic();
    if (nowMs - this.second.startedAtMs >= 1_000) this.second = { startedAtMs: nowMs, bytes: 0 };
    // A capture of everything on a full node must not cost its calls.
    if (this.second.bytes > captureBytesPerSecondMax) {
      this.lost += 1;
      return;
    }
    const record = pcapRecord(this.epochMs + nowMs, from, to, packet);
    this.records.push(record);
    this.bytes += record.length;
    this.second.bytes += record.length;
    if (this.bytes >= captureBatchBytes) this.flush();
    else this.timer ??= this.env.clock.after(captureBatchMs, () => this.flush());
  }

  flush(): void {
    this.timer?.cancel();
    this.timer = null;
    if (this.records.length === 0 && this.lost === 0) return;
    const { records, lost } = this;
    this.records = [];
    this.bytes = this.lost = 0;
    this.emit({ kind: "captured", records: Buffer.concat(records), packets: records.length, lost });
  }
}

/** The header tells loss, jitter and codec; what is said is zeros of the same length. A packet that is none says nothing at all. */
function withoutPayload(packet: Uint8Array): Uint8Array {
  const start = payloadStart(packet);
  const bare = new Uint8Array(packet.length);
  if (start > 0) bare.set(packet.subarray(0, start));
  return bare;
}
