// How the enums of the Platform API are said to people, and the choices that admin pages share.
import type { App } from "../../../core/app.ts";
import { roles } from "../../../core/authorization/permissions.ts";
import { classifications } from "../../../core/telephony/number-plan.ts";
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
  UDP: "UDP",
  TCP: "TCP",
  TLS: "TLS",
  E164: "+441632960100",
  E164WithoutPlus: "441632960100",
  National: "National",
  Mobile: "Mobile",
  Tollfree: "Free of charge",
  International: "International",
  Premium: "Premium rate",
  "P-Asserted-Identity": "P-Asserted-Identity and From",
  "Remote-Party-ID": "Remote-Party-ID and From",
  From: "From alone",
  user: "The person's, else the trunk's",
  trunk: "Always the trunk's",
  withhold: "None",
  digitLength: "Number of digits",
  numberList: "Numbers as dialled",
  E164NumberList: "Numbers with country code",
  intraCountryCode: "Any number of this country",
  interCountryCode: "Any number of other countries",
  regex: "Pattern",
  SEQUENTIAL: "In this order",
  RANDOM: "By chance",
  disabled: "Not encrypted",
  optional: "Encrypted where the other side can",
  required: "Encrypted, or no call",
  true: "On",
  false: "Off",
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

/** What numbers are by themselves, and what the organisation's number plans call theirs. */
export async function classificationOptions(app: App): Promise<readonly Option[]> {
  const plans = await app.stores.numberPlans.all(app.organizationId);
  const all = new Set([...classifications, ...plans.map(({ classification }) => classification)]);
  return [...all].map((value) => ({ value, label: words[value] ?? value }));
}

export async function siteOptions(app: App): Promise<readonly Option[]> {
  return (await app.stores.sites.all(app.organizationId)).map(({ id, name }) => ({ value: id, label: name }));
}

/** Trunks by which calls can leave. */
export async function outboundTrunkOptions(app: App): Promise<readonly Option[]> {
  const trunks = await app.stores.trunks.all(app.organizationId);
  return trunks.filter(({ proxies }) => proxies.length > 0).map(({ id, name }) => ({ value: id, label: name }));
}

export async function peopleNames(app: App): Promise<ReadonlyMap<string, string>> {
  return new Map((await app.stores.users.all(app.organizationId)).map((user) => [user.id as string, user.name]));
}

export async function peopleOptions(app: App): Promise<readonly Option[]> {
  return (await app.stores.users.all(app.organizationId))
    .filter((user) => user.state === "active")
    .map((user) => ({ value: user.id, label: `${user.name}, ${user.email}` }));
}
