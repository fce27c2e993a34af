// Notification channels of the Platform API: made and subscribed here, heard over their WebSocket.
import { z } from "zod";
import type { WebContext } from "../context.ts";
import { presentChannel } from "../notifications/channels.ts";
import { topics } from "../notifications/topics.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";

const help = "api";
const path = "/api/v2/notifications/channels";
const topicList = z.array(z.object({ id: z.string() }).loose()).max(1_000, "at most 1,000 at once");

function presentTopics(names: readonly string[], id: string) {
  return { entities: names.map((name) => ({ id: name, state: "Permitted", selfUri: `${path}/${id}/subscriptions` })) };
}

function originOf(c: WebContext, ports: WebPorts): string {
  const host = c.req.header("host") ?? "localhost";
  return ports.publicUrl === null ? `${c.env.secure ? "https" : "http"}://${host}` : new URL(ports.publicUrl).origin;
}

export const notificationRoutes = [
  defineRoute({
    operation: "getNotificationsAvailabletopics",
    method: "GET",
    path: "/api/v2/notifications/availabletopics",
    permission: "signed-in",
    help,
    summary: "Topics that can be subscribed to, with the permission each needs.",
    response: "AvailableTopicEntityListing",
    handler: () => ({
      entities: topics.map(({ template, description, permission }) => ({
        id: template,
        description,
        requiresPermissions: [permission],
        transports: ["Websocket"],
        topicParameters: ["id"],
      })),
    }),
  }),
  defineRoute({
    operation: "postNotificationsChannels",
    method: "POST",
    path,
    permission: "signed-in",
    help,
    summary: "Makes a channel for 24 hours; its WebSocket is at `connectUri`.",
    response: "Channel",
    handler: (_input, c, ports) => presentChannel(ports.channels.create(c.var.actor), originOf(c, ports)),
  }),
  defineRoute({
    operation: "getNotificationsChannels",
    method: "GET",
    path,
    permission: "signed-in",
    help,
    summary: "One's own channels.",
    response: "ChannelEntityListing",
    handler: (_input, c, ports) => ({
      entities: ports.channels.of(c.var.actor).map((channel) => presentChannel(channel, originOf(c, ports))),
    }),
  }),
  defineRoute({
    operation: "getNotificationsChannelSubscriptions",
    method: "GET",
    path: `${path}/:channelId/subscriptions`,
    permission: "signed-in",
    help,
    summary: "A channel's topics.",
    response: "ChannelTopicEntityListing",
    handler: ({ params }, c, ports) => {
      const channel = ports.channels.owned(c.var.actor, params.channelId);
      return presentTopics(
        channel.subscriptions.map((one) => one.name),
        channel.id,
      );
    },
  }),
  ...(["POST", "PUT"] as const).map((method) =>
    defineRoute({
      operation: method === "POST" ? "postNotificationsChannelSubscriptions" : "putNotificationsChannelSubscriptions",
      method,
      path: `${path}/:channelId/subscriptions`,
      permission: "signed-in",
      help,
      summary: method === "POST" ? "Subscribes a channel to further topics." : "Subscribes a channel to these topics and no others.",
      body: topicList,
      response: "ChannelTopicEntityListing",
      handler: ({ params, body }, c, ports) => {
        const channel = ports.channels.owned(c.var.actor, params.channelId);
        const names = body.map((topic) => topic.id);
        ports.channels.subscribe(channel, names, method === "POST" ? "add" : "replace");
        return presentTopics(names, channel.id);
      },
    }),
  ),
  defineRoute({
    operation: "deleteNotificationsChannelSubscriptions",
    method: "DELETE",
    path: `${path}/:channelId/subscriptions`,
    permission: "signed-in",
    help,
    summary: "Takes all topics from a channel.",
    response: "none",
    handler: ({ params }, c, ports) => {
      ports.channels.subscribe(ports.channels.owned(c.var.actor, params.channelId), [], "replace");
      return {};
    },
  }),
];
