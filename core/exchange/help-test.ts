// A call for help as it would go, without making it: number, caller's number, place, what a carrier would be told, and whether each way answers.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { TrunkPort, TrunkTrouble } from "../call/call-control.ts";
import type { Json, LoggedEvent } from "../events/index.ts";
import type { ConversationId, SiteId } from "../lib/id.ts";
import { civicText } from "../telephony/civic-address.ts";
import { emergencyNumbersOf } from "../telephony/emergency.ts";
import { readPidfLo, writePidfLo } from "../telephony/pidf-lo.ts";
import type { Configuration } from "./directory.ts";
import { helpShownBy, placeOf, placeText, waysForHelp } from "./outbound.ts";

export const permissionToTestHelp = "telephony:plugin:all";

/** In the order in which a call for help goes. */
export type HelpTestStep =
  | { readonly kind: "number"; readonly number: string }
  /** As whom the call goes by that trunk, and where it would be called back; empty: nowhere. */
  | { readonly kind: "callback"; readonly trunk: string; readonly number: string }
  /** Empty: nobody has said. */
  | { readonly kind: "place"; readonly text: string }
  /** As the carrier reads it in the call; empty: it is told, and there is nothing to tell. */
  | { readonly kind: "told"; readonly trunk: string; readonly text: string }
  | { readonly kind: "way"; readonly trunk: string; readonly host: string; readonly isUp: boolean; readonly trouble: TrunkTrouble | null }
  | { readonly kind: "no-way" };

export type HelpTest = { readonly siteId: SiteId; readonly steps: readonly HelpTestStep[]; readonly isGood: boolean };

type Facts = Pick<Configuration, "sites" | "stations" | "trunks" | "whereabouts">;

/** Asks every way whether it answers, rings nobody, and keeps the report. @throws Forbidden · NotFound */
export async function testHelp(app: App, actor: Actor, facts: Facts, siteId: SiteId, trunks: Pick<TrunkPort, "test">): Promise<HelpTest> {
  const site = found(actor, "site with this id", facts.sites.find(({ id }) => id === siteId) ?? null);
  demand(actor, permissionToTestHelp, site);
  const number = [...emergencyNumbersOf(site.country)].at(-1)!;
  // Whoever stands at no station of their own is at the site itself.
  const at = placeOf({ ...facts, sites: [site] }, { userId: null, stationId: null }, app.env.clock.now());
  const ways = waysForHelp(facts, site);
  const steps: HelpTestStep[] = [
    { kind: "number", number },
    { kind: "place", text: placeText(at) },
  ];
  for (const trunk of ways) {
    const shown = helpShownBy(trunk, site, null);
    steps.push({ kind: "callback", trunk: trunk.name, number: shown.number });
    if (trunk.geolocation === "pidf-lo") {
      const written = at.civic === null ? null : readPidfLo(writePidfLo(at.civic, `sip:${shown.number}@invalid`, app.env.clock.now()));
      steps.push({ kind: "told", trunk: trunk.name, text: written === null ? "" : civicText(written) });
    }
    const state = await trunks.test(trunk.id);
    for (const { hop, isUp, trouble } of state?.hops ?? [])
      steps.push({ kind: "way", trunk: trunk.name, host: hop.host, isUp: isUp === true, trouble });
  }
  if (!steps.some(({ kind }) => kind === "way")) steps.push({ kind: "no-way" });
  const test: HelpTest = { siteId, steps, isGood: isGood(steps) };
  const payload = { siteId, isGood: test.isGood, steps: steps as unknown as Json };
  const event = newEvent(app, { type: "telephony.emergency.tested", actorId: actor.id, subjectIds: [siteId], payload });
  await app.unit.run(async () => ({ value: undefined, events: [event] }));
  return test;
}

/** Somebody answers, knows where to send whom, and can call back by the first way that answers. */
function isGood(steps: readonly HelpTestStep[]): boolean {
  const first = steps.find((step) => step.kind === "way" && step.isUp);
  if (first?.kind !== "way") return false;
  return steps.every(
    (step) =>
      (step.kind !== "place" || step.text !== "") &&
      (step.kind !== "callback" || step.trunk !== first.trunk || step.number !== "") &&
      (step.kind !== "told" || step.trunk !== first.trunk || step.text !== ""),
  );
}

export type KeptHelpTest = {
  readonly at: number;
  readonly actorId: string;
  readonly isGood: boolean;
  /** Null: it was dialled, and the carrier said the rest. */
  readonly steps: readonly HelpTestStep[] | null;
};

/** How many of a site's tests are looked at for one that went well. */
const testsLookedAt = 50;

/** The newest test of a site, and the newest that went well; null: there is none among the last ones. */
export async function lastHelpTests(
  app: App,
  siteId: SiteId,
): Promise<{ readonly newest: KeptHelpTest | null; readonly good: KeptHelpTest | null }> {
  const events = await app.log.find(
    { types: ["telephony.emergency.tested", "telephony.emergency.test-dialled"], subjectId: siteId },
    null,
    testsLookedAt,
  );
  let newest: KeptHelpTest | null = null;
  for (const event of events) {
    const test = await keptTest(app, event);
    newest ??= test;
    if (test?.isGood === true) return { newest, good: test };
  }
  return { newest, good: null };
}

/** A dialled one went well where the carrier answered. Null: what it said was erased. */
async function keptTest(app: App, { type, at, actorId, payload, subjectIds }: LoggedEvent): Promise<KeptHelpTest | null> {
  if (payload === null) return null;
  if (type === "telephony.emergency.tested")
    return { at, actorId, isGood: payload.isGood === true, steps: payload.steps as unknown as readonly HelpTestStep[] };
  const answers = await app.log.readSubject(subjectIds[0] as ConversationId, { types: ["conversation.party.connected"], limit: 1 });
  return { at, actorId: String(payload.userId ?? actorId), isGood: answers.length > 0, steps: null };
}
