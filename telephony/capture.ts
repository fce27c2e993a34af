// The packet capture of a node: a ring of pcap records in memory, fed by signalling here and by the media workers in batches.
import type { CapturePort, CaptureStatus, CaptureWanted } from "../core/call/call-control.ts";
import type { Clock } from "../core/env/env.ts";
import { captureBatchMs, captureBytesMax } from "../core/lib/limits.ts";
import { pcapHeader, pcapRecord, pcapRecordAt } from "../core/lib/pcap.ts";
import type { Draft } from "./sip/message/message.ts";
import { serialise } from "./sip/message/serialiser.ts";
import { redactedMessage } from "./sip/trace.ts";
import type { Flow } from "./sip/transport/flow.ts";

/** Records that came at once, each batch in order of time. */
type Batch = { readonly cameAt: number; readonly bytes: Uint8Array; readonly packets: number };

/** A worker's batch is so late at most, in all but a standing process. */
const lateMs = 4 * captureBatchMs;

export class PacketCapture implements CapturePort {
  private wanted: CaptureWanted | null = null;
  private keepMs = 0;
  private batches: Batch[] = [];
  /** Index of the oldest that is kept: what is before it is cut off when it is more than half. */
  private oldest = 0;
  private bytes = 0;
  private packets = 0;
  private lost = 0;

  /** `changed`: what legs shall be captured from now on. */
  constructor(
    private readonly clock: Clock,
    private readonly changed: (wanted: CaptureWanted | null) => void,
  ) {}

  get isOn(): boolean {
    return this.wanted !== null;
  }

  start(wanted: CaptureWanted, keepMs: number): void {
    this.discard();
    this.wanted = wanted;
    this.keepMs = keepMs;
    this.changed(wanted);
  }

  stop(): void {
    if (this.wanted === null) return;
    this.wanted = null;
    this.changed(null);
  }

  discard(): void {
    this.batches = [];
    this.oldest = 0;
    this.bytes = this.packets = this.lost = 0;
  }

  status(): CaptureStatus {
    const { packets, bytes, lost } = this;
    return { packets, bytes, lost };
  }

  /** A message of any transport, as the UDP datagram that it would have been. */
  sip(direction: "in" | "out", { local, remote }: Flow, message: Draft): void {
    const payload = serialise(redactedMessage(message));
    const [from, to] = direction === "in" ? [remote, local] : [local, remote];
    this.add(pcapRecord(this.clock.now(), from, to, payload), 1);
  }

  /** From a worker; the last of them come after the end. */
  media(records: Uint8Array, packets: number, lost: number): void {
    this.lost += lost;
    if (packets > 0) this.add(records, packets);
  }

  async *file(): AsyncGenerator<Uint8Array> {
    yield pcapHeader();
    let waiting: { readonly atMs: number; readonly record: Uint8Array }[] = [];
    const due = (before: number): Uint8Array => {
      const records = waiting.filter(({ atMs }) => atMs < before).sort((a, b) => a.atMs - b.atMs);
      waiting = waiting.filter(({ atMs }) => atMs >= before);
      return Buffer.concat(records.map(({ record }) => record));
    };
    // As it is now: what comes meanwhile is not waited for.
    for (const { bytes, cameAt } of this.batches.slice(this.oldest)) {
      for (let at = 0; at < bytes.length; ) {
        const { atMs, end } = pcapRecordAt(bytes, at);
        waiting.push({ atMs, record: bytes.subarray(at, end) });
        at = end;
      }
      if (waiting.length < 1_000) continue;
      const ready = due(cameAt - lateMs);
      if (ready.length > 0) yield ready;
    }
    yield due(Number.POSITIVE_INFINITY);
  }

  private add(bytes: Uint8Array, packets: number): void {
    const cameAt = this.clock.now();
    this.batches.push({ cameAt, bytes, packets });
    this.bytes += bytes.length;
    this.packets += packets;
    for (; this.oldest < this.batches.length; this.oldest += 1) {
      const batch = this.batches[this.oldest]!;
      if (this.bytes <= captureBytesMax && batch.cameAt >= cameAt - this.keepMs) break;
      this.bytes -= batch.bytes.length;
      this.packets -= batch.packets;
    }
    if (this.oldest <= this.batches.length / 2) return;
    this.batches = this.batches.slice(this.oldest);
    this.oldest = 0;
  }
}
