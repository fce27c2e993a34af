// Notification channels: each belongs to who made it, has topics, and speaks through one WebSocket for a day.
import type { App } from "../../core/app.ts";
import type { Actor } from "../../core/authorization/actor.ts";
import type { LoggedEvent } from "../../core/events/index.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput, NotFound } from "../../core/lib/errors.ts";
import { newId } from "../../core/lib/id.ts";
import { channelHeartbeatMs, channelLifeMs, channelsPerActorMax, topicsPerChannelMax } from "../../core/lib/limits.ts";
import { newToken } from "../../core/lib/token.ts";
import { maySubscribe, type Topic, topicOf, unfolded } from "./topics.ts";

/** Many changes in one moment are one message. */
const coalesceMs = 100;

type Subscription = { readonly name: string; readonly topic: Topic; readonly id: string };
type Socket = { send(text: string): void; close(code: number, reason: string): void };

export type Channel = {
  readonly id: string;
  readonly actor: Actor;
  readonly expiresAt: number;
  subscriptions: readonly Subscription[];
};

type Open = Channel & { socket: Socket | null; readonly due: Map<string, LoggedEvent>; scheduled: boolean };

export class Channels {
  private readonly channels = new Map<string, Open>();

  constructor(
    private readonly app: App,
    subscribe: (listener: (event: LoggedEvent) => void) => void,
  ) {
    subscribe((event) => this.onLogged(event));
  }

  /** The oldest of the same owner makes room. Its id is a secret: whoever knows it may listen. */
  create(actor: Actor): Channel {
    const { clock, random } = this.app.env;
    const mine = this.of(actor);
    if (mine.length >= channelsPerActorMax) this.close(mine[0]!.id, "a newer channel took its place");
    const id = `streaming-${newId(this.app.env)}-${newToken(random)}`;
    const channel: Open = {
      id,
      actor,
      expiresAt: clock.now() + channelLifeMs,
      subscriptions: [],
      socket: null,
      due: new Map(),
      scheduled: false,
    };
    this.channels.set(id, channel);
    clock.after(channelLifeMs, () => this.close(id, "expired"));
    return channel;
  }

  of(actor: Actor): readonly Channel[] {
    return [...this.channels.values()].filter((channel) => channel.actor.id === actor.id);
  }

  /** @throws NotFound when it is somebody else's, too */
  owned(actor: Actor, id: string | undefined): Channel {
    const channel = id === undefined ? undefined : this.channels.get(id);
    if (channel === undefined || channel.actor.id !== actor.id) throw new NotFound("channel with this id");
    return channel;
  }

  /** Adds topics, or puts them in place of all. @throws BadInput that names the topic */
  subscribe(channel: Channel, names: readonly string[], how: "add" | "replace"): void {
    const wanted = names.flatMap(unfolded).map((name): Subscription => {
      const found = topicOf(name);
      if (found === null) throw new BadInput(`There is no topic “${name}”.`, "id", "notification.topic.unknown");
      if (!maySubscribe(channel.actor, found.topic, found.id)) {
        throw new BadInput(`The topic “${name}” needs the permission ${found.topic.permission}.`, "id", "notification.topic.forbidden");
      }
      return { name, ...found };
    });
    const kept = how === "replace" ? [] : channel.subscriptions;
    const all = [...new Map([...kept, ...wanted].map((one) => [one.name.toLowerCase(), one])).values()];
    if (all.length > topicsPerChannelMax) throw new BadInput(`At most ${topicsPerChannelMax} topics on one channel.`, "id");
    channel.subscriptions = all;
  }

  /** The channel's WebSocket has opened; a second one takes the place of the first. Null: there is no such channel. */
  connect(id: string, socket: Socket): { receive(text: string): void; closed(): void } | null {
    const channel = this.channels.get(id);
    if (channel === undefined) return null;
    channel.socket?.close(1000, "connected from elsewhere");
    channel.socket = socket;
    this.beat(channel, socket);
    return {
      receive: (text) => {
        if (isPing(text)) this.tell(channel, "channel.metadata", { message: "pong" });
      },
      closed: () => {
        if (channel.socket === socket) channel.socket = null;
      },
    };
  }

  private beat(channel: Open, socket: Socket): void {
    if (channel.socket !== socket) return;
    this.tell(channel, "channel.metadata", { message: "WebSocket Heartbeat" });
    this.app.env.clock.after(channelHeartbeatMs, () => this.beat(channel, socket));
  }

  private close(id: string, reason: string): void {
    this.channels.get(id)?.socket?.close(1000, reason);
    this.channels.delete(id);
  }

  private onLogged(event: LoggedEvent): void {
    for (const channel of this.channels.values()) {
      if (channel.socket === null) continue;
      for (const { name, topic, id } of channel.subscriptions) if (topic.concerns(event, id)) channel.due.set(name, event);
      if (channel.due.size === 0 || channel.scheduled) continue;
      channel.scheduled = true;
      this.app.env.clock.after(coalesceMs, () => void this.flush(channel));
    }
  }

  private async flush(channel: Open): Promise<void> {
    channel.scheduled = false;
    const due = [...channel.due];
    channel.due.clear();
    for (const [name, event] of due) {
      const subscription = channel.subscriptions.find((one) => one.name === name);
      if (subscription === undefined) continue;
      try {
        const body = await subscription.topic.body(this.app, subscription.id, event);
        if (body !== null) this.tell(channel, name, body);
      } catch (error) {
        this.app.env.log.warn("notification not sent", { topic: subscription.topic.template, reason: String(error) });
      }
    }
  }

  private tell(channel: Open, topicName: string, eventBody: object): void {
    channel.socket?.send(JSON.stringify({ topicName, version: "2", eventBody, metadata: { CorrelationId: newId(this.app.env) } }));
  }
}

/** What the API shows of a channel; its address has the scheme and host by which it was asked for. */
export function presentChannel(channel: Channel, origin: string) {
  return {
    id: channel.id,
    connectUri: `${origin.replace(/^http/, "ws")}/streaming/channels/${channel.id}`,
    expires: isoInstant(channel.expiresAt),
  };
}

function isPing(text: string): boolean {
  try {
    return (JSON.parse(text) as { readonly message?: unknown }).message === "ping";
  } catch {
    return false;
  }
}
