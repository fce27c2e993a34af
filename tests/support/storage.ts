// A whole storage over a fresh database, for tests: keys, unit of work, log, and an organization to write events for.
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import type { Env } from "../../core/env/env.ts";
import type { EventDraft } from "../../core/events/event.ts";
import { type DivisionId, type EventId, newId, type OrganizationId } from "../../core/lib/id.ts";
import type { NodeIdentity } from "../../storage/append.ts";
import { PostgresEventLog } from "../../storage/event-log.ts";
import { joinCluster } from "../../storage/nodes.ts";
import type { Session } from "../../storage/postgres/connect.ts";
import { PostgresUnitOfWork } from "../../storage/unit-of-work.ts";
import { DataKeys } from "../../storage/vault/data-keys.ts";
import { type Keys, loadOrCreateKeys } from "../../storage/vault/keys.ts";
import { type TestDatabase, testDatabase, testFolder } from "./postgres.ts";

export type TestStorage = {
  readonly env: Env;
  readonly folder: string;
  readonly database: TestDatabase;
  readonly keys: Keys;
  readonly dataKeys: DataKeys;
  readonly identity: NodeIdentity;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly log: PostgresEventLog;
  /** Stores are the bare session. */
  readonly unit: PostgresUnitOfWork<Session>;
  readonly draft: (fields?: Partial<EventDraft>) => EventDraft;
};

export async function testStorage(): Promise<TestStorage> {
  const env = realEnv("error");
  const database = await testDatabase();
  const folder = testFolder();
  const organizationId = newId<OrganizationId>(env);
  const divisionId = newId<DivisionId>(env);
  const keys = loadOrCreateKeys(env, join(folder, "keys/landline.key"));
  const dataKeys = new DataKeys(env, database.connect(1), keys, organizationId);
  const identity = await joinCluster(env, database.sql, newId(env));
  const draft = (fields: Partial<EventDraft> = {}): EventDraft => {
    const id = newId<EventId>(env);
    return {
      id,
      at: Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16),
      type: "test.happened",
      organizationId,
      divisionId,
      actorId: identity.nodeId,
      subjectIds: [],
      seal: { kind: "organization" },
      payload: { greeting: "hello" },
      ...fields,
    };
  };
  return {
    env,
    folder,
    database,
    keys,
    dataKeys,
    identity,
    organizationId,
    divisionId,
    log: new PostgresEventLog(database.sql, dataKeys),
    unit: new PostgresUnitOfWork<Session>(database.sql, { env, identity, keys: dataKeys }, (session) => session),
    draft,
  };
}
