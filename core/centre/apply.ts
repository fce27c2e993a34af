// Makes the organization look like a centre document: what is missing is made, queues and flows are changed, nothing is taken away.
import type { App } from "../app.ts";
import { parseFlow } from "../architect/document.ts";
import { flowKind, ivrKind } from "../architect/kinds.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import { createUser, setUserSkills, setUserStation } from "../directory/commands.ts";
import type { User } from "../directory/user.ts";
import { BadInput } from "../lib/errors.ts";
import type { FlowId, SkillId } from "../lib/id.ts";
import type { MediaEncryption } from "../lib/media-encryption.ts";
import { createObject, editObject } from "../objects/commands.ts";
import type { ConfiguredObject, ObjectKind } from "../objects/object.ts";
import { setQueueMember } from "../routing/commands.ts";
import { queueKind, skillKind, wrapupCodeKind } from "../routing/kinds.ts";
import { queueSettings } from "../routing/queue.ts";
import { callAlarmKind, rateTableKind } from "../telephony/alarm-kinds.ts";
import { createPhone, type PhoneSecret, setTrunkPassword } from "../telephony/commands.ts";
import { conferenceRoomKind, numberPlanKind, outboundRouteKind, siteKind, type TrunkSettings, trunkKind } from "../telephony/kinds.ts";
import type { CentreDocument } from "./centre.ts";

export type Applied = {
  readonly made: readonly string[];
  readonly changed: readonly string[];
  readonly phones: readonly { readonly username: string; readonly secret: string }[];
};

/** @throws BadInput that names the place in the document · Forbidden */
export async function applyCentre(
  app: App,
  actor: Actor,
  centre: CentreDocument,
  newPhoneSecret: (username: string) => PhoneSecret,
): Promise<Applied> {
  demand(actor, "telephony:plugin:all");
  const run = new Application(app, actor, newPhoneSecret);
  checkFlows(centre);
  await run.names(centre);
  await run.users(centre);
  await run.queues(centre);
  await run.flows(centre);
  await run.numbers(centre);
  return { made: run.made, changed: run.changed, phones: run.phones };
}

// All of them before anything is changed: half a centre is worse than none.
function checkFlows(centre: CentreDocument): void {
  centre.flows.forEach((flow, i) => {
    const parsed = parseFlow(flow);
    if (parsed.ok) return;
    const { path, message } = parsed.problems[0]!;
    throw new BadInput(`flows.${i} (${flow.name}), ${path}: ${message}`, `flows.${i}.${path}`);
  });
  const known = new Set(centre.flows.map((flow) => flow.name));
  centre.ivrs.forEach((ivr, i) => {
    if (!known.has(ivr.flow)) throw new BadInput(`ivrs.${i}.flow: there is no flow “${ivr.flow}” in this document.`, `ivrs.${i}.flow`);
  });
}

class Application {
  readonly made: string[] = [];
  readonly changed: string[] = [];
  readonly phones: { username: string; secret: string }[] = [];

  constructor(
    private readonly app: App,
    private readonly actor: Actor,
    private readonly newPhoneSecret: (username: string) => PhoneSecret,
  ) {}

  async names(centre: CentreDocument): Promise<void> {
    for (const name of centre.skills) await this.make(skillKind, { name, kind: "skill" });
    for (const name of centre.languages) await this.make(skillKind, { name, kind: "language" });
    for (const name of centre.wrapupCodes) await this.make(wrapupCodeKind, { name });
  }

  async users(centre: CentreDocument): Promise<void> {
    const { app, actor } = this;
    const known = await app.stores.skills.all(app.organizationId);
    for (const { skills, phone, ...input } of centre.users) {
      const before = await app.stores.users.byEmail(app.organizationId, input.email);
      const user = before ?? (await createUser(app, actor, input));
      if (before === null) this.made.push(`person ${input.email}`);
      const wanted = Object.entries(skills).map(([name, proficiency]) => {
        const skill = known.find((entry) => entry.name === name);
        if (skill === undefined) throw new BadInput(`users, ${input.email}: there is no skill “${name}”.`, "users.skills");
        return { skillId: skill.id, proficiency };
      });
      if (wanted.length > 0 && !(await this.hasJust(user, wanted))) await setUserSkills(app, actor, user.id, wanted);
      if (phone !== false && before === null) await this.phone(user, phone === true ? "disabled" : phone.mediaEncryption);
    }
  }

  private async hasJust(user: User, wanted: readonly { readonly skillId: SkillId; readonly proficiency: number }[]): Promise<boolean> {
    const has = await this.app.stores.skills.ofUser(user.id);
    const isThere = (one: (typeof wanted)[number]): boolean =>
      has.some(({ skillId, proficiency }) => skillId === one.skillId && proficiency === one.proficiency);
    return has.length === wanted.length && wanted.every(isThere);
  }

