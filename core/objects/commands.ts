// Makes, changes, deletes and restores any configured object: check, one transaction of row and event, return the new value.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { EventDraft, Json, LoggedEvent } from "../events/index.ts";
import { canonicalJson } from "../lib/canonical.ts";
import { BadInput, Conflict, NotFound } from "../lib/errors.ts";
import { newId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import { type ConfiguredObject, type ObjectKind, secretDigest, type Use } from "./object.ts";

type Named = { readonly name: string };

/** `extra` overrides what the kind makes. @throws Forbidden · BadInput · Conflict `general.duplicate` when the name is taken */
export async function createObject<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  input: Settings,
  extra: Partial<Row> = {},
): Promise<Row> {
  demand(actor, kind.permissions.add, app);
  const { value } = await app.unit.run(async (stores) => {
    const { row, events } = await insertObject(app, actor, stores, kind, input, extra);
    return { value: row, events };
  });
  return value;
}

/** The row and its events, for commands that make more than one object in a transaction. @throws BadInput · Conflict */
export async function insertObject<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  stores: Stores,
  kind: ObjectKind<Row, Settings>,
  input: Settings,
  extra: Partial<Row> = {},
): Promise<{ readonly row: Row; readonly events: readonly EventDraft[] }> {
  await refuseTakenName(app, stores, kind, input.name, null);
  await kind.check?.(app, stores, input, null);
  const id = newId(app.env);
  const now = app.env.clock.now();
  const { organizationId, divisionId } = app;
  const common = { id, organizationId, divisionId, version: 1, eventSeq: null, createdAt: now, modifiedAt: now };
  const row = { ...kind.make(id), ...input, ...common, ...extra } as unknown as Row;
  await kind.store(stores).insert(row);
  const more = (await kind.written?.(app, actor, stores, null, row)) ?? [];
  return { row, events: [objectEvent(app, actor, kind, null, row), ...more] };
}

/**
 * Changes the settings; `version` is the one the editor saw. @throws Forbidden · NotFound · BadInput · Conflict `general.duplicate` · Conflict
 * `general.conflict` when somebody else was faster
 */
export async function editObject<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  id: string,
  version: number,
  input: Settings,
): Promise<Row> {
  const { value } = await app.unit.run(async (stores) => {
    const before = found(actor, `${kind.noun} with this id`, await kind.store(stores).byId(id));
    demand(actor, kind.permissions.edit, before);
    // What is kept as jsonb comes back with its keys in another order.
    if (before.version === version && canonicalJson(settingsOf(kind, before)) === canonicalJson(settingsOf(kind, input))) {
      return { value: before, events: [] };
    }
    await refuseTakenName(app, stores, kind, input.name, id);
    await kind.check?.(app, stores, input, before);
    const after: Row = { ...before, ...input, version: version + 1, modifiedAt: app.env.clock.now() };
    if (!(await kind.store(stores).update(after, version))) {
      throw new Conflict(`Somebody else has changed this ${kind.noun} meanwhile. Load it again and repeat your change.`);
    }
    const more = (await kind.written?.(app, actor, stores, before, after)) ?? [];
    return { value: after, events: [objectEvent(app, actor, kind, before, after), ...more] };
  });
  return value;
}

/** @throws Forbidden · NotFound · Conflict `object.in.use` that names what uses it */
export async function deleteObject<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  id: string,
): Promise<void> {
  await app.unit.run(async (stores) => {
    const before = found(actor, `${kind.noun} with this id`, await kind.store(stores).byId(id));
    demand(actor, kind.permissions.delete, before);
    refuseUsed(kind.noun, (await kind.usedBy?.(app, stores, before)) ?? []);
    await kind.store(stores).delete(before.id);
    const more = (await kind.written?.(app, actor, stores, before, null)) ?? [];
    return { value: undefined, events: [objectEvent(app, actor, kind, before, null), ...more] };
  });
}

