// Every permission, as the Platform API's triples `domain:entity:action`, and the built-in roles that carry them.

export const permissions = [
  "routing:queue:view",
  "routing:queue:add",
  "routing:queue:edit",
  "routing:queue:delete",
  "routing:queueMember:manage",
  "routing:skill:view",
  "routing:skill:manage",
  "routing:wrapupCode:view",
  "routing:wrapupCode:add",
  "routing:wrapupCode:edit",
  "routing:wrapupCode:delete",
  "directory:user:view",
  "directory:user:add",
  "directory:user:edit",
  "directory:user:delete",
  "presence:presenceDefinition:view",
  "presence:presenceDefinition:add",
  "presence:presenceDefinition:edit",
  "presence:presenceDefinition:delete",
  "presence:userPresence:edit",
  "conversation:communication:view",
  "conversation:call:add",
  "conversation:call:accept",
  "conversation:call:hold",
  "conversation:call:disconnect",
  "conversation:call:pause",
  "conversation:call:securePause",
  "conversation:call:monitor",
  "conversation:call:coach",
  "conversation:call:barge",
  "conversation:call:pickup",
  "conversation:communication:blindTransfer",
  "conversation:communication:consultTransfer",
  "conversation:wrapup:edit",
  "recording:recording:view",
  "analytics:queueObservation:view",
  "analytics:conversationDetail:view",
  "telephony:station:use",
  "audits:audit:view",
  "audits:chain:verify",
  "oauth:client:view",
  "oauth:client:add",
  "oauth:client:edit",
  "oauth:client:delete",
  "architect:flow:view",
  "architect:flow:add",
  "architect:flow:edit",
  "architect:flow:delete",
  "architect:userPrompt:view",
  "architect:userPrompt:add",
  "architect:userPrompt:edit",
  "architect:userPrompt:delete",
  "telephony:plugin:all",
  "telephony:guestCall:add",
  "telephony:pcap:view",
  "telephony:pcap:add",
  "directory:organization:edit",
] as const;
export type Permission = (typeof permissions)[number];

export type Role = { readonly name: string; readonly caption: string; readonly permissions: readonly Permission[] };

const agent: readonly Permission[] = [
  "directory:user:view",
  "routing:skill:view",
  "routing:wrapupCode:view",
  "presence:presenceDefinition:view",
  "presence:userPresence:edit",
  "conversation:call:add",
  "conversation:call:accept",
  "conversation:call:hold",
  "conversation:call:disconnect",
  "conversation:call:securePause",
  "conversation:communication:blindTransfer",
  "conversation:communication:consultTransfer",
  "conversation:wrapup:edit",
  "telephony:station:use",
];

const supervisor: readonly Permission[] = [
  ...agent,
  "routing:queue:view",
  "routing:queueMember:manage",
  "conversation:communication:view",
  "conversation:call:pause",
  "conversation:call:monitor",
  "conversation:call:coach",
  "conversation:call:barge",
  "conversation:call:pickup",
  "recording:recording:view",
  "analytics:queueObservation:view",
  "analytics:conversationDetail:view",
];

const auditor: readonly Permission[] = ["audits:audit:view", "audits:chain:verify", "routing:queue:view", "directory:user:view"];

/** Roles are fixed until the role editor exists; their names are stored with users and OAuth clients. */
export const roles: readonly Role[] = [
  { name: "admin", caption: "Everything", permissions },
  {
    name: "supervisor",
    caption: "Watches queues and conversations, listens to calls and recordings, and takes calls",
    permissions: supervisor,
  },
  { name: "agent", caption: "Takes calls", permissions: agent },
  { name: "auditor", caption: "Reads the log and its proofs, and nothing else", permissions: auditor },
];

/** The permissions of several roles together; unknown names give none. */
export function permissionsOf(roleNames: readonly string[]): ReadonlySet<Permission> {
  return new Set(roles.filter((role) => roleNames.includes(role.name)).flatMap((role) => role.permissions));
}
