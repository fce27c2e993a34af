// The core's store ports over one PostgreSQL session: a pool for reading, a transaction for changing.
import type { Stores } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import { agentStore } from "./agent-store.ts";
import { conversationStore, recordingStore } from "./conversation-store.ts";
import { oauthStore, organizationStore, sessionStore, userStore } from "./directory-store.ts";
import { queueStore, skillStore, wrapupCodeStore } from "./queue-store.ts";
import { routingStore } from "./routing-store.ts";
import { inboxStore, telephonyStore } from "./telephony-store.ts";
import { alertStore, waitingStore } from "./waiting-store.ts";

export function postgresStores(sql: Session): Stores {
  return {
    organizations: organizationStore(sql),
    queues: queueStore(sql),
    skills: skillStore(sql),
    wrapupCodes: wrapupCodeStore(sql),
    users: userStore(sql),
    sessions: sessionStore(sql),
    oauth: oauthStore(sql),
    agents: agentStore(sql),
    waiting: waitingStore(sql),
    alerts: alertStore(sql),
    routing: routingStore(sql),
    conversations: conversationStore(sql),
    recordings: recordingStore(sql),
    telephony: telephonyStore(sql),
    inbox: inboxStore(sql),
  };
}
