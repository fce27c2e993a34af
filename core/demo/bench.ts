// The centre that the load scenarios of a benchmark call: routes by name, agents whose phones are always at one address, and phones that register.
import type { App } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import { type Applied, applyCentre } from "../centre/apply.ts";
import { type CentreDocument, centreDocument } from "../centre/centre.ts";
import { setUserStation } from "../directory/commands.ts";
import { conferenceRoomPartiesMax } from "../lib/limits.ts";
import { setPresence } from "../routing/agent-commands.ts";
import { createPhone, type PhoneSecret } from "../telephony/commands.ts";
import { demoMailDomain, marked } from "./mark.ts";

/** Callers come from here, without proof; every phone that is called answers there; phones register from a third. */
export const benchCallersAddress = "127.77.0.11";
const answeringAddress = "127.77.0.12:5062";

const queues: Readonly<Record<string, number>> = { q1: 1, q10: 10, q100: 100 };
/** By how many meet there, as the scenarios name them. */
const rooms = [3, 5, 10];
const agents = 100;
/** `rec` is a queue too: what agents talk is recorded. More than the calls that stand at once. */
const recordedAgents = 300;
const registeringPhones = 1_000;
/** What registering phones prove themselves with: known to everybody, so never on an address that others reach. */
export const benchPhoneSecret = "secret";

const emailOf = (name: string): string => `${name}@${demoMailDomain}`;
const numbered = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const phoneName = (n: number): string => `u${String(n).padStart(4, "0")}`;

export function benchCentre(): CentreDocument {
  const queue = (name: string, members: readonly string[]): object => ({
    ...{ name: marked(name), alertingTimeoutSeconds: 30, acwWrapupPrompt: "OPTIONAL", members: members.map(emailOf) },
  });
  const toQueue = (name: string): object => ({
    ...{ name: marked(name), type: "INBOUNDCALL", start: "toQueue" },
    actions: {
      toQueue: { type: "transferToAcd", name: "To the queue", queue: marked(name), outputs: { failure: "bye" } },
      bye: { type: "disconnect", name: "Goodbye" },
    },
  });
  const lines = [...Object.keys(queues), "rec"];
  const people = [...numbered("agent", agents), ...numbered("rec", recordedAgents), "call", "phones"];
  return centreDocument.parse({
    users: people.map((name) => ({
      ...{ name: marked(name), email: emailOf(name), roles: ["agent"] },
      ...(name === "call" ? { extension: "call" } : {}),
    })),
    queues: [
      ...Object.entries(queues).map(([name, size]) => queue(name, numbered("agent", size))),
      queue("rec", numbered("rec", recordedAgents)),
    ],
    flows: [
      ...lines.map(toQueue),
      {
        ...{ name: marked("ivr"), type: "INBOUNDCALL", start: "prompt" },
        actions: { prompt: { type: "playAudio", name: "Prompt", audio: ["music.default"], outputs: { next: "prompt" } } },
      },
    ],
    ivrs: [...lines, "ivr"].map((name) => ({ name: marked(name), dnis: [name], flow: marked(name) })),
    conferenceRooms: rooms.map((size) => ({
      ...{ name: marked(`conf${size}`), number: `conf${size}`, callers: "everybody", participantsMax: conferenceRoomPartiesMax },
    })),
    trunks: [{ name: marked("Bench"), addresses: [benchCallersAddress], heartbeat: false }],
  });
}

/**
 * Makes what is missing of it, and puts its agents on queue. `phoneSecret`: of `benchPhoneSecret`, or made anew for phones that prove nothing.
 * @throws Forbidden · BadInput
 */
export async function loadBench(app: App, actor: Actor, phoneSecret: (username: string) => PhoneSecret): Promise<Applied> {
  const applied = await applyCentre(app, actor, benchCentre(), phoneSecret);
  const users = new Map((await app.stores.users.all(app.organizationId)).map((user) => [user.email, user]));
  const there = new Set((await app.stores.stations.all(app.organizationId)).map(({ username }) => username));
  const made: string[] = [];
  const phone = async (username: string, email: string, address: string): Promise<void> => {
    const user = users.get(email)!;
    if (there.has(username)) return;
    const settings = {
      name: marked(username),
      userId: user.id,
      siteId: null,
      civic: null,
      location: "",
      address,
      mediaEncryption: "disabled",
      forwarding: "inside",
    } as const;
    const { station } = await createPhone(app, actor, settings, phoneSecret, username);
    if (address !== "") await setUserStation(app, actor, user.id, station.id);
    made.push(`phone ${username}`);
  };
  const answering = [...numbered("agent", agents), ...numbered("rec", recordedAgents)];
  for (const name of answering) await phone(name, emailOf(name), answeringAddress);
  await phone("uas", emailOf("call"), answeringAddress);
  for (let n = 0; n < registeringPhones; n++) await phone(phoneName(n), emailOf("phones"), "");
  for (const name of answering) await setPresence(app, actor, users.get(emailOf(name))!.id, "ON_QUEUE");
  return { ...applied, made: [...applied.made, ...made] };
}