/** The events that made the object what it is, oldest first. @throws Forbidden · NotFound */
export async function objectHistory<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  id: string,
): Promise<readonly LoggedEvent[]> {
  const row = found(actor, `${kind.noun} with this id`, await kind.store(app.stores).byId(id));
  demand(actor, kind.permissions.view, row);
  const events = await app.log.readSubject(id);
  return events.filter((event) => event.type.startsWith(`${kind.event}.`));
}

/** Sets what the object was set to after the event `seq`. @throws Forbidden · NotFound · BadInput when that no longer fits · Conflict */
export async function restoreObject<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  id: string,
  version: number,
  seq: number,
): Promise<Row> {
  const event = (await objectHistory(app, actor, kind, id)).find((entry) => entry.seq === seq);
  if (event?.payload?.after == null) throw new NotFound(`version of this ${kind.noun} at event ${seq}`);
  const parsed = kind.settings.safeParse(settingsOf(kind, event.payload.after as Partial<Settings>));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new BadInput(`The old version no longer fits: ${issue.path.join(".")}: ${issue.message}`, String(issue.path[0] ?? ""));
  }
  return editObject(app, actor, kind, id, version, parsed.data as unknown as Settings);
}

/** What of a row is settings, in the schema's order. */
export function settingsOf<Row extends ConfiguredObject & Settings, Settings extends Named>(
  kind: ObjectKind<Row, Settings>,
  row: Partial<Settings>,
): Settings {
  return Object.fromEntries(Object.keys(kind.settings.shape).map((key) => [key, row[key as keyof Settings]])) as unknown as Settings;
}

/** What the log says of a row: everything but what the kind keeps out of it, digests of its secrets, not the event's own sequence. */
export function factsOf<Row extends ConfiguredObject & Settings, Settings extends Named>(
  kind: ObjectKind<Row, Settings>,
  row: Row,
): { readonly [key: string]: Json } {
  const secret = kind.secret ?? [];
  const hidden = new Set<PropertyKey>(["eventSeq", ...(kind.unlogged ?? []), ...secret]);
  const digests = secret.map((key) => [`${String(key)}Digest`, row[key] == null ? null : secretDigest(String(row[key]))]);
  return Object.fromEntries([...Object.entries(row).filter(([key]) => !hidden.has(key)), ...digests]) as { [key: string]: Json };
}

export function objectEvent<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  actor: Actor,
  kind: ObjectKind<Row, Settings>,
  before: Row | null,
  after: Row | null,
): EventDraft {
  const row = (after ?? before)!;
  const verb = before === null ? "created" : after === null ? "deleted" : "updated";
  return newEvent(app, {
    type: `${kind.event}.${verb}`,
    actorId: actor.id,
    subjectIds: [row.id],
    divisionId: row.divisionId,
    payload: { before: before && factsOf(kind, before), after: after && factsOf(kind, after) },
    ...(kind.seal === undefined ? {} : { seal: kind.seal(row) }),
    ...(after === null ? {} : { rows: [{ table: kind.table, id: row.id }] }),
  });
}

async function refuseTakenName<Row extends ConfiguredObject & Settings, Settings extends Named>(
  app: App,
  stores: Stores,
  kind: ObjectKind<Row, Settings>,
  name: string,
  self: string | null,
): Promise<void> {
  if (kind.namesRepeat === true) return;
  const other = await kind.store(stores).byName(app.organizationId, name);
  if (other !== null && other.id !== self) {
    const noun = `${/^[aeiou]/i.test(kind.noun) ? "an" : "a"} ${kind.noun}`;
    throw new Conflict(`There is ${noun} with the name “${other.name}” already. Choose another name.`, "general.duplicate", "name");
  }
}

function refuseUsed(noun: string, uses: readonly Use[]): void {
  if (uses.length === 0) return;
  const named = uses.slice(0, 3).map((use) => `${use.kind} “${use.name}” (${use.how})`);
  const more = uses.length > named.length ? ` and ${uses.length - named.length} more` : "";
  throw new Conflict(`This ${noun} is in use: ${named.join(", ")}${more}. Change that first.`, "object.in.use");
}