  private async phone(user: User, mediaEncryption: MediaEncryption): Promise<void> {
    const { station, secret } = await createPhone(
      this.app,
      this.actor,
      {
        name: `${user.name}, phone`,
        userId: user.id,
        siteId: null,
        civic: null,
        location: "",
        address: "",
        mediaEncryption,
        forwarding: "inside",
      },
      this.newPhoneSecret,
    );
    // Whoever has a phone is rung there.
    await setUserStation(this.app, this.actor, user.id, station.id);
    this.made.push(`phone ${station.username}`);
    this.phones.push({ username: station.username, secret });
  }

  async queues(centre: CentreDocument): Promise<void> {
    const { app, actor } = this;
    const codes = await app.stores.wrapupCodes.all(app.organizationId);
    for (const { members, wrapupCodes, ...settings } of centre.queues) {
      const wrapupCodeIds = wrapupCodes.map((name) => {
        const code = codes.find((entry) => entry.name === name);
        if (code === undefined) throw new BadInput(`queues, ${settings.name}: there is no wrap-up code “${name}”.`, "queues.wrapupCodes");
        return code.id;
      });
      const queue = await this.make(queueKind, queueSettings.parse({ ...settings, wrapupCodeIds }));
      for (const email of members) {
        const user = await app.stores.users.byEmail(app.organizationId, email);
        if (user === null) throw new BadInput(`queues, ${queue.name}, members: there is nobody with the email ${email}.`, "queues.members");
        await setQueueMember(app, actor, queue.id, user.id, { joined: true });
      }
    }
  }

  async flows(centre: CentreDocument): Promise<void> {
    // Those that wait for callers first: the others name them.
    const inOrder = centre.flows.toSorted((a, b) => Number(a.type === "INBOUNDCALL") - Number(b.type === "INBOUNDCALL"));
    for (const document of inOrder) await this.make(flowKind, { name: document.name, type: document.type, document });
  }

  async numbers(centre: CentreDocument): Promise<void> {
    const { app } = this;
    const flows = await app.stores.flows.all(app.organizationId);
    for (const { flow, ...ivr } of centre.ivrs)
      await this.make(ivrKind, { ...ivr, flowId: flows.find((entry) => entry.name === flow)!.id as FlowId });
    for (const room of centre.conferenceRooms) await this.make(conferenceRoomKind, room);
    for (const { password, ...settings } of centre.trunks) {
      const trunk = await this.make(trunkKind, settings as TrunkSettings);
      if (password !== undefined) await setTrunkPassword(app, this.actor, trunk.id, password);
    }
    await this.outside(centre);
    for (const table of centre.rateTables) await this.make(rateTableKind, table);
    for (const alarm of centre.callAlarms) await this.make(callAlarmKind, alarm);
  }

  /** Names become ids; one that is not there is said with its place in the document. */
  private async outside(centre: CentreDocument): Promise<void> {
    const { stores, organizationId } = this.app;
    const [trunks, people] = await Promise.all([stores.trunks.all(organizationId), stores.users.all(organizationId)]);
    const idOf = <T extends string>(where: string, rows: readonly { readonly id: T; readonly name: string }[], name: string): T => {
      const row = rows.find((entry) => entry.name === name);
      if (row === undefined) throw new BadInput(`${where}: there is no “${name}”.`, where);
      return row.id;
    };
    const byEmail = people.map(({ id, email }) => ({ id, name: email }));
    for (const { emergencyTrunks, emergencyContacts, ...settings } of centre.sites) {
      const emergencyTrunkIds = emergencyTrunks.map((name) => idOf("sites.emergencyTrunks", trunks, name));
      const emergencyContactIds = emergencyContacts.map((email) => idOf("sites.emergencyContacts", byEmail, email));
      await this.make(siteKind, { ...settings, emergencyTrunkIds, emergencyContactIds });
    }
    const sites = await stores.sites.all(organizationId);
    for (const { site, trunks: names, ...settings } of centre.outboundRoutes) {
      const trunkIds = names.map((name) => idOf("outboundRoutes.trunks", trunks, name));
      await this.make(outboundRouteKind, {
        ...settings,
        siteId: idOf("outboundRoutes.site", sites, site),
        trunkIds,
      });
    }
    for (const { site, ...settings } of centre.numberPlans)
      await this.make(numberPlanKind, { ...settings, siteId: idOf("numberPlans.site", sites, site) });
  }

  /** What is there by this name is changed to the settings, if it differs. */
  private async make<Row extends ConfiguredObject & Settings, Settings extends { readonly name: string }>(
    kind: ObjectKind<Row, Settings>,
    settings: Settings,
  ): Promise<Row> {
    const { app, actor } = this;
    const before = await kind.store(app.stores).byName(app.organizationId, settings.name);
    if (before === null) {
      this.made.push(`${kind.noun} ${settings.name}`);
      return createObject(app, actor, kind, settings);
    }
    const after = await editObject(app, actor, kind, before.id, before.version, settings);
    if (after.version !== before.version) this.changed.push(`${kind.noun} ${settings.name}`);
    return after;
  }
}
