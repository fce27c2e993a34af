// Streams that are moved into another group: what happens to them there happens to the far end of a link, an RTP stream of our own over loopback.
// A group lives in one worker, and a browser's keys in the one where it began: so the stream stays where it is, and its voice is passed on.
import { assert } from "../../core/lib/machine.ts";
import { unitsPerMs } from "./codec/codec.ts";
import type { CodecName, MediaCommand, MediaEvent, MediaPlane, RemoteRtp, StreamId } from "./plane.ts";

/** `near` is bridged to the stream where it lives; `far` stands for it in the other group. */
type Link = { readonly streamId: StreamId; readonly near: StreamId; readonly far: StreamId; readonly ports: Map<StreamId, RemotePorts> };
type RemotePorts = Pick<RemoteRtp, "port" | "rtcpPort">;
type Home = { readonly groupId: string; codec: CodecName };

const loopback = "127.0.0.1";
const payloadTypes: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };
const eventsPayloadType = 101;

/** The plane beneath, and `move` besides. */
export class LinkedPlane implements MediaPlane {
  private readonly homes = new Map<StreamId, Home>();
  /** By the stream that was moved. */
  private readonly links = new Map<StreamId, Link>();
  /** By either end. */
  private readonly ends = new Map<StreamId, Link>();
  private listener: (event: MediaEvent) => void = () => undefined;
  private made = 0;

  constructor(private readonly plane: MediaPlane) {
    plane.onEvent((event) => this.heard(event));
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.listener = listener;
  }

  load(): ReturnType<MediaPlane["load"]> {
    return this.plane.load();
  }

  close(): Promise<void> {
    return this.plane.close();
  }

  send(command: MediaCommand): void {
    switch (command.kind) {
      case "move":
        return this.move(command.streamId, command.groupId);
      case "open":
        this.homes.set(command.streamId, { groupId: command.groupId, codec: "PCMA" });
        break;
      case "connect-rtp":
      case "connect-webrtc": {
        const home = this.homes.get(command.streamId);
        if (home !== undefined) home.codec = command.remote.codec;
        break;
      }
      case "close":
        this.unlink(command.streamId);
        this.homes.delete(command.streamId);
        break;
    }
    this.plane.send(this.links.size === 0 ? command : this.there(command));
  }

  /** The command as the group that the stream is in now has it: who hears whom, and what is recorded, is of the far end. */
  private there(command: MediaCommand): MediaCommand {
    const at = (streamId: StreamId): StreamId => this.links.get(streamId)?.far ?? streamId;
    const orNull = (streamId: StreamId | null): StreamId | null => (streamId === null ? null : at(streamId));
    switch (command.kind) {
      case "bridge":
        return { ...command, a: at(command.a), b: at(command.b) };
      case "unbridge":
        return { ...command, streamId: at(command.streamId) };
      case "mix":
        return { ...command, streamId: at(command.streamId), heardBy: command.heardBy?.map(at) ?? null };
      case "record-start":
        return { ...command, left: at(command.left), right: orNull(command.right) };
      case "record-channel":
        return { ...command, right: orNull(command.right) };
      default:
        return command;
    }
  }

  private move(streamId: StreamId, groupId: string): void {
    const home = this.homes.get(streamId);
    if (home === undefined) return;
    this.plane.send({ kind: "unbridge", streamId: this.links.get(streamId)?.far ?? streamId });
    this.unlink(streamId);
    if (groupId === home.groupId) return;
    this.made += 1;
    const link: Link = { streamId, near: `${streamId}/near${this.made}`, far: `${streamId}/far${this.made}`, ports: new Map() };
    this.links.set(streamId, link);
    for (const end of [link.near, link.far]) this.ends.set(end, link);
    this.plane.send({ kind: "open", streamId: link.near, groupId: home.groupId, transport: "rtp", localAddress: loopback });
    this.plane.send({ kind: "open", streamId: link.far, groupId, transport: "rtp", localAddress: loopback });
    this.plane.send({ kind: "bridge", a: streamId, b: link.near });
  }

  private unlink(streamId: StreamId): void {
    const link = this.links.get(streamId);
    if (link === undefined) return;
    this.links.delete(streamId);
    for (const end of [link.near, link.far]) {
      this.ends.delete(end);
      this.plane.send({ kind: "close", streamId: end });
    }
  }

  /** Of a link nothing is told but that it has failed, which is the stream's own end. */
  private heard(event: MediaEvent): void {
    const link = "streamId" in event ? this.ends.get(event.streamId) : undefined;
    if (link === undefined) return this.listener(event);
    if (event.kind === "failed") return this.listener({ ...event, streamId: link.streamId });
    if (event.kind !== "opened") return;
    link.ports.set(event.streamId, { port: event.local.rtpPort, rtcpPort: event.local.rtcpPort });
    if (link.ports.size === 2) this.connect(link);
  }

  /** In the stream's own codec, so that nothing is transcoded that need not be. */
  private connect({ streamId, near, far, ports }: Link): void {
    const { codec } = this.homes.get(streamId)!;
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      const remotePorts = ports.get(other);
      assert(remotePorts !== undefined, "both ends are open");
      const events = { dtmfPayloadType: eventsPayloadType, dtmfUnitsPerMs: unitsPerMs(codec) } as const;
      const format = { codec, payloadType: payloadTypes[codec], ptimeMs: 20, srtp: null };
      const remote: RemoteRtp = { address: loopback, ...remotePorts, ...format, ...events };
      this.plane.send({ kind: "connect-rtp", streamId: end, remote, direction: "sendrecv" });
    }
  }
}
