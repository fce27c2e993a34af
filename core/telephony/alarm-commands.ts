// What calls outside cost and whom alarms have stopped, for whoever looks; and the release of who was stopped.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import { startOfDay, startOfMonth } from "../lib/calendar.ts";
import { Conflict } from "../lib/errors.ts";
import { isId } from "../lib/id.ts";
import { callAlarmKind } from "./alarm-kinds.ts";
import type { CallAlarm, CallStop } from "./call-alarm.ts";

export type Sum = { readonly calls: number; readonly seconds: number; readonly amount: number };
/** Of answered numbers outside; amounts in the organization's currency. */
export type SpentBy = { readonly key: string; readonly day: Sum; readonly month: Sum };

export type SpendView = {
  readonly currency: string | null;
  readonly hasRates: boolean;
  readonly all: SpentBy;
  /** By person's id, and by classification; most of the month first. */
  readonly byUser: readonly SpentBy[];
  readonly byClassification: readonly SpentBy[];
  readonly alarms: readonly CallAlarm[];
  readonly stops: readonly CallStop[];
};

/** @throws Forbidden */
export async function spendView(app: App, actor: Actor): Promise<SpendView> {
  demand(actor, callAlarmKind.permissions.view, app);
  const { stores, organizationId, env } = app;
  const now = env.clock.now();
  const [charges, organization, rateTables, alarms, stops] = await Promise.all([
    stores.callCharges.since(organizationId, startOfMonth(now)),
    stores.organizations.byId(organizationId),
    stores.rateTables.all(organizationId),
    stores.callAlarms.all(organizationId),
    stores.callCharges.stops(organizationId),
  ]);
  const today = startOfDay(now);
  const sumOf = (of: typeof charges): Sum => ({
    calls: of.length,
    seconds: of.reduce((sum, { seconds }) => sum + seconds, 0),
    amount: of.reduce((sum, { amount }) => sum + amount, 0),
  });
  const spent = (key: string, of: typeof charges): SpentBy => ({
    key,
    day: sumOf(of.filter(({ startedAt }) => startedAt >= today)),
    month: sumOf(of),
  });
  const by = (keyOf: (charge: (typeof charges)[number]) => string): SpentBy[] =>
    [...Map.groupBy(charges, keyOf)].map(([key, own]) => spent(key, own)).sort((a, b) => b.month.amount - a.month.amount);
  return {
    currency: organization?.currency ?? null,
    hasRates: rateTables.some(({ rates }) => rates.length > 0),
    all: spent("", charges),
    byUser: by(({ userId }) => userId),
    byClassification: by(({ classification }) => classification),
    ...{ alarms, stops },
  };
}

/** Calls go again, and count anew from now on. @throws Forbidden · Conflict when nothing is stopped */
export async function releaseCalls(app: App, actor: Actor, alarmId: string, subject: string): Promise<void> {
  demand(actor, callAlarmKind.permissions.edit, app);
  await app.unit.run(async (stores) => {
    if (!(await stores.callCharges.release(alarmId, subject, app.env.clock.now())))
      throw new Conflict("Nothing is stopped by this alarm any more.", "call-alarm.released");
    const event = newEvent(app, {
      type: "telephony.call-alarm.released",
      actorId: actor.id,
      // A classification's name is no id.
      subjectIds: isId(subject) ? [alarmId, subject] : [alarmId],
      payload: { alarmId, subject },
    });
    return { value: undefined, events: [event] };
  });
}
