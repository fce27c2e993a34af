// Admin pages of the contact centre: queues, skills and languages, wrap-up codes, presences.

import { presenceKind } from "../../../core/directory/kinds.ts";
import type { PresenceDefinition, PresenceSettings } from "../../../core/directory/user.ts";
import { systemPresences } from "../../../core/routing/agent.ts";
import { queueKind, skillKind, wrapupCodeKind } from "../../../core/routing/kinds.ts";
import {
  type Queue,
  type QueueSettings,
  type Skill,
  type SkillSettings,
  scoringMethods,
  skillEvaluationMethods,
  skillKinds,
  type WrapupCode,
  type WrapupCodeSettings,
  wrapupPrompts,
} from "../../../core/routing/queue.ts";
import { t } from "../../ui/text.ts";
import { type ObjectPage, options } from "../objects/object-page.ts";
import { words } from "./words.ts";

export const queuePage: ObjectPage<Queue, QueueSettings> = {
  kind: queueKind,
  path: "/admin/queues",
  help: "queues",
  icon: "list-ordered",
  title: "Queues",
  newLabel: "New queue",
  purpose: "A queue is where callers wait for the right person.",
  next: { about: "Nobody answers it yet.", label: "Add members", href: ({ id }) => `/admin/queues/${id}/members` },
  groups: [
    {
      title: "Name",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "description", label: "Description", control: { kind: "text" } },
      ],
    },
    {
      title: "Routing",
      about: "Who takes a conversation.",
      fields: [
        {
          name: "skillEvaluationMethod",
          label: "Evaluation",
          control: { kind: "choice", options: options(skillEvaluationMethods, words) },
        },
        {
          name: "scoringMethod",
          label: "Scoring",
          help: "One point of priority equals one minute waited",
          control: { kind: "choice", options: options(scoringMethods, words) },
        },
      ],
    },
    {
      title: "Voice",
      fields: [
        { name: "serviceLevelPercentage", label: "Service level", control: { kind: "quantity", unit: "%", scale: 0.01 } },
        { name: "serviceLevelMs", label: "answered within", control: { kind: "quantity", unit: "seconds", scale: 1_000 } },
        { name: "alertingTimeoutSeconds", label: "Alert for", control: { kind: "quantity", unit: "seconds", scale: 1 } },
      ],
    },
    {
      title: "After-call work",
      fields: [
        { name: "acwWrapupPrompt", label: "Mode", control: { kind: "choice", options: options(wrapupPrompts, words) } },
        { name: "acwTimeoutMs", label: "Time limit", control: { kind: "quantity", unit: "seconds", scale: 1_000 } },
        {
          name: "wrapupCodeIds",
          label: "Wrap-up codes",
          help: "What an agent may say a conversation was about.",
          control: {
            kind: "picks",
            options: async (app) =>
              (await app.stores.wrapupCodes.all(app.organizationId)).map(({ id, name }) => ({ value: id, label: name })),
          },
        },
      ],
    },
  ],
  columns: [
    { label: "Evaluation", cell: (queue) => t(words[queue.skillEvaluationMethod]!) },
    {
      label: "Service level",
      numeric: true,
      cell: (queue) => `${Math.round(queue.serviceLevelPercentage * 10_000) / 100}% in ${queue.serviceLevelMs / 1_000} s`,
    },
    { label: "Alert for", numeric: true, cell: (queue) => `${queue.alertingTimeoutSeconds} s` },
    { label: "After-call work", cell: (queue) => t(words[queue.acwWrapupPrompt]!) },
    { label: "Members", numeric: true, cell: (queue, names) => names.get(queue.id) ?? "0" },
  ],
  filters: ["skillEvaluationMethod"],
  initial: {
    skillEvaluationMethod: "ALL",
    scoringMethod: "TimestampAndPriority",
    alertingTimeoutSeconds: 8,
    serviceLevelPercentage: 0.8,
    serviceLevelMs: 20_000,
    acwWrapupPrompt: "MANDATORY_TIMEOUT",
    acwTimeoutMs: 60_000,
    wrapupCodeIds: [],
  },
  tabs: [{ at: "members", label: "Members" }],
  alsoTells: {
    "routing.queue.member.set": ({ payload }, names) => {
      const name = names.get(String(payload?.userId)) ?? String(payload?.userId);
      return payload?.after == null ? t("removed {name}", { name }) : t("added {name}", { name });
    },
  },
  names: async (app) => {
    const byQueue = Map.groupBy(await app.stores.queues.memberships(app.organizationId), (member) => member.queueId);
    return new Map([...byQueue].map(([id, members]) => [id, String(members.length)]));
  },
};

export const skillPage: ObjectPage<Skill, SkillSettings> = {
  kind: skillKind,
  path: "/admin/skills",
  help: "skills",
  icon: "graduation-cap",
  title: "Skills and languages",
  newLabel: "New skill",
  purpose: "What people can do, and what a conversation asks for: routing brings the two together.",
  next: { about: "Nobody has it yet: choose a person, then Skills.", label: "People", href: () => "/admin/people" },
  groups: [
    {
      title: "Skill",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        {
          name: "kind",
          label: "Kind",
          help: "A conversation asks for many skills, but for one language.",
          control: { kind: "choice", options: options(skillKinds, words) },
        },
      ],
    },
  ],
  columns: [
    { label: "Kind", cell: (skill) => t(words[skill.kind]!) },
    { label: "People", numeric: true, cell: (skill, names) => names.get(skill.id) ?? "0" },
  ],
  filters: ["kind"],
  initial: { kind: "skill" },
  names: async (app) => {
    const agents = await app.stores.routing.agents(app.organizationId);
    const byId = Map.groupBy(
      agents.flatMap((agent) => agent.skills),
      (skill) => skill.skillId as string,
    );
    return new Map([...byId].map(([id, of]) => [id, String(of.length)]));
  },
};

export const wrapupCodePage: ObjectPage<WrapupCode, WrapupCodeSettings> = {
  kind: wrapupCodeKind,
  path: "/admin/wrap-up-codes",
  help: "wrap-up-codes",
  icon: "sticky-note",
  title: "Wrap-up codes",
  newLabel: "New wrap-up code",
  purpose: "What a conversation was about, as its agent sees it. Each queue offers some of them.",
  groups: [{ title: "Code", fields: [{ name: "name", label: "Name", control: { kind: "text" } }] }],
  columns: [{ label: "Queues", numeric: true, cell: (code, names) => names.get(code.id) ?? "0" }],
  names: async (app) => {
    const ids = (await app.stores.queues.all(app.organizationId)).flatMap((queue) => queue.wrapupCodeIds);
    return new Map([...Map.groupBy(ids, (id) => id)].map(([id, of]) => [id, String(of.length)]));
  },
};

const ownPresences = systemPresences.filter((presence) => presence !== "ON_QUEUE" && presence !== "OFFLINE");

export const presencePage: ObjectPage<PresenceDefinition, PresenceSettings> = {
  kind: presenceKind,
  path: "/admin/presences",
  help: "presences",
  icon: "circle-dot",
  title: "Presences",
  newLabel: "New presence",
  purpose: "Your own words for why somebody is not there. Each counts as one of the system's.",
  groups: [
    {
      title: "Presence",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "systemPresence", label: "Counts as", control: { kind: "choice", options: options(ownPresences, words) } },
      ],
    },
  ],
  columns: [{ label: "Counts as", cell: (presence) => t(words[presence.systemPresence]!) }],
  filters: ["systemPresence"],
  initial: { systemPresence: "AWAY" },
};
