// What other domains need of the log.
export type { AuditedRow, EventDraft, EventHeader, Json, KeySubject, LoggedEvent } from "./event.ts";
export type { EventFilter, EventLog, Journal, UnitOfWork } from "./log.ts";
