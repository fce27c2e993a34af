// How the enums of the Platform API are said to people, and the choices that admin pages share.
import type { App } from "../../../core/app.ts";
import { roles } from "../../../core/authorization/permissions.ts";
import type { Option } from "../objects/object-page.ts";

export const words: Readonly<Record<string, string>> = {
  ALL: "All skills matching",
  BEST: "Best available skills",
  NONE: "Disregard skills, next agent",
  TimestampAndPriority: "Time and priority",
  PriorityOnly: "Priority only",
  MANDATORY: "Mandatory",
  MANDATORY_TIMEOUT: "Mandatory, time limit",
  MANDATORY_FORCED_TIMEOUT: "Mandatory, forced time limit",
  OPTIONAL: "Optional",
  AGENT_REQUESTED: "Agent requested",
  INBOUNDCALL: "Inbound call",
  INQUEUECALL: "In-queue call",
  skill: "Skill",
  language: "Language",
  active: "Active",
  inactive: "Inactive",
  browser: "Browser",
  phone: "SIP phone",
  AVAILABLE: "Available",
  AWAY: "Away",
  BREAK: "Break",
  BUSY: "Busy",
  MEAL: "Meal",
  MEETING: "Meeting",
  ON_QUEUE: "On Queue",
  TRAINING: "Training",
  OFFLINE: "Offline",
};

/** What the captions of `roles` say, in the catalogue's reach. */
const roleWords: Readonly<Record<string, string>> = {
  admin: "Everything",
  supervisor: "Watches queues and conversations, plays recordings, and takes calls",
  agent: "Takes calls",
  auditor: "Reads the log and its proofs, and nothing else",
};

export const roleOptions: readonly Option[] = roles.map(({ name, caption }) => ({
  value: name,
  label: name,
  about: roleWords[name] ?? caption,
}));

export async function peopleNames(app: App): Promise<ReadonlyMap<string, string>> {
  return new Map((await app.stores.users.all(app.organizationId)).map((user) => [user.id as string, user.name]));
}

export async function peopleOptions(app: App): Promise<readonly Option[]> {
  return (await app.stores.users.all(app.organizationId))
    .filter((user) => user.state === "active")
    .map((user) => ({ value: user.id, label: `${user.name}, ${user.email}` }));
}
