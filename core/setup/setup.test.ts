// The first set-up over the memory stores: when a link is due, what ends it, what a code may do, and who may call as a guest.

import { describe, expect, test } from "bun:test";
import type { App } from "../app.ts";
import { nodeActor } from "../authorization/actor.ts";
import { LiveSound } from "../call/live-sound.ts";
import { createUser } from "../directory/commands.ts";
import { newOrganization } from "../directory/organization.ts";
import { codeAt, stepOf } from "../directory/second-factor.ts";
import { awaitSecondFactor, offeredTotp, proveSecondFactor, ticketOf, useSignInLink } from "../directory/sign-in.ts";
import type { DivisionId, OrganizationId, UserId } from "../lib/id.ts";
import { guestLinkMs, secondFactorMs, signInLinkMs } from "../lib/limits.ts";
import { setPresence } from "../routing/agent-commands.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import {
  acknowledgeKit,
  chooseDemo,
  confirmOwner,
  finishSetup,
  keepNetworkResult,
  makeKit,
  needsSetup,
  offerSetup,
  setAddress,
  setGuestNumber,
  setOrganization,
  setOwner,
  setupOf,
} from "./commands.ts";
import { trialEmail } from "./example.ts";
import { askedGroups, groupsOf } from "./kit.ts";
import type { NodeSettings } from "./node-settings.ts";
import type { AddressInput, SetupStep } from "./setup.ts";
import { guestOf, makeGuestLink, offerTrial } from "./trial.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const nodeId = "0192f0c1-0000-7000-8000-000000000003";
const owner = { name: "Ada", email: "ada@example.org", password: "correct horse battery" };
const addressOf: AddressInput = { publicUrl: null, certificate: "none", httpsPort: 8_443, chain: "", privateKey: "", trustedProxies: [] };

async function centre() {
  const time = new VirtualTime(Date.UTC(2026, 6, 1));
  const env = virtualEnv(time, new Seeded(7));
  const database = new MemoryDatabase();
  const app: App = {
    env,
    organizationId,
    divisionId,
    nodeId,
    stores: database.stores,
    unit: database,
    log: database,
    sound: new LiveSound(),
    passwords: { hash: async (text) => text, verify: async (hash, text) => hash === text },
    secrets: { seal: (text, place) => `${place}|${text}`, open: (sealed, place) => sealed.split(`${place}|`)[1] ?? null },
  };
  await app.stores.organizations.insert(newOrganization(organizationId, divisionId, "Landline", env.clock.now()));
  const sealed: string[] = [];
  const node: NodeSettings = {
    addresses: () => ({
      ...{ http: "", https: null, sip: "", mediaPorts: [], mediaTcpPorts: [], rtpPorts: "", publicUrl: null },
      trustedProxies: [],
      media: [],
    }),
    given: () => [],
    needsRestart: () => false,
    keepAddress: async () => undefined,
    sealKeyFile: async (kit) => void sealed.push(kit),
  };
  return { time, app, database, node, sealed, actor: nodeActor(app, "Set-up") };
}
const pass = (time: VirtualTime, ms: number): boolean => time.next(time.now + ms);
type Centre = Awaited<ReturnType<typeof centre>>;

/** All steps but the one left out. */
async function walk({ app, node, actor }: Centre, leftOut: SetupStep | null, withDemo = false): Promise<readonly string[]> {
  let codes: readonly string[] = [];
  const steps: Readonly<Record<SetupStep, () => Promise<unknown>>> = {
    organization: () => setOrganization(app, actor, { name: "Ward", language: "en-GB", country: "GB", timeZone: "Europe/London" }),
    owner: () => setOwner(app, actor, owner),
    "second-factor": async () => {
      const secret = (await offeredTotp(app, (await setupOf(app)).ownerId!))!;
      codes = await confirmOwner(app, actor, codeAt(secret, stepOf(app.env.clock.now())), "here");
    },
    address: () => setAddress(app, actor, node, addressOf),
    network: () => keepNetworkResult(app, actor, { socket: true, voice: true, encrypted: null }),
    recovery: async () => {
      const groups = groupsOf(await makeKit(app, actor, node));
      const asked = askedGroups((await setupOf(app)).kitDigest!);
      await acknowledgeKit(app, actor, Object.fromEntries(asked.map((index) => [index, groups[index]!.toLowerCase()])));
    },
    demo: () => chooseDemo(app, actor, withDemo, []),
  };
  for (const [name, run] of Object.entries(steps)) if (name !== leftOut) await run();
  return codes;
}

describe("the set-up's link", () => {
  test("is due until somebody owns the centre, each one voids the one before, and an owner made otherwise ends it", async () => {
    const at = await centre();
    const { app, actor } = at;
    const first = (await offerSetup(app, actor))!;
    const second = (await offerSetup(app, actor))!;
    expect([await ticketOf(app, "setup", first), (await ticketOf(app, "setup", second))?.kind]).toEqual([null, "setup"]);
    expect(await ticketOf(app, "guest", second)).toBe(null);
    await createUser(app, actor, { ...owner, roles: ["admin"] });
    expect([await needsSetup(app), await offerSetup(app, actor), await ticketOf(app, "setup", second)]).toEqual([false, null, null]);
  });

  test("comes again after a restart in the middle, and never after the end", async () => {
    const at = await centre();
    await walk(at, "recovery");
    expect(await offerSetup(at.app, at.actor)).not.toBe(null);
    await expect(finishSetup(at.app, at.actor)).rejects.toThrow("“recovery” is still open");
    const again = await centre();
    const link = (await offerSetup(again.app, again.actor))!;
    await walk(again, null);
    await finishSetup(again.app, again.actor);
    expect([await offerSetup(again.app, again.actor), await ticketOf(again.app, "setup", link)]).toEqual([null, null]);
    await expect(setOrganization(again.app, again.actor, { name: "X", language: "en-GB", country: "GB", timeZone: "UTC" })).rejects.toThrow(
      "done already",
    );
  });

  test("every step is an event, and no event says a secret", async () => {
    const at = await centre();
    const codes = await walk(at, null, true);
    await finishSetup(at.app, at.actor);
    const types = at.database.events.map(({ type }) => type);
    expect(types.filter((type) => type === "setup.step.done").length).toBe(7);
    for (const type of ["organization.updated", "user.created", "user.totp.confirmed", "setup.address.kept", "setup.kit.acknowledged"])
      expect(types).toContain(type);
    const said = JSON.stringify(at.database.events);
    for (const secret of [owner.password, at.sealed[0]!, ...codes]) expect(said).not.toContain(secret);
  });
});

