// Recordings of calls that are up: opens their files in the vault, keeps their commands in order, and tells core what became of them.
import type { CallCommand, CallEvent } from "../core/call/call-control.ts";
import type { ConversationId, RecordingId } from "../core/lib/id.ts";
import { recordingPath } from "../core/recording/path.ts";
import type { MediaCommand, MediaEvent, MediaPlane, RecordingTarget } from "./media/plane.ts";

type Start = Extract<CallCommand, { kind: "record-start" }>;
type Closed = Extract<MediaEvent, { kind: "recording-closed" }>;

export class Recordings {
  private readonly open = new Map<string, { readonly conversationId: ConversationId; ready: Promise<void> }>();

  constructor(
    private readonly media: MediaPlane,
    private readonly targetOf: (recordingId: RecordingId, conversationId: ConversationId) => Promise<RecordingTarget>,
    private readonly report: (event: CallEvent) => void,
  ) {}

  start({ recordingId, conversationId, left, right }: Start): void {
    const ready = this.targetOf(recordingId, conversationId).then(
      (target) => this.media.send({ kind: "record-start", recordingId, groupId: conversationId, left, right, target }),
      (error: unknown) => this.failed(recordingId, error instanceof Error ? error.message : "no target"),
    );
    this.open.set(recordingId, { conversationId, ready });
  }

  /** In order behind the start, which waits for its file. */
  send(recordingId: RecordingId, command: MediaCommand): void {
    const recording = this.open.get(recordingId);
    if (recording === undefined) return;
    recording.ready = recording.ready.then(() => {
      if (this.open.has(recordingId)) this.media.send(command);
    });
  }

  closed({ recordingId: id, chunks, durationMs, sizeBytes, sha256 }: Closed): void {
    const recordingId = id as RecordingId;
    const recording = this.open.get(recordingId);
    if (recording === undefined) return;
    this.open.delete(recordingId);
    const { conversationId } = recording;
    const path = recordingPath(recordingId);
    this.report({ kind: "recording.closed", recordingId, conversationId, path, chunks, durationMs, sizeBytes, sha256 });
  }

  failed(recordingId: RecordingId, reason: string): void {
    const recording = this.open.get(recordingId);
    if (recording === undefined) return;
    this.open.delete(recordingId);
    this.report({ kind: "recording.failed", recordingId, conversationId: recording.conversationId, reason });
  }
}
