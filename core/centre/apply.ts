// Makes the organization look like a centre document: what is missing is made, queues and flows are changed, nothing is taken away.
import { type App, newEvent } from "../app.ts";
import { parseFlow } from "../architect/document.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import { createUser, setUserSkills, setUserStation } from "../directory/commands.ts";
import type { Json } from "../events/index.ts";
import { BadInput } from "../lib/errors.ts";
import { type FlowId, newId, type SkillId, type StationId, type TrunkId, type WrapupCodeId } from "../lib/id.ts";
import { createQueue, editQueue, setQueueMember } from "../routing/commands.ts";
import { queueSettings } from "../routing/queue.ts";
import type { CentreDocument } from "./centre.ts";

/** A phone's secret, told once, and what is kept of it. */
export type PhoneSecret = { readonly secret: string; readonly sealedHa1: string };
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
    const { app } = this;
    const skills = await app.stores.skills.list(app.organizationId);
    for (const [kind, names] of [
      ["skill", centre.skills],
      ["language", centre.languages],
    ] as const) {
      for (const name of names.filter((wanted) => !skills.some((skill) => skill.name === wanted))) {
        const id = newId<SkillId>(app.env);
        await this.add("routing.skill.created", id, `${kind} ${name}`, { after: { id, name, kind } }, (stores) =>
          stores.skills.insert({ id, organizationId: app.organizationId, name, kind }),
        );
      }
    }
    const codes = await app.stores.wrapupCodes.list(app.organizationId);
    for (const name of centre.wrapupCodes.filter((wanted) => !codes.some((code) => code.name === wanted))) {
      const id = newId<WrapupCodeId>(app.env);
      const { organizationId, divisionId } = app;
      await this.add("routing.wrapup-code.created", id, `wrap-up code ${name}`, { after: { id, name } }, (stores) =>
        stores.wrapupCodes.insert({ id, organizationId, divisionId, name }),
      );
    }
  }

  async users(centre: CentreDocument): Promise<void> {
    const { app, actor } = this;
    const known = await app.stores.skills.list(app.organizationId);
    for (const { skills, phone, ...input } of centre.users) {
      const before = await app.stores.users.byEmail(app.organizationId, input.email);
      const user = before ?? (await createUser(app, actor, input));
      if (before === null) this.made.push(`user ${input.email}`);
      const wanted = Object.entries(skills).map(([name, proficiency]) => {
        const skill = known.find((entry) => entry.name === name);
        if (skill === undefined) throw new BadInput(`users, ${input.email}: there is no skill “${name}”.`, "users.skills");
        return { skillId: skill.id, proficiency };
      });
      if (wanted.length > 0) await setUserSkills(app, actor, user.id, wanted);
      if (phone && before === null) await this.phone(user.id, user.name);
    }
  }

  private async phone(userId: Parameters<typeof setUserSkills>[2], name: string): Promise<void> {
    const { app } = this;
    const id = newId<StationId>(app.env);
    const username = `p${id.slice(-10)}`;
    const { secret, sealedHa1 } = this.newPhoneSecret(username);
    const { organizationId, divisionId } = app;
    const station = { id, organizationId, divisionId, name: `${name}, phone`, kind: "phone" as const, userId, username, sealedHa1 };
    await this.add(
      "telephony.station.created",
      id,
      `phone ${username}`,
      { after: station },
      (stores) => stores.telephony.insertStation({ ...station, eventSeq: null }),
      "station",
    );
    // Whoever has a phone is rung there.
    await setUserStation(app, this.actor, userId, id);
    this.phones.push({ username, secret });
  }

  async queues(centre: CentreDocument): Promise<void> {
    const { app, actor } = this;
    for (const { members, wrapupCodes, ...settings } of centre.queues) {
      const before = await app.stores.queues.byName(app.organizationId, settings.name);
      const input = queueSettings.parse(settings);
      const queue = before === null ? await createQueue(app, actor, input) : await editQueue(app, actor, before.id, before.version, input);
      if (before === null) this.made.push(`queue ${queue.name}`);
      else if (queue.version !== before.version) this.changed.push(`queue ${queue.name}`);
      for (const email of members) {
        const user = await app.stores.users.byEmail(app.organizationId, email);
        if (user === null) throw new BadInput(`queues, ${queue.name}, members: there is nobody with the email ${email}.`, "queues.members");
        await setQueueMember(app, actor, queue.id, user.id, { joined: true });
      }
      const codes = await app.stores.wrapupCodes.list(app.organizationId);
      for (const name of wrapupCodes) {
        const code = codes.find((entry) => entry.name === name);
        if (code === undefined) throw new BadInput(`queues, ${queue.name}: there is no wrap-up code “${name}”.`, "queues.wrapupCodes");
        await app.unit.run(async (stores) => {
          await stores.wrapupCodes.assign(queue.id, code.id);
          return { value: undefined, events: [] };
        });
      }
    }
  }

  async flows(centre: CentreDocument): Promise<void> {
    const { app } = this;
    const before = await app.stores.telephony.flows(app.organizationId);
    for (const document of centre.flows) {
      const old = before.find((flow) => flow.name === document.name);
      const facts = { name: document.name, type: document.type, document: document as unknown as Json };
      if (old === undefined) {
        const id = newId<FlowId>(app.env);
        const { organizationId, divisionId } = app;
        const flow = { id, organizationId, divisionId, ...facts, version: 1 };
        await this.add(
          "architect.flow.published",
          id,
          `flow ${document.name}`,
          { after: flow },
          (stores) => stores.telephony.insertFlow({ ...flow, eventSeq: null }),
          "flow",
        );
      } else if (JSON.stringify(old.document) !== JSON.stringify(document)) {
        const { eventSeq: _seq, ...same } = old;
        const flow = { ...same, ...facts, version: old.version + 1 };
        const payload = { before: { version: old.version }, after: flow } as unknown as { readonly [key: string]: Json };
        await this.add(
          "architect.flow.published",
          old.id,
          `flow ${document.name}`,
          payload,
          (stores) => stores.telephony.updateFlow({ ...flow, eventSeq: null }),
          "flow",
          this.changed,
        );
      }
    }
  }

  async numbers(centre: CentreDocument): Promise<void> {
    const { app } = this;
    const { organizationId, divisionId } = app;
    const [flows, ivrs, trunks] = await Promise.all([
      app.stores.telephony.flows(organizationId),
      app.stores.telephony.ivrs(organizationId),
      app.stores.telephony.trunks(organizationId),
    ]);
    for (const { name, dnis, flow } of centre.ivrs.filter((wanted) => !ivrs.some((ivr) => ivr.name === wanted.name))) {
      const id = newId(app.env);
      const ivr = { id, organizationId, divisionId, name, dnis, flowId: flows.find((entry) => entry.name === flow)!.id };
      await this.add(
        "architect.ivr.created",
        id,
        `numbers ${dnis.join(", ")}`,
        { after: ivr },
        (stores) => stores.telephony.insertIvr({ ...ivr, eventSeq: null }),
        "ivr",
      );
    }
    for (const { name, addresses } of centre.trunks.filter((wanted) => !trunks.some((trunk) => trunk.name === wanted.name))) {
      const id = newId<TrunkId>(app.env);
      const trunk = { id, organizationId, divisionId, name, addresses };
      await this.add(
        "telephony.trunk.created",
        id,
        `trunk ${name}`,
        { after: trunk },
        (stores) => stores.telephony.insertTrunk({ ...trunk, eventSeq: null }),
        "trunk",
      );
    }
  }

  private async add(
    type: string,
    id: string,
    what: string,
    payload: { readonly [key: string]: Json },
    insert: (stores: App["stores"]) => Promise<void>,
    table?: string,
    list: string[] = this.made,
  ): Promise<void> {
    const { app, actor } = this;
    await app.unit.run(async (stores) => {
      await insert(stores);
      const rows = table === undefined ? {} : { rows: [{ table, id }] };
      return { value: undefined, events: [newEvent(app, { type, actorId: actor.id, subjectIds: [id], payload, ...rows })] };
    });
    list.push(what);
  }
}