describe("the owner", () => {
  test("may be given anew until the second factor is confirmed, and is one person", async () => {
    const { app, actor } = await centre();
    const first = await setOwner(app, actor, owner);
    const second = await setOwner(app, actor, { ...owner, email: "ada.n@example.org" });
    expect([second.id, second.email]).toEqual([first.id, "ada.n@example.org"]);
    await expect(confirmOwner(app, actor, "000000", null)).rejects.toThrow("not right now");
    const secret = (await offeredTotp(app, first.id))!;
    await confirmOwner(app, actor, codeAt(secret, stepOf(app.env.clock.now())), null);
    await expect(setOwner(app, actor, owner)).rejects.toThrow("has been made");
    expect(await offeredTotp(app, first.id)).toBe(null);
  });

  test("signs in with a code of now once, never with an older one, and with each recovery code once", async () => {
    const at = await centre();
    const { app, time } = at;
    const secret = async (): Promise<Uint8Array> => {
      const { sealedSecret } = (await app.stores.secondFactors.totp((await setupOf(app)).ownerId!))!;
      return Buffer.from(sealedSecret.split("|")[1]!, "base64");
    };
    const codes = await walk(at, null);
    const user = (await app.stores.users.byEmail(organizationId, owner.email))!;
    const prove = async (typed: string) => {
      const ticket = (await ticketOf(app, "second-factor", await awaitSecondFactor(app, user)))!;
      return proveSecondFactor(app, ticket, typed);
    };
    const step = stepOf(app.env.clock.now());
    expect(await prove(codeAt(await secret(), step))).toEqual({ ok: false, reason: "used" });
    pass(time, 30_000);
    expect(await prove(codeAt(await secret(), step + 1))).toMatchObject({ ok: true, proof: "code" });
    expect(await prove(codeAt(await secret(), step + 1))).toEqual({ ok: false, reason: "used" });
    expect(await prove(codeAt(await secret(), step))).toEqual({ ok: false, reason: "used" });
    expect(await prove(codes[0]!.toLowerCase())).toMatchObject({ ok: true, proof: "recovery-code" });
    expect(await prove(codes[0]!)).toEqual({ ok: false, reason: "wrong" });
    expect(await prove("")).toEqual({ ok: false, reason: "wrong" });
    const token = await awaitSecondFactor(app, user);
    pass(time, secondFactorMs);
    expect(await ticketOf(app, "second-factor", token)).toBe(null);
  });
});

describe("the trial", () => {
  test("signs its person in once and within an hour, until there is an owner; then that person is nobody", async () => {
    const at = await centre();
    const { app, actor, time } = at;
    const first = (await offerTrial(app, actor, []))!;
    const second = (await offerTrial(app, actor, []))!;
    expect(await useSignInLink(app, first)).toBe(null);
    expect((await useSignInLink(app, second))?.email).toBe(trialEmail);
    expect(await useSignInLink(app, second)).toBe(null);
    const late = (await offerTrial(app, actor, []))!;
    pass(time, signInLinkMs);
    expect(await useSignInLink(app, late)).toBe(null);
    expect(await needsSetup(app)).toBe(true);
    const person = (await app.stores.users.byEmail(organizationId, trialEmail))!;
    await setPresence(app, actor, person.id, "ON_QUEUE");
    expect((await app.stores.queues.queuesOf(person.id)).length).toBe(2);
    await walk(at, null, true);
    expect(await offerTrial(app, actor, [])).toBe(null);
    await finishSetup(app, actor);
    expect((await app.stores.users.byEmail(organizationId, trialEmail))?.state).toBe("inactive");
    expect([await app.stores.queues.queuesOf(person.id), (await app.stores.agents.byUser(person.id))?.presence]).toEqual([[], "OFFLINE"]);
  });

  test("a guest's link: an hour, replaced by a newer one, nothing when guests may not call", async () => {
    const at = await centre();
    const { app, actor, time } = at;
    await expect(makeGuestLink(app, actor)).rejects.toThrow("not switched on");
    await offerTrial(app, actor, []);
    const person = (await app.stores.users.byEmail(organizationId, trialEmail))!;
    const you = { ...actor, kind: "user" as const, id: person.id, userId: person.id as UserId };
    const first = await makeGuestLink(app, you);
    const second = await makeGuestLink(app, you);
    expect([await guestOf(app, first), (await guestOf(app, second))?.number]).toEqual([null, "100"]);
    await setGuestNumber(app, actor, null);
    expect(await guestOf(app, second)).toBe(null);
    await setGuestNumber(app, actor, "100");
    pass(time, guestLinkMs);
    expect(await guestOf(app, second)).toBe(null);
  });
});

test("with the example refused, the trial's guests cannot call any more", async () => {
  const at = await centre();
  await offerTrial(at.app, at.actor, []);
  await walk(at, null, false);
  expect((await at.app.stores.organizations.byId(organizationId))?.guestNumber).toBe(null);
});
