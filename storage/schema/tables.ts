// The tables of the centre as drizzle sees them: the one place that maps columns to the domain's names and types.
import { boolean, customType, doublePrecision, integer, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";

/** timestamptz inside, epoch ms outside (connect.ts converts). */
const instant = customType<{ data: number; driverData: number }>({ dataType: () => "timestamptz" });
const big = customType<{ data: number; driverData: number }>({ dataType: () => "bigint" });

const scoped = () => ({
  id: uuid("id").primaryKey(),
  organizationId: uuid("organization_id"),
  divisionId: uuid("division_id"),
  eventSeq: big("event_seq"),
});

/** What every configured object has. */
const configured = () => ({
  ...scoped(),
  name: text("name"),
  version: integer("version"),
  createdAt: instant("created_at"),
  modifiedAt: instant("modified_at"),
});

export const queue = pgTable("queue", {
  ...configured(),
  description: text("description"),
  skillEvaluationMethod: text("skill_evaluation_method"),
  scoringMethod: text("scoring_method"),
  alertingTimeoutSeconds: integer("alerting_timeout_seconds"),
  serviceLevelPercentage: doublePrecision("service_level_percentage"),
  serviceLevelMs: integer("service_level_ms"),
  acwWrapupPrompt: text("acw_wrapup_prompt"),
  acwTimeoutMs: integer("acw_timeout_ms"),
  wrapupCodeIds: uuid("wrapup_code_ids").array(),
  poolId: text("pool_id"),
});

export const queueMember = pgTable("queue_member", { queueId: uuid("queue_id"), userId: uuid("user_id"), joined: boolean("joined") });

export const skill = pgTable("skill", {
  ...configured(),
  kind: text("kind"),
});

export const userSkill = pgTable("user_skill", {
  userId: uuid("user_id"),
  skillId: uuid("skill_id"),
  proficiency: doublePrecision("proficiency"),
});

export const wrapupCode = pgTable("wrapup_code", {
  ...configured(),
});

export const user = pgTable("user", {
  ...configured(),
  email: text("email"),
  state: text("state"),
  roles: text("roles").array(),
  passwordHash: text("password_hash"),
  stationId: uuid("station_id"),
  extension: text("extension"),
  phoneNumber: text("phone_number"),
  dialRights: text("dial_rights").array(),
});

export const organization = pgTable("organization", {
  id: uuid("id").primaryKey(),
  name: text("name"),
  language: text("language"),
  country: text("country"),
  timeZone: text("time_zone"),
  guestNumber: text("guest_number"),
  recordingDays: integer("recording_days"),
  showsMonitoring: boolean("shows_monitoring"),
  pauseSecondsMax: integer("pause_seconds_max"),
  currency: text("currency"),
  createdAt: instant("created_at"),
  eventSeq: big("event_seq"),
});

export const ticket = pgTable("ticket", {
  tokenHash: text("token_hash").primaryKey(),
  organizationId: uuid("organization_id"),
  kind: text("kind"),
  userId: uuid("user_id"),
  createdAt: instant("created_at"),
  expiresAt: instant("expires_at"),
});

export const totp = pgTable("totp", {
  userId: uuid("user_id").primaryKey(),
  organizationId: uuid("organization_id"),
  sealedSecret: text("sealed_secret"),
  confirmedAt: instant("confirmed_at"),
  lastStep: big("last_step"),
});

export const setup = pgTable("setup", {
  organizationId: uuid("organization_id").primaryKey(),
  stepsDone: text("steps_done").array(),
  ownerId: uuid("owner_id"),
  ownerTicketHash: text("owner_ticket_hash"),
  sealedKit: text("sealed_kit"),
  kitDigest: text("kit_digest"),
  withDemo: boolean("with_demo"),
  completedAt: instant("completed_at"),
});

export const session = pgTable("session", {
  tokenHash: text("token_hash").primaryKey(),
  organizationId: uuid("organization_id"),
  userId: uuid("user_id"),
  createdAt: instant("created_at"),
  expiresAt: instant("expires_at"),
  userAgent: text("user_agent"),
});

export const oauthClient = pgTable("oauth_client", {
  ...configured(),
  id: text("id").primaryKey(),
  secretHash: text("secret_hash"),
  roles: text("roles").array(),
  accessTokenValiditySeconds: integer("access_token_validity_seconds"),
});

export const accessToken = pgTable("access_token", {
  tokenHash: text("token_hash").primaryKey(),
  organizationId: uuid("organization_id"),
  clientId: text("client_id"),
  expiresAt: instant("expires_at"),
});

export const agent = pgTable("agent", {
  userId: uuid("user_id").primaryKey(),
  organizationId: uuid("organization_id"),
  divisionId: uuid("division_id"),
  presence: text("presence"),
  presenceDefinitionId: uuid("presence_definition_id"),
  presenceAt: instant("presence_at"),
  routingStatus: text("routing_status"),
  routingStatusAt: instant("routing_status_at"),
  lastHandledAt: instant("last_handled_at"),
  inHandKind: text("in_hand_kind"),
  inHandId: uuid("in_hand_id"),
});

export const afterCallWork = pgTable("after_call_work", {
  participantId: uuid("participant_id").primaryKey(),
  conversationId: uuid("conversation_id"),
  userId: uuid("user_id"),
  queueId: uuid("queue_id"),
  startedAt: instant("started_at"),
  deadlineAt: instant("deadline_at"),
  endedAt: instant("ended_at"),
  wrapupCode: text("wrapup_code"),
});

export const waitingConversation = pgTable("waiting_conversation", {
  conversationId: uuid("conversation_id").primaryKey(),
  participantId: uuid("participant_id"),
  organizationId: uuid("organization_id"),
  divisionId: uuid("division_id"),
  queueId: uuid("queue_id"),
  nodeId: uuid("node_id"),
  enteredAt: instant("entered_at"),
  baseAt: instant("base_at"),
  atHead: boolean("at_head"),
  priority: integer("priority"),
  skillIds: uuid("skill_ids").array(),
  languageId: uuid("language_id"),
  state: text("state"),
  alertId: uuid("alert_id"),
});

export const alert = pgTable("alert", {
  id: uuid("id").primaryKey(),
  organizationId: uuid("organization_id"),
  divisionId: uuid("division_id"),
  conversationId: uuid("conversation_id"),
  acdParticipantId: uuid("acd_participant_id"),
  participantId: uuid("participant_id"),
  queueId: uuid("queue_id"),
  userId: uuid("user_id"),
  nodeId: uuid("node_id"),
  createdAt: instant("created_at"),
  deadlineAt: instant("deadline_at"),
  outcome: text("outcome"),
  endedAt: instant("ended_at"),
});

export const routingDecision = pgTable("routing_decision", {
  id: uuid("id").primaryKey(),
  organizationId: uuid("organization_id"),
  at: instant("at"),
  asOfSeq: big("as_of_seq"),
  conversationId: uuid("conversation_id"),
  queueId: uuid("queue_id"),
  queueVersion: integer("queue_version"),
  userId: uuid("user_id"),
  alertId: uuid("alert_id"),
  score: doublePrecision("score"),
  nearest: jsonb("nearest"),
  counts: jsonb("counts"),
});

export const conversation = pgTable("conversation", {
  ...scoped(),
  nodeId: uuid("node_id"),
  direction: text("direction"),
  callerNumber: text("caller_number"),
  callerName: text("caller_name"),
  calledNumber: text("called_number"),
  startedAt: instant("started_at"),
  answeredAt: instant("answered_at"),
  endedAt: instant("ended_at"),
  endReason: text("end_reason"),
  data: jsonb("data"),
  pausedAt: instant("paused_at"),
  pausedUntil: instant("paused_until"),
  pauseIsSecure: boolean("pause_is_secure"),
  sipIds: text("sip_ids").array(),
});

export const participant = pgTable("participant", {
  id: uuid("id").primaryKey(),
  conversationId: uuid("conversation_id"),
  purpose: text("purpose"),
  userId: uuid("user_id"),
  queueId: uuid("queue_id"),
  flowId: uuid("flow_id"),
  address: text("address"),
  name: text("name"),
  consultedBy: uuid("consulted_by"),
  addedBy: uuid("added_by"),
  supervises: uuid("supervises"),
  startedAt: instant("started_at"),
  connectedAt: instant("connected_at"),
  endedAt: instant("ended_at"),
  disconnectType: text("disconnect_type"),
  wrapupCode: text("wrapup_code"),
  heldSince: instant("held_since"),
});

export const segment = pgTable("segment", {
  participantId: uuid("participant_id"),
  conversationId: uuid("conversation_id"),
  type: text("type"),
  startedAt: instant("started_at"),
  endedAt: instant("ended_at"),
});

export const recording = pgTable("recording", {
  ...scoped(),
  conversationId: uuid("conversation_id"),
  path: text("path"),
  nodeId: uuid("node_id"),
  startedAt: instant("started_at"),
  endedAt: instant("ended_at"),
  state: text("state"),
  durationMs: big("duration_ms"),
  sizeBytes: big("size_bytes"),
  chunks: integer("chunks"),
  sha256: text("sha256"),
  erasedAt: instant("erased_at"),
});

export const trunk = pgTable("trunk", {
  ...configured(),
  addresses: text("addresses").array(),
  proxies: text("proxies").array(),
  username: text("username"),
  domain: text("domain"),
  sealedPassword: text("sealed_password"),
  demandsCertificate: boolean("demands_certificate"),
  peerIssuers: text("peer_issuers"),
  peerNames: text("peer_names").array(),
  certificate: text("certificate"),
  sealedKey: text("sealed_key"),
  registers: boolean("registers"),
  heartbeat: boolean("heartbeat"),
  mediaEncryption: text("media_encryption"),
  transport: text("transport"),
  template: text("template"),
  numberFormat: text("number_format"),
  incomingFormat: text("incoming_format"),
  callerIdHeader: text("caller_id_header"),
  codecs: text("codecs").array(),
  sessionTimers: boolean("session_timers"),
  redirects: text("redirects"),
  redirectsMax: integer("redirects_max"),
  diversion: text("diversion"),
  geolocation: text("geolocation"),
  callerIdPresentation: text("caller_id_presentation"),
  callerId: text("caller_id"),
  channelsMax: integer("channels_max"),
  extensionRanges: jsonb("extension_ranges"),
  extensionsFirst: text("extensions_first"),
});

export const site = pgTable("site", {
  ...configured(),
  country: text("country"),
  address: text("address"),
  civic: jsonb("civic"),
  networks: text("networks").array(),
  outsidePrefix: text("outside_prefix"),
  callerId: text("caller_id"),
  callerName: text("caller_name"),
  emergencyTrunkIds: uuid("emergency_trunk_ids").array(),
  emergencyContactIds: uuid("emergency_contact_ids").array(),
});

export const binding = pgTable("binding", {
  nodeId: uuid("node_id"),
  stationId: uuid("station_id"),
  contact: text("contact"),
  address: text("address"),
  port: integer("port"),
  expiresAt: instant("expires_at"),
  callId: text("call_id"),
  seq: big("seq"),
});

export const whereabouts = pgTable("whereabouts", {
  userId: uuid("user_id").primaryKey(),
  organizationId: uuid("organization_id"),
  siteId: uuid("site_id"),
  civic: jsonb("civic"),
  saidAt: instant("said_at"),
  expiresAt: instant("expires_at"),
});

export const helpCall = pgTable("help_call", {
  conversationId: uuid("conversation_id").primaryKey(),
  organizationId: uuid("organization_id"),
  divisionId: uuid("division_id"),
  at: instant("at"),
  userId: uuid("user_id"),
  name: text("name"),
  number: text("number"),
  callback: text("callback"),
  place: text("place"),
  waitingFor: uuid("waiting_for").array(),
  seenBy: text("seen_by"),
});

export const numberPlan = pgTable("number_plan", {
  ...configured(),
  siteId: uuid("site_id"),
  priority: integer("priority"),
  matchType: text("match_type"),
  match: text("match"),
  normalizedFormat: text("normalized_format"),
  numbers: jsonb("numbers"),
  digitLength: jsonb("digit_length"),
  classification: text("classification"),
});

export const outboundRoute = pgTable("outbound_route", {
  ...configured(),
  siteId: uuid("site_id"),
  classifications: text("classifications").array(),
  distribution: text("distribution"),
  trunkIds: uuid("trunk_ids").array(),
  enabled: boolean("enabled"),
});

export const station = pgTable("station", {
  ...configured(),
  kind: text("kind"),
  userId: uuid("user_id"),
  username: text("username"),
  siteId: uuid("site_id"),
  location: text("location"),
  civic: jsonb("civic"),
  address: text("address"),
  mediaEncryption: text("media_encryption"),
  forwarding: text("forwarding"),
  sealedHa1: text("sealed_ha1"),
});

export const ivr = pgTable("ivr", {
  ...configured(),
  dnis: text("dnis").array(),
  flowId: uuid("flow_id"),
});

export const flow = pgTable("flow", {
  ...configured(),
  type: text("type"),
  document: jsonb("document"),
});

export const inbox = pgTable("inbox", {
  id: uuid("id").primaryKey(),
  nodeId: uuid("node_id"),
  conversationId: uuid("conversation_id"),
  actorId: text("actor_id"),
  at: instant("at"),
  command: jsonb("command"),
});

export const presenceDefinition = pgTable("presence_definition", {
  ...configured(),
  systemPresence: text("system_presence"),
});

export const didPool = pgTable("did_pool", {
  ...configured(),
  startPhoneNumber: text("start_phone_number"),
  endPhoneNumber: text("end_phone_number"),
});

export const conferenceRoom = pgTable("conference_room", {
  ...configured(),
  number: text("number"),
  callers: text("callers"),
  participantsMax: integer("participants_max"),
});

export const prompt = pgTable("prompt", {
  ...configured(),
  description: text("description"),
  audioSha256: text("audio_sha256"),
  audioMs: integer("audio_ms"),
});

export const rateTable = pgTable("rate_table", { ...configured(), rates: text("rates").array() });

export const callAlarm = pgTable("call_alarm", {
  ...configured(),
  rule: text("rule"),
  scope: text("scope"),
  classification: text("classification"),
  limitValue: doublePrecision("limit_value"),
  period: text("period"),
  opensAt: text("opens_at"),
  closesAt: text("closes_at"),
  openDays: text("open_days").array(),
  action: text("action"),
  enabled: boolean("enabled"),
});

export const callCharge = pgTable("call_charge", {
  id: uuid("id").primaryKey(),
  organizationId: uuid("organization_id"),
  conversationId: uuid("conversation_id"),
  userId: uuid("user_id"),
  classification: text("classification"),
  country: text("country"),
  startedAt: instant("started_at"),
  seconds: integer("seconds"),
  amount: doublePrecision("amount"),
});

export const callStop = pgTable("call_stop", {
  alarmId: uuid("alarm_id"),
  subject: text("subject"),
  organizationId: uuid("organization_id"),
  country: text("country"),
  value: doublePrecision("value"),
  stoppedAt: instant("stopped_at"),
  releasedAt: instant("released_at"),
});
