// One suite, both implementations: what core may rely on holds in PostgreSQL and in the memory that the simulator trusts.
import { describe, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import type { Conversation, Participant, Recording } from "../../core/conversation/conversation.ts";
import type { ConversationFilter } from "../../core/conversation/search.ts";
import { newOrganization } from "../../core/directory/organization.ts";
import type { Ticket } from "../../core/directory/ticket.ts";
import type { User } from "../../core/directory/user.ts";
import type { EventDraft, EventLog, UnitOfWork } from "../../core/events/index.ts";
import type {
  ConversationId,
  DivisionId,
  Id,
  OrganizationId,
  ParticipantId,
  QueueId,
  SkillId,
  StationId,
  UserId,
} from "../../core/lib/id.ts";
import { newId } from "../../core/lib/id.ts";
import type { ConfiguredObject, ObjectStore } from "../../core/objects/object.ts";
import type { AgentState } from "../../core/routing/agent.ts";
import type { Queue } from "../../core/routing/queue.ts";
import type { Alert, WaitingConversation } from "../../core/routing/waiting.ts";
import { newSetup, type Setup } from "../../core/setup/setup.ts";
import { MemoryDatabase } from "../../core/simulation/memory-log.ts";
import type { StoredDecision, Stores } from "../../core/stores.ts";
import { postgresStores } from "../../storage/stores/index.ts";
import { PostgresUnitOfWork } from "../../storage/unit-of-work.ts";
import { testStorage } from "../support/storage.ts";

const env = realEnv("error");
const now = 1_795_575_977_478;
const id = <T extends Id<string>>(): T => newId<T>(env);

type Centre = {
  readonly stores: Stores;
  readonly unit: UnitOfWork<Stores>;
  readonly log: EventLog;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly nodeId: string;
};
const implementations: Readonly<Record<string, () => Promise<Centre>>> = {
  memory: async () => {
    const database = new MemoryDatabase();
    const ids = { organizationId: id<OrganizationId>(), divisionId: id<DivisionId>(), nodeId: id<Id<"Node">>() };
    return { stores: database.stores, unit: database, log: database, ...ids };
  },
  postgres: async () => {
    const { database, dataKeys, identity, log, organizationId, divisionId } = await testStorage();
    const unit = new PostgresUnitOfWork<Stores>(database.sql, { env, identity, keys: dataKeys }, postgresStores);
    return { stores: postgresStores(database.sql), unit, log, organizationId, divisionId, nodeId: identity.nodeId };
  },
};

const homeAddress = { street: "Hill", houseNumber: "7", extra: "", postalCode: "S1 2AB", city: "Sheffield", region: "", country: "GB" };

function queueOf({ organizationId, divisionId }: Centre, fields: Partial<Queue> = {}): Queue {
  const queueId = fields.id ?? id<QueueId>();
  return {
    ...{ id: queueId, organizationId, divisionId, name: "Sales", description: "", skillEvaluationMethod: "ALL" },
    ...{ scoringMethod: "TimestampAndPriority", alertingTimeoutSeconds: 8, serviceLevelPercentage: 0.8, serviceLevelMs: 20_000 },
    ...{
      acwWrapupPrompt: "OPTIONAL",
      acwTimeoutMs: 60_000,
      wrapupCodeIds: [],
      version: 1,
      eventSeq: null,
      poolId: queueId,
      createdAt: now,
      modifiedAt: now,
    },
    ...fields,
  };
}

function configured({ organizationId, divisionId }: Centre, name: string): ConfiguredObject {
  return { id: id(), organizationId, divisionId, name, version: 1, eventSeq: null, createdAt: now, modifiedAt: now };
}

function userOf({ organizationId, divisionId }: Centre, fields: Partial<User> = {}): User {
  return {
    ...{ id: id<UserId>(), organizationId, divisionId, name: "Ada", email: "ada@example.org", state: "active", roles: ["agent"] },
    ...{
      passwordHash: null,
      stationId: null,
      extension: null,
      phoneNumber: null,
      dialRights: [],
      version: 1,
      eventSeq: null,
      createdAt: now,
      modifiedAt: now,
    },
    ...fields,
  };
}

function agentOf({ organizationId, divisionId }: Centre, fields: Partial<AgentState> = {}): AgentState {
  return {
    ...{
      userId: id<UserId>(),
      organizationId,
      divisionId,
      presence: "ON_QUEUE",
      presenceDefinitionId: null,
      presenceAt: now,
      routingStatus: "IDLE",
    },
    ...{ routingStatusAt: now, lastHandledAt: null, inHand: { kind: "nothing" } },
    ...fields,
  };
}

function waitingOf({ organizationId, divisionId, nodeId }: Centre, fields: Partial<WaitingConversation> = {}): WaitingConversation {
  return {
    ...{
      conversationId: id<ConversationId>(),
      participantId: id<ParticipantId>(),
      organizationId,
      divisionId,
      queueId: id<QueueId>(),
      nodeId,
    },
    ...{ enteredAt: now, baseAt: now, atHead: false, priority: 0, skillIds: [], languageId: null, state: "waiting", alertId: null },
    ...fields,
  };
}

function conversationOf({ organizationId, divisionId, nodeId }: Centre, fields: Partial<Conversation> = {}): Conversation {
  return {
    ...{ id: id<ConversationId>(), organizationId, divisionId, nodeId, direction: "inbound", callerNumber: "+491701234567" },
    ...{
      callerName: "Zoë",
      calledNumber: "100",
      startedAt: now,
      answeredAt: null,
      endedAt: null,
      endReason: null,
      pausedAt: null,
      pausedUntil: null,
      pauseIsSecure: false,
      sipIds: [],
      data: {},
      eventSeq: null,
    },
    ...fields,
  };
}

function participantOf(conversationId: ConversationId, fields: Partial<Participant> = {}): Participant {
  return {
    ...{
      id: id<ParticipantId>(),
      conversationId,
      purpose: "agent",
      userId: null,
      queueId: null,
      flowId: null,
      address: "",
      name: "",
      consultedBy: null,
      addedBy: null,
      supervises: null,
      startedAt: now,
    },
    ...{ connectedAt: null, endedAt: null, disconnectType: null, wrapupCode: null, heldSince: null },
    ...fields,
  };
}

function alertOf({ organizationId, divisionId, nodeId }: Centre, fields: Partial<Alert> = {}): Alert {
  return {
    ...{ id: id<Alert["id"]>(), organizationId, divisionId, conversationId: id<ConversationId>(), acdParticipantId: id<ParticipantId>() },
    ...{
      participantId: id<ParticipantId>(),
      queueId: id<QueueId>(),
      userId: id<UserId>(),
      nodeId,
      createdAt: now,
      deadlineAt: now + 8_000,
    },
    ...{ outcome: null, endedAt: null },
    ...fields,
  };
}

/** Plain arrays of plain rows: a driver's result carries more than its rows. */
const plain = <T>(rows: readonly T[]): T[] => rows.map((row) => ({ ...row }));

for (const [name, open] of Object.entries(implementations)) {
  describe(name, () => {
    test("an organization comes back with its home division", async () => {
      const { stores, organizationId, divisionId } = await open();
      const organization = newOrganization(organizationId, divisionId, "Centre", now);
      await stores.organizations.insert(organization);
      expect(plain(await stores.organizations.list())).toEqual([organization]);
      const changed = {
        ...{ ...organization, name: "Ward", country: "GB", timeZone: "Europe/London", language: "de-DE", guestNumber: "100" },
        ...{ recordingDays: 30, showsMonitoring: false, pauseSecondsMax: 60 },
      };
      await stores.organizations.update(changed);
      expect(await stores.organizations.byId(organizationId)).toEqual(changed);
      expect(await stores.organizations.byId(id<OrganizationId>())).toBe(null);
    });

    test("a ticket is taken once; a kind is voided for one user or for all; the expired go, those without an end stay", async () => {
      const { stores, organizationId } = await open();
      const { tickets } = stores;
      const [ada, bob] = [id<UserId>(), id<UserId>()];
      const ticket = (tokenHash: string, fields: Partial<Ticket> = {}): Ticket => ({
        ...{ tokenHash, organizationId, kind: "setup", userId: null, createdAt: now, expiresAt: null },
        ...fields,
      });
      const rows = [
        ticket("a"),
        ticket("b", { kind: "guest", userId: ada, expiresAt: now + 5 }),
        ticket("c", { kind: "guest", userId: bob }),
      ];
      for (const row of rows) await tickets.insert(row);
      expect(await tickets.byHash("b")).toEqual(rows[1]!);
      expect(await tickets.voidAll(organizationId, "guest", bob)).toBe(1);
      expect(await tickets.deleteExpired(now + 4)).toBe(0);
      expect(await tickets.deleteExpired(now + 5)).toBe(1);
      expect([await tickets.take("a"), await tickets.take("a"), await tickets.byHash("b"), await tickets.byHash("c")]).toEqual([
        true,
        false,
        null,
        null,
      ]);
      await tickets.insert(ticket("d", { kind: "sign-in", userId: ada }));
      expect(await tickets.voidAll(id<OrganizationId>(), "sign-in", null)).toBe(0);
      expect(await tickets.voidAll(organizationId, "sign-in", null)).toBe(1);
    });

    test("a second factor is confirmed once, no step counts twice, a recovery code works once", async () => {
      const { stores, organizationId } = await open();
      const { secondFactors } = stores;
      const userId = id<UserId>();
      const totp = { userId, organizationId, sealedSecret: "sealed", confirmedAt: null, lastStep: 0 };
      expect([await secondFactors.totp(userId), await secondFactors.confirm(userId, now, 1)]).toEqual([null, false]);
      await secondFactors.putTotp({ ...totp, sealedSecret: "older" });
      await secondFactors.putTotp(totp);
      expect(await secondFactors.totp(userId)).toEqual(totp);
      expect([await secondFactors.confirm(userId, now, 50), await secondFactors.confirm(userId, now, 51)]).toEqual([true, false]);
      expect([
        await secondFactors.useStep(userId, 50),
        await secondFactors.useStep(userId, 52),
        await secondFactors.useStep(userId, 51),
      ]).toEqual([false, true, false]);
      expect(await secondFactors.totp(userId)).toEqual({ ...totp, confirmedAt: now, lastStep: 52 });
      await secondFactors.setRecoveryCodes(userId, ["old"]);
      await secondFactors.setRecoveryCodes(userId, ["x", "y"]);
      const use = (hash: string): Promise<boolean> => secondFactors.useRecoveryCode(userId, hash, now);
      expect([await use("old"), await use("x"), await use("x"), await secondFactors.recoveryCodesLeft(userId)]).toEqual([
        false,
        true,
        false,
        1,
      ]);
      expect([await secondFactors.remove(userId), await secondFactors.remove(userId)]).toEqual([true, false]);
      expect([await secondFactors.totp(userId), await secondFactors.recoveryCodesLeft(userId)]).toEqual([null, 0]);
    });

    test("the set-up's progress is one row", async () => {
      const { stores, organizationId } = await open();
      expect(await stores.setup.of(organizationId)).toBe(null);
      const begun = newSetup(organizationId);
      await stores.setup.put(begun);
      const later: Setup = { ...begun, stepsDone: ["organization", "owner"], ownerId: id<UserId>(), withDemo: true, completedAt: now };
      await stores.setup.put(later);
      expect(await stores.setup.of(organizationId)).toEqual(later);
    });

    test("queues: names without regard to case, pages in order of names, stale writes refused", async () => {
      const centre = await open();
      const { queues } = centre.stores;
      const rows = ["sales", "Billing", "Über", "support"].map((queue) => queueOf(centre, { name: queue }));
      for (const row of rows) await queues.insert(row);
      expect(await queues.byId(rows[0]!.id)).toEqual(rows[0]!);
      expect((await queues.byName(centre.organizationId, "SALES"))?.id).toBe(rows[0]!.id);
      expect(await queues.byName(centre.organizationId, "sale")).toBeNull();
      expect(await queues.byName(id<OrganizationId>(), "sales")).toBeNull();
      const first = await queues.list(centre.organizationId, {}, { pageSize: 3, pageNumber: 1 });
      expect([first.total, first.entities.map((row) => row.name)]).toEqual([4, ["Billing", "sales", "support"]]);
      const second = await queues.list(centre.organizationId, {}, { pageSize: 3, pageNumber: 2 });
      expect(second.entities.map((row) => row.name)).toEqual(["Über"]);
      const page = { pageSize: 10, pageNumber: 1 };
      const matches = await queues.list(centre.organizationId, { name: "S" }, page);
      expect(matches.entities.map((row) => row.name)).toEqual(["sales", "support"]);
      expect((await queues.list(centre.organizationId, { name: "%" }, page)).total).toBe(0);
      expect((await queues.list(centre.organizationId, { divisionIds: [] }, page)).total).toBe(0);
      expect((await queues.list(centre.organizationId, { divisionIds: [centre.divisionId] }, page)).total).toBe(4);
      const changed = { ...rows[0]!, name: "Sales EU", serviceLevelPercentage: 0.9, modifiedAt: now + 1 };
      expect(await queues.update(changed, 1)).toBe(true);
      expect(await queues.update({ ...changed, name: "late" }, 1)).toBe(false);
      expect(await queues.byId(rows[0]!.id)).toEqual({ ...changed, version: 2 });
      await queues.setPool(rows[0]!.id, rows[1]!.id);
      expect(await queues.byId(rows[0]!.id)).toMatchObject({ version: 2, poolId: rows[1]!.id });
    });

    test("queue members: added, joined, removed, gone with their queue", async () => {
      const centre = await open();
      const { queues } = centre.stores;
      const [a, b] = [queueOf(centre, { name: "a" }), queueOf(centre, { name: "b" })];
      await queues.insert(a);
      await queues.insert(b);
      const [u, v] = [id<UserId>(), id<UserId>()];
      for (const member of [
        { queueId: a.id, userId: u, joined: true },
        { queueId: a.id, userId: v, joined: false },
        { queueId: b.id, userId: u, joined: true },
      ])
        await queues.addMember(member);
      expect(await queues.setJoined(a.id, v, true)).toBe(true);
      expect(await queues.setJoined(b.id, v, true)).toBe(false);
      expect((await queues.members(a.id)).map((member) => [member.userId, member.joined]).sort()).toEqual(
        [
          [u, true],
          [v, true],
        ].sort(),
      );
      expect((await queues.queuesOf(u)).map((member) => member.queueId).sort()).toEqual([a.id, b.id].sort());
      expect((await queues.memberships(centre.organizationId)).length).toBe(3);
      expect(await queues.memberships(id<OrganizationId>())).toBeEmpty();
      expect([await queues.removeMember(a.id, v), await queues.removeMember(a.id, v)]).toEqual([true, false]);
      expect([await queues.delete(a.id), await queues.delete(a.id)]).toEqual([true, false]);
      expect(plain(await queues.memberships(centre.organizationId))).toEqual([{ queueId: b.id, userId: u, joined: true }]);
    });

    test("skills of a user are replaced whole, and lead back to who has them", async () => {
      const centre = await open();
      const { skills } = centre.stores;
      const rows = ["French", "billing"].map((name) => ({ ...configured(centre, name), id: id<SkillId>(), kind: "skill" as const }));
      for (const row of rows) await skills.insert(row);
      expect((await skills.all(centre.organizationId)).map((row) => row.name)).toEqual(["billing", "French"]);
      const userId = id<UserId>();
      await skills.setOfUser(
        userId,
        rows.map((row) => ({ userId, skillId: row.id, proficiency: 2.5 })),
      );
      await skills.setOfUser(userId, [{ userId, skillId: rows[1]!.id, proficiency: 0 }]);
      expect(plain(await skills.ofUser(userId))).toEqual([{ userId, skillId: rows[1]!.id, proficiency: 0 }]);
      expect([await skills.usersOf(rows[0]!.id), await skills.usersOf(rows[1]!.id)]).toEqual([[], [userId]]);
    });

    test("any configured object: by id, by name in any case, listed, changed only in the version that was seen, deleted once", async () => {
      const centre = await open();
      const { organizationId } = centre;
      const common = (name: string) => configured(centre, name);
      const outbound = {
        ...{ proxies: [], transport: "UDP" as const, numberFormat: "E164" as const, callerIdPresentation: "user" as const },
        ...{ callerId: null, channelsMax: null, extensionRanges: [{ start: "300", end: "399" }], extensionsFirst: "there" as const },
        ...{ demandsCertificate: true, peerIssuers: "PEM", peerNames: ["sip.carrier.example"], certificate: null, sealedKey: "x" },
        ...{ template: "twilio", incomingFormat: "National" as const, callerIdHeader: "From" as const, codecs: ["PCMU" as const] },
        ...{
          sessionTimers: false,
          redirects: "follow" as const,
          redirectsMax: 3,
          diversion: "History-Info" as const,
          geolocation: "pidf-lo" as const,
        },
        ...{ username: "", domain: "", registers: false, heartbeat: true, sealedPassword: null, mediaEncryption: "required" as const },
      };
      const kinds = {
        trunks: [
          { ...common("Carrier"), id: id<Id<"Trunk">>(), addresses: ["192.0.2.1", "2001:db8::1"], ...outbound },
          { addresses: ["192.0.2.2"], channelsMax: 30, extensionRanges: [], extensionsFirst: "here" as const },
        ],
        stations: [
          {
            ...common("Ada"),
            id: id<Id<"Station">>(),
            kind: "phone" as const,
            userId: null,
            username: "ada",
            siteId: null,
            address: "",
            location: "",
            civic: null,
            mediaEncryption: "disabled" as const,
            forwarding: "outside" as const,
            sealedHa1: "x",
          },
          { userId: id<UserId>() },
        ],
        flows: [
          { ...common("Main"), id: id<Id<"Flow">>(), type: "INBOUNDCALL" as const, document: { start: ["a", 1, null] } },
          { document: { start: [] } },
        ],
        ivrs: [{ ...common("Main"), dnis: ["+49301234"], flowId: id<Id<"Flow">>() }, { dnis: ["100", "*7#"] }],
        sites: [
          {
            ...common("Leeds"),
            ...{
              id: id<Id<"Site">>(),
              country: "GB",
              address: "1 Park Row",
              civic: null,
              networks: [] as string[],
              outsidePrefix: "",
              callerId: null,
              callerName: "",
            },
            ...{ emergencyTrunkIds: [id<Id<"Trunk">>()], emergencyContactIds: [] },
          },
          { outsidePrefix: "9", emergencyContactIds: [id<UserId>()], civic: homeAddress, networks: ["192.0.2.0/24"] },
        ],
        numberPlans: [
          {
            ...common("Short"),
            ...{ siteId: id<Id<"Site">>(), priority: 5, matchType: "regex" as const, match: "8(\\d)", normalizedFormat: "+44$1" },
            ...{ numbers: [], digitLength: null, classification: "Short" },
          },
          { numbers: [{ start: "1", end: "9" }], digitLength: { start: 1, end: 4 } },
        ],
        outboundRoutes: [
          {
            ...common("Out"),
            ...{
              siteId: id<Id<"Site">>(),
              classifications: ["National"],
              distribution: "SEQUENTIAL" as const,
              trunkIds: [],
              enabled: true,
            },
          },
          { enabled: false, trunkIds: [id<Id<"Trunk">>()] },
        ],
        conferenceRooms: [
          { ...common("Room"), id: id<Id<"ConferenceRoom">>(), number: "800", callers: "people" as const, participantsMax: 20 },
          { callers: "everybody" as const, participantsMax: 3 },
        ],
        rateTables: [{ ...common("Rates"), rates: ["44 0.01"] }, { rates: ["44 0.02", "* 0.5"] }],
        callAlarms: [
          {
            ...common("Night"),
            ...{
              rule: "night" as const,
              scope: "classification" as const,
              classification: "Mobile",
              limitValue: 2.5,
              period: "day" as const,
            },
            ...{ opensAt: "08:00", closesAt: "18:00", openDays: ["1" as const], action: "block" as const, enabled: true },
          },
          { openDays: [], enabled: false, limitValue: 0 },
        ],
        didPools: [{ ...common("Pool"), startPhoneNumber: "+4412340", endPhoneNumber: "+4412349" }, { endPhoneNumber: "+4412345" }],
        presences: [{ ...common("School run"), systemPresence: "AWAY" as const }, { systemPresence: "BUSY" }],
        prompts: [
          { ...common("Greeting"), id: id<Id<"Prompt">>(), description: "Hello", audioSha256: null, audioMs: null },
          { audioSha256: "ab", audioMs: 1_234 },
        ],
        wrapupCodes: [{ ...common("Sold"), id: id<Id<"WrapupCode">>() }, { name: "Sold, twice" }],
        oauthClients: [
          { ...common("CRM"), id: "crm", secretHash: "h", roles: ["admin"], accessTokenValiditySeconds: 60 },
          { roles: ["agent", "admin"] },
        ],
      } as const;
      for (const [name, [row, change]] of Object.entries(kinds)) {
        const store = centre.stores[name as keyof typeof kinds] as unknown as ObjectStore<ConfiguredObject>;
        await store.insert(row);
        expect(await store.byId(row.id)).toEqual(row);
        expect(await store.byName(organizationId, row.name.toUpperCase())).toEqual(row);
        expect(await store.byName(id<OrganizationId>(), row.name)).toBeNull();
        const changed = { ...row, ...change, modifiedAt: now + 1 };
        expect([await store.update(changed, 2), await store.update(changed, 1), await store.update(row, 1)]).toEqual([false, true, false]);
        expect(plain(await store.all(organizationId))).toEqual([{ ...changed, version: 2 }]);
        const page = { pageSize: 10, pageNumber: 1 };
        expect((await store.list(organizationId, { ids: [row.id] }, page)).total).toBe(1);
        expect((await store.list(organizationId, { ids: [] }, page)).total).toBe(0);
        expect((await store.list(organizationId, { divisionIds: [id()] }, page)).total).toBe(0);
        expect([await store.delete(row.id), await store.delete(row.id)]).toEqual([true, false]);
      }
    });

    test("a call for help waits for each who is to know; the first who sees to it is named to the others", async () => {
      const { organizationId, divisionId, stores } = await open();
      const [ada, ben] = [id<UserId>(), id<UserId>()];
      const conversationId = id<ConversationId>();
      const call = {
        conversationId,
        organizationId,
        divisionId,
        at: 1_000,
        userId: null,
        name: "Priya",
        number: "999",
        callback: "",
        place: "",
      };
      await stores.helpCalls.insert({ ...call, waitingFor: [ada, ben], seenBy: "" });
      expect([await stores.helpCalls.seeTo(conversationId, "Ada"), await stores.helpCalls.seeTo(conversationId, "Ben")]).toEqual([
        true,
        false,
      ]);
      expect([await stores.helpCalls.know(conversationId, ada), await stores.helpCalls.know(conversationId, ada)]).toEqual([true, false]);
      expect(await stores.helpCalls.waitingFor(ada)).toEqual([]);
      expect(plain(await stores.helpCalls.waitingFor(ben))).toEqual(plain([{ ...call, waitingFor: [ben], seenBy: "Ada" }]));
    });

    test("where somebody works today is kept as they said it last, until they take it back or it ends", async () => {
      const { organizationId, stores } = await open();
      const said = { organizationId, userId: id<UserId>(), siteId: null, civic: homeAddress, saidAt: 1_000, expiresAt: 5_000 };
      const seen = { ...said, siteId: id<Id<"Site">>(), civic: null, expiresAt: 9_000 };
      await stores.whereabouts.put(said);
      expect(plain(await stores.whereabouts.all(organizationId))).toEqual(plain([said]));
      await stores.whereabouts.put(seen);
      expect(plain(await stores.whereabouts.all(organizationId))).toEqual(plain([seen]));
      expect(await stores.whereabouts.all(id())).toEqual([]);
      expect([await stores.whereabouts.deleteExpired(8_999), await stores.whereabouts.deleteExpired(9_000)]).toEqual([0, 1]);
      await stores.whereabouts.put(said);
      await stores.whereabouts.remove(said.userId);
      expect(await stores.whereabouts.all(organizationId)).toEqual([]);
    });

    test("what answered calls have cost is kept once each, read from an instant on; a stop holds until it is released", async () => {
      const centre = await open();
      const { organizationId } = centre;
      const { callCharges } = centre.stores;
      const of = { organizationId, conversationId: id<ConversationId>(), userId: id<UserId>(), classification: "National", seconds: 60 };
      const [first, second] = [
        { ...of, id: id<Id<"Charge">>(), country: "GB", startedAt: 1_000, amount: 0.5 },
        { ...of, id: id<Id<"Charge">>(), country: "DE", startedAt: 2_000, amount: 1.25 },
      ];
      for (const charge of [second, first, first]) await callCharges.insert(charge);
      expect(plain(await callCharges.since(organizationId, 1_000))).toEqual(plain([first, second]));
      expect(plain(await callCharges.since(organizationId, 1_001))).toEqual(plain([second]));
      expect(plain(await callCharges.countries(organizationId))).toEqual([
        { country: "DE", since: 2_000 },
        { country: "GB", since: 1_000 },
      ]);
      const alarmId = id<Id<"CallAlarm">>();
      const stop = { alarmId, subject: "Mobile", organizationId, country: "", value: 3, stoppedAt: 5_000, releasedAt: null };
      await callCharges.stop(stop);
      await callCharges.stop({ ...stop, value: 9 });
      expect(plain(await callCharges.stops(organizationId))).toEqual(plain([stop]));
      expect([await callCharges.release(alarmId, "Mobile", 6_000), await callCharges.release(alarmId, "Mobile", 7_000)]).toEqual([
        true,
        false,
      ]);
      expect(plain(await callCharges.stops(organizationId))).toEqual(plain([{ ...stop, releasedAt: 6_000 }]));
      await callCharges.stop({ ...stop, value: 9, stoppedAt: 8_000 });
      expect(plain(await callCharges.stops(organizationId))).toEqual(plain([{ ...stop, value: 9, stoppedAt: 8_000 }]));
    });

    test("users: found by email in any case, listed by name, stale writes refused", async () => {
      const centre = await open();
      const { users } = centre.stores;
      const [ada, bob] = [
        userOf(centre, { passwordHash: "$argon2id$…" }),
        userOf(centre, { name: "bob", email: "bob@example.org", roles: [] }),
      ];
      await users.insert(bob);
      await users.insert(ada);
      expect(await users.byEmail(centre.organizationId, "ADA@example.org")).toEqual(ada);
      expect(await users.byEmail(id<OrganizationId>(), "ada@example.org")).toBeNull();
      const page = { pageSize: 10, pageNumber: 1 };
      expect((await users.list(centre.organizationId, {}, page)).entities.map((user) => user.name)).toEqual(["Ada", "bob"]);
      expect((await users.list(centre.organizationId, { ids: [bob.id, id()] }, page)).entities).toEqual([bob]);
      expect((await users.list(centre.organizationId, { ids: [] }, page)).total).toBe(0);
      expect(await users.update({ ...ada, roles: ["admin", "agent"], state: "inactive" }, 1)).toBe(true);
      expect(await users.update(ada, 1)).toBe(false);
      expect(await users.byId(ada.id)).toEqual({ ...ada, roles: ["admin", "agent"], state: "inactive", version: 2 });
    });

    test("sessions and tokens expire at their instant, not after it", async () => {
      const { stores, organizationId } = await open();
      const session = { tokenHash: "s1", organizationId, userId: id<UserId>(), createdAt: now, expiresAt: now + 10, userAgent: "Firefox" };
      await stores.sessions.insert(session);
      await stores.sessions.insert({ ...session, tokenHash: "s2", expiresAt: now + 11 });
      expect(await stores.sessions.byTokenHash("s1")).toEqual(session);
      expect(await stores.sessions.deleteExpired(now + 10)).toBe(1);
      expect([await stores.sessions.byTokenHash("s1"), (await stores.sessions.byTokenHash("s2"))?.tokenHash]).toEqual([null, "s2"]);
      await stores.sessions.delete("s2");
      expect(await stores.sessions.byTokenHash("s2")).toBeNull();
      const token = { tokenHash: "t1", organizationId, clientId: "crm", expiresAt: now };
      await stores.tokens.insert(token);
      await stores.tokens.insert({ ...token, tokenHash: "t2", clientId: "erp" });
      expect(await stores.tokens.byHash("t1")).toEqual(token);
      await stores.tokens.deleteOfClient("erp");
      expect(await stores.tokens.byHash("t2")).toBeNull();
      expect([await stores.tokens.deleteExpired(now - 1), await stores.tokens.deleteExpired(now)]).toEqual([0, 1]);
      expect(await stores.tokens.byHash("t1")).toBeNull();
      await stores.sessions.insert({ ...session, tokenHash: "s3" });
      await stores.sessions.deleteOfUser(session.userId);
      expect(await stores.sessions.byTokenHash("s3")).toBeNull();
    });

    test("an agent is given one thing at a time and freed once", async () => {
      const centre = await open();
      const { agents } = centre.stores;
      const agent = agentOf(centre);
      const { userId } = agent;
      await agents.insert(agent);
      const [alertId, other] = [id<Alert["id"]>(), id<Alert["id"]>()];
      expect([await agents.reserve(userId, alertId), await agents.reserve(userId, other)]).toEqual([true, false]);
      const participantId = id<ParticipantId>();
      const taken = { kind: "conversation", id: participantId } as const;
      const change = { routingStatus: "INTERACTING", at: now + 1, lastHandledAt: now + 1 } as const;
      expect(await agents.take(userId, { kind: "alert", id: other }, taken, change)).toBe(false);
      expect(await agents.take(userId, { kind: "nothing" }, taken, change)).toBe(false);
      expect(await agents.take(userId, { kind: "alert", id: alertId }, taken, change)).toBe(true);
      expect(await agents.byUser(userId)).toEqual({
        ...agent,
        inHand: taken,
        routingStatus: "INTERACTING",
        routingStatusAt: now + 1,
        lastHandledAt: now + 1,
      });
      expect(await agents.take(userId, taken, { kind: "nothing" }, { routingStatus: "IDLE", at: now + 2 })).toBe(true);
      expect(await agents.take(userId, taken, { kind: "nothing" }, { routingStatus: "IDLE", at: now + 3 })).toBe(false);
      expect(await agents.byUser(userId)).toMatchObject({ inHand: { kind: "nothing" }, routingStatusAt: now + 2, lastHandledAt: now + 1 });
      const definitionId = id();
      await agents.setPresence(userId, { system: "BREAK", definitionId }, "OFF_QUEUE", now + 4);
      expect(await agents.reserve(userId, other)).toBe(false);
      await agents.setRoutingStatus(userId, "NOT_RESPONDING", now + 5);
      expect(await agents.byUser(userId)).toMatchObject({
        presence: "BREAK",
        presenceDefinitionId: definitionId,
        presenceAt: now + 4,
        routingStatus: "NOT_RESPONDING",
        routingStatusAt: now + 5,
      });
      expect((await agents.list(centre.organizationId)).length).toBe(1);
      await agents.delete(userId);
      expect([await agents.byUser(userId), await agents.list(centre.organizationId)]).toEqual([null, []]);
      expect(await agents.byUser(id<UserId>())).toBeNull();
    });

    test("an agent who is locked waits for nobody else's change: the next to lock sees what the one before has done", async () => {
      const centre = await open();
      const { stores, unit } = centre;
      const agent = agentOf(centre);
      await stores.agents.insert(agent);
      const presence = (system: "BREAK" | "MEAL") => ({ system, definitionId: null });
      const seen: string[] = [];
      let second: Promise<unknown> | null = null;
      await unit.run(async (first) => {
        seen.push((await first.agents.lock(agent.userId))!.presence);
        second = unit.run(async (other) => {
          seen.push((await other.agents.lock(agent.userId))!.presence);
          await other.agents.setPresence(agent.userId, presence("MEAL"), "OFF_QUEUE", now + 2);
          return { value: undefined, events: [] };
        });
        // Time enough for the other, if anything let it through.
        for (let i = 0; i < 50; i++) await first.agents.byUser(agent.userId);
        await first.agents.setPresence(agent.userId, presence("BREAK"), "OFF_QUEUE", now + 1);
        seen.push("changed");
        return { value: undefined, events: [] };
      });
      await second;
      expect(seen).toEqual(["ON_QUEUE", "changed", "BREAK"]);
      expect((await stores.agents.byUser(agent.userId))!.presence).toBe("MEAL");
      expect(await stores.agents.lock(id<UserId>())).toBeNull();
    });

    test("after-call work ends once; what is due comes oldest first", async () => {
      const { stores } = await open();
      const work = (deadlineAt: number | null) => ({
        ...{ participantId: id<ParticipantId>(), conversationId: id<ConversationId>(), userId: id<UserId>(), queueId: id<QueueId>() },
        ...{ startedAt: now, deadlineAt, endedAt: null, wrapupCode: null },
      });
      const [late, early, open_, future] = [work(now + 2), work(now + 1), work(null), work(now + 9)];
      for (const row of [late, early, open_, future]) await stores.agents.insertAfterCallWork(row);
      expect(plain(await stores.agents.dueAfterCallWork(now + 2, 10))).toEqual([early, late]);
      expect((await stores.agents.dueAfterCallWork(now + 2, 1)).length).toBe(1);
      expect(await stores.agents.openAfterCallWorkOf(open_.userId)).toEqual(open_);
      expect(await stores.agents.endAfterCallWork(open_.participantId, now + 5, "Sold")).toBe(true);
      expect(await stores.agents.endAfterCallWork(open_.participantId, now + 6, "Other")).toBe(false);
      expect(await stores.agents.endAfterCallWork(id<ParticipantId>(), now, null)).toBe(false);
      expect(await stores.agents.afterCallWork(open_.participantId)).toEqual({ ...open_, endedAt: now + 5, wrapupCode: "Sold" });
      expect(await stores.agents.openAfterCallWorkOf(open_.userId)).toBeNull();
    });

    test("a waiting conversation moves only from the state it was thought to be in", async () => {
      const centre = await open();
      const { waiting } = centre.stores;
      const row = waitingOf(centre, { skillIds: [id<SkillId>(), id<SkillId>()], languageId: id<SkillId>(), priority: -3, baseAt: now - 5 });
      const second = waitingOf(centre, { queueId: row.queueId, enteredAt: now + 1 });
      await waiting.insert(second);
      await waiting.insert(row);
      expect(await waiting.byConversation(row.conversationId)).toEqual(row);
      expect((await waiting.ofQueue(row.queueId)).map((entry) => entry.conversationId)).toEqual([
        row.conversationId,
        second.conversationId,
      ]);
      expect((await waiting.ofNode(centre.nodeId)).length).toBe(2);
      const [a, b] = [id<Alert["id"]>(), id<Alert["id"]>()];
      expect([await waiting.offer(row.conversationId, a), await waiting.offer(row.conversationId, b)]).toEqual([true, false]);
      expect(await waiting.resolve(row.conversationId, b, "connected")).toBe(false);
      expect(await waiting.resolve(row.conversationId, a, "waiting")).toBe(true);
      expect(await waiting.byConversation(row.conversationId)).toEqual(row);
      await waiting.offer(row.conversationId, b);
      expect(await waiting.resolve(row.conversationId, b, "connected")).toBe(true);
      expect(await waiting.byConversation(row.conversationId)).toMatchObject({ state: "connected", alertId: b });
      expect([await waiting.leave(row.conversationId), await waiting.leave(row.conversationId)]).toEqual([true, false]);
      expect((await waiting.ofQueue(row.queueId)).length).toBe(1);
      expect(await waiting.offer(row.conversationId, a)).toBe(false);
      await waiting.insert({ ...row, enteredAt: now + 7 });
      expect(await waiting.byConversation(row.conversationId)).toEqual({ ...row, enteredAt: now + 7 });
    });

    test("an alert ends once", async () => {
      const centre = await open();
      const { alerts } = centre.stores;
      const alert = alertOf(centre);
      await alerts.insert(alert);
      expect(await alerts.openOf(alert.userId)).toEqual(alert);
      expect((await alerts.openOfNode(centre.nodeId)).length).toBe(1);
      expect([await alerts.end(alert.id, "declined", now + 1), await alerts.end(alert.id, "accepted", now + 2)]).toEqual([true, false]);
      expect(await alerts.byId(alert.id)).toEqual({ ...alert, outcome: "declined", endedAt: now + 1 });
      expect([await alerts.openOf(alert.userId), (await alerts.openOfNode(centre.nodeId)).length]).toEqual([null, 0]);
    });

    test("the routing snapshot holds one pool: its queues, who waits, its members with their skills, and the newest event", async () => {
      const centre = await open();
      const { stores, organizationId } = centre;
      const a = queueOf(centre, { name: "a" });
      const b = queueOf(centre, { name: "b", poolId: a.id });
      const c = queueOf(centre, { name: "c" });
      for (const queue of [a, b, c]) await stores.queues.insert(queue);
      const [x, y, z] = [
        agentOf(centre),
        agentOf(centre, { inHand: { kind: "alert", id: id<Alert["id"]>() }, lastHandledAt: now - 1 }),
        agentOf(centre),
      ];
      for (const agent of [x, y, z]) await stores.agents.insert(agent);
      await stores.queues.addMember({ queueId: a.id, userId: x.userId, joined: true });
      await stores.queues.addMember({ queueId: c.id, userId: x.userId, joined: true });
      await stores.queues.addMember({ queueId: b.id, userId: y.userId, joined: false });
      await stores.queues.addMember({ queueId: c.id, userId: z.userId, joined: true });
      const skillId = id<SkillId>();
      await stores.skills.setOfUser(x.userId, [{ userId: x.userId, skillId, proficiency: 3.5 }]);
      const waits = waitingOf(centre, { queueId: b.id, skillIds: [skillId], atHead: true });
      await stores.waiting.insert(waits);
      const rings = waitingOf(centre, { queueId: a.id });
      await stores.waiting.insert(rings);
      await stores.waiting.offer(rings.conversationId, id<Alert["id"]>());
      await stores.waiting.insert(waitingOf(centre, { queueId: c.id }));
      await centre.unit.run(async () => ({ value: undefined, events: [draft(centre), draft(centre)] }));
      const { value: snapshot } = await centre.unit.run(async (inside) => {
        await inside.routing.lockPool(a.id);
        return { value: await inside.routing.snapshot(organizationId, a.id), events: [] };
      });
      expect(snapshot.asOfSeq).toBe(2);
      expect([...snapshot.queues].sort((p, q) => (p.name < q.name ? -1 : 1))).toEqual([a, b]);
      expect(snapshot.waiting).toEqual([waits]);
      const byUser = new Map(snapshot.agents.map((agent) => [agent.userId, agent]));
      expect([...byUser.keys()].sort()).toEqual([x.userId, y.userId].sort());
      expect(byUser.get(x.userId)).toEqual({ ...x, skills: [{ skillId, proficiency: 3.5 }], queues: [{ queueId: a.id, joined: true }] });
      expect(byUser.get(y.userId)).toEqual({ ...y, skills: [], queues: [{ queueId: b.id, joined: false }] });
      expect((await stores.routing.snapshot(organizationId, id())).queues).toEqual([]);
      const asked = [a.id, id<QueueId>()].map((poolId) => stores.routing.isAnyoneWaiting(organizationId, poolId));
      expect(await Promise.all(asked)).toEqual([true, false]);
      expect(await stores.routing.isAnyoneWaiting(id(), a.id)).toBe(false);
      await stores.waiting.leave(waits.conversationId);
      expect(await stores.routing.isAnyoneWaiting(organizationId, a.id)).toBe(false);
      const all = await stores.routing.agents(organizationId);
      expect(all.map((agent) => agent.queues.length).sort()).toEqual([1, 1, 2]);
    });

    test("decisions are kept as they were made; the last one is the newest", async () => {
      const { stores, organizationId } = await open();
      const conversationId = id<ConversationId>();
      const decision = (at: number, userId: UserId | null): StoredDecision => ({
        ...{ id: id(), organizationId, at, asOfSeq: 7, conversationId, queueId: id<QueueId>(), queueVersion: 2, userId, alertId: null },
        ...{ score: 1.25, nearest: [{ userId: id(), reason: "SKILL" }], counts: { SKILL: 1, CAPACITY: 4 } },
      });
      const [first, last] = [decision(now, null), decision(now + 1, id<UserId>())];
      await stores.routing.insertDecision(first);
      await stores.routing.insertDecision(last);
      expect(plain(await stores.routing.decisionsOf(conversationId))).toEqual([first, last]);
      expect(await stores.routing.decision(first.id)).toEqual(first);
      expect(await stores.routing.lastDecisionOf(conversationId)).toEqual(last);
      expect(await stores.routing.lastDecisionOf(id<ConversationId>())).toBeNull();
    });

    test("a conversation is answered, filled with data and ended, once", async () => {
      const centre = await open();
      const { conversations } = centre.stores;
      const [older, newer] = [conversationOf(centre), conversationOf(centre, { startedAt: now + 5 })];
      await conversations.insert(older);
      await conversations.insert(newer);
      expect(await conversations.byId(older.id)).toEqual(older);
      await conversations.setAnswered(older.id, now + 1);
      await conversations.mergeData(older.id, { a: "1", b: "2" });
      await conversations.mergeData(older.id, { b: "3" });
      expect((await conversations.recent(centre.organizationId, 1)).map((row) => row.id)).toEqual([newer.id]);
      expect((await conversations.openOfNode(centre.nodeId)).length).toBe(2);
      expect([
        await conversations.end(older.id, now + 9, "customer-hung-up"),
        await conversations.end(older.id, now + 10, "error"),
      ]).toEqual([true, false]);
      expect(await conversations.byId(older.id)).toEqual({
        ...older,
        answeredAt: now + 1,
        data: { a: "1", b: "3" },
        endedAt: now + 9,
        endReason: "customer-hung-up",
      });
      expect((await conversations.openOfNode(centre.nodeId)).map((row) => row.id)).toEqual([newer.id]);
    });

    test("a participant has one segment at a time, and its end ends that too", async () => {
      const centre = await open();
      const { conversations, agents } = centre.stores;
      const conversation = conversationOf(centre);
      await conversations.insert(conversation);
      const userId = id<UserId>();
      const agent = participantOf(conversation.id, { userId, queueId: id<QueueId>() });
      await conversations.insertParticipant(agent);
      const begin = (type: "alert" | "interact" | "hold", startedAt: number) =>
        conversations.beginSegment({ participantId: agent.id, conversationId: conversation.id, type, startedAt, endedAt: null });
      await begin("alert", now);
      await conversations.connectParticipant(agent.id, now + 1);
      await begin("interact", now + 1);
      await conversations.setHeld(agent.id, now + 2);
      await begin("hold", now + 2);
      expect(await conversations.participant(agent.id)).toEqual({ ...agent, connectedAt: now + 1, heldSince: now + 2 });
      await conversations.setHeld(agent.id, null);
      const asked = participantOf(id<ConversationId>(), { purpose: "user", consultedBy: agent.id });
      await conversations.insertParticipant(asked);
      await conversations.joinConference(asked.id, agent.id);
      await conversations.setSupervises(asked.id, agent.id);
      expect(await conversations.participant(asked.id)).toEqual({ ...asked, consultedBy: null, addedBy: agent.id, supervises: agent.id });
      expect((await conversations.openOfUser(userId)).map((open_) => [open_.conversation.id, open_.participant.id])).toEqual([
        [conversation.id, agent.id],
      ]);
      expect([
        await conversations.endParticipant(agent.id, now + 3, "client"),
        await conversations.endParticipant(agent.id, now + 4, "error"),
      ]).toEqual([true, false]);
      expect(
        (await conversations.segments([conversation.id])).map(({ type, startedAt, endedAt }) => [type, startedAt - now, endedAt! - now]),
      ).toEqual([
        ["alert", 0, 1],
        ["interact", 1, 2],
        ["hold", 2, 3],
      ]);
      expect(await conversations.openOfUser(userId)).toBeEmpty();
      const { id: participantId, queueId } = agent;
      await agents.insertAfterCallWork({
        participantId,
        conversationId: conversation.id,
        userId,
        queueId: queueId!,
        startedAt: now + 3,
        deadlineAt: null,
        endedAt: null,
        wrapupCode: null,
      });
      expect((await conversations.openOfUser(userId)).length).toBe(1);
      await conversations.setWrapup(agent.id, "Sold");
      expect(plain(await conversations.participants(conversation.id))).toEqual([
        { ...agent, connectedAt: now + 1, endedAt: now + 3, disconnectType: "client", wrapupCode: "Sold" },
      ]);
    });

    test("a segment ends without its participant, once; where none is open nothing happens", async () => {
      const centre = await open();
      const { conversations } = centre.stores;
      const conversation = conversationOf(centre);
      await conversations.insert(conversation);
      const [one, other] = [participantOf(conversation.id), participantOf(conversation.id)];
      for (const participant of [one, other]) {
        await conversations.insertParticipant(participant);
        const { id: participantId, conversationId } = participant;
        await conversations.beginSegment({ participantId, conversationId, type: "wrapup", startedAt: now, endedAt: null });
      }
      await conversations.endSegment(one.id, now + 5);
      await conversations.endSegment(one.id, now + 9);
      await conversations.endSegment(id<ParticipantId>(), now + 9);
      const ends = new Map((await conversations.segments([conversation.id])).map((segment) => [segment.participantId, segment.endedAt]));
      expect([ends.get(one.id), ends.get(other.id)]).toEqual([now + 5, null]);
      expect((await conversations.participant(one.id))!.endedAt).toBeNull();
    });

    test("conversations are found by what people remember, page by page, newest first", async () => {
      const centre = await open();
      const { stores, organizationId } = centre;
      const { conversations } = stores;
      const [queueId, userId] = [id<QueueId>(), id<UserId>()];
      const rows = [0, 1, 2, 3, 4].map((n) =>
        conversationOf(centre, {
          startedAt: now + n,
          callerName: n === 2 ? "Élodie Martin" : "",
          callerNumber: `+4416329600${n}0`,
          endReason: n === 3 ? "abandoned-in-queue" : null,
          endedAt: n === 3 ? now + 9 : null,
        }),
      );
      for (const row of rows) await conversations.insert(row);
      await conversations.insertParticipant(participantOf(rows[1]!.id, { purpose: "acd", queueId }));
      await conversations.insertParticipant(participantOf(rows[2]!.id, { userId, connectedAt: now, wrapupCode: "Sold" }));
      const search = async (filter: ConversationFilter): Promise<number[]> =>
        (await conversations.search(organizationId, filter, null, 10)).map(({ conversation }) => conversation.startedAt - now);
      expect(await search({})).toEqual([4, 3, 2, 1, 0]);
      expect(await search({ text: "960040" })).toEqual([4]);
      expect(await search({ text: "élodie" })).toEqual([2]);
      expect(await search({ text: "%" })).toEqual([]);
      await conversations.setSipIds(rows[3]!.id, ["a84b4c76e66710@carrier.example", "0123456789abcdef0123456789abcdef"]);
      const bySip = (sipId: string, limit = 10) => conversations.withSipId(organizationId, sipId, limit);
      expect(await bySip("a84b4c76e66710@carrier.example")).toEqual([rows[3]!.id]);
      expect([await bySip("a84b4c76e66710@CARRIER.example"), await bySip("a84b4c76e66710"), await bySip("960040")]).toEqual([[], [], []]);
      await conversations.setSipIds(rows[1]!.id, ["0123456789abcdef0123456789abcdef"]);
      expect((await bySip("0123456789abcdef0123456789abcdef")).toSorted()).toEqual([rows[1]!.id, rows[3]!.id].toSorted());
      expect(await bySip("0123456789abcdef0123456789abcdef", 1)).toHaveLength(1);
      expect([await search({ queueIds: [queueId] }), await search({ userIds: [userId] }), await search({ wrapupCodes: ["Sold"] })]).toEqual(
        [[1], [2], [2]],
      );
      expect([await search({ endReasons: ["abandoned-in-queue"] }), await search({ queueIds: [queueId], userIds: [userId] })]).toEqual([
        [3],
        [],
      ]);
      expect(await search({ endReasons: ["abandoned-in-queue", "abandoned-in-flow"] })).toEqual([3]);
      expect(await search({ isLive: true })).toEqual([4, 2, 1, 0]);
      await conversations.insertParticipant(participantOf(rows[4]!.id, { purpose: "acd", queueId, startedAt: now, endedAt: now + 30_000 }));
      expect([
        await search({ waitedMs: 30_000 }),
        await search({ waitedMs: 30_001 }),
        await search({ waitedMs: 1, queueIds: [queueId] }),
      ]).toEqual([[4], [], [4]]);
      expect(await search({ from: now + 1, to: now + 3 })).toEqual([2, 1]);
      expect(await search({ callerNumbers: ["+44163296000", "+441632960020"] })).toEqual([2]);
      expect(await search({ conversationIds: [rows[0]!.id, rows[4]!.id] })).toEqual([4, 0]);
      const page = async (order: "asc" | "desc", pageNumber: number) => {
        const { entities, total } = await conversations.searchPage(organizationId, {}, { order, pageSize: 2, pageNumber });
        return [total, ...entities.map(({ conversation }) => conversation.startedAt - now)];
      };
      expect([await page("asc", 1), await page("asc", 3), await page("desc", 2)]).toEqual([
        [5, 0, 1],
        [5, 4],
        [5, 2, 1],
      ]);
      const first = await conversations.search(organizationId, {}, null, 2);
      await conversations.insert(conversationOf(centre, { startedAt: now + 5 }));
      const last = first.at(-1)!.conversation;
      const second = await conversations.search(organizationId, {}, { startedAt: last.startedAt, id: last.id }, 2);
      expect([...first, ...second].map(({ conversation }) => conversation.startedAt - now)).toEqual([4, 3, 2, 1]);
      expect(second[0]!.participants.map((part) => part.wrapupCode)).toEqual(["Sold"]);
      expect(await conversations.search(id<OrganizationId>(), {}, null, 10)).toBeEmpty();
    });

    test("a conversation is found once by its parts, whatever is asked of them, and none of another organization", async () => {
      const centre = await open();
      const { stores, organizationId } = centre;
      const { conversations } = stores;
      const [first, second, userId] = [id<QueueId>(), id<QueueId>(), id<UserId>()];
      const rows = [0, 1, 2, 3].map((n) => conversationOf(centre, { startedAt: now + n, callerNumber: `+44163296017${n}` }));
      const other = conversationOf(centre, { organizationId: id<OrganizationId>(), startedAt: now + 2 });
      for (const row of [...rows, other]) await conversations.insert(row);
      for (const row of [...rows, other]) {
        // Each waited once and talked to two, in the same queue; its parts begin later than the conversation.
        await conversations.insertParticipant(participantOf(row.id, { purpose: "acd", queueId: first, startedAt: now + 100 }));
        for (const wrapupCode of ["Sold", null])
          await conversations.insertParticipant(participantOf(row.id, { queueId: first, userId, wrapupCode, startedAt: now + 200 }));
      }
      const moved = participantOf(rows[3]!.id, { purpose: "acd", queueId: second, startedAt: now + 50 });
      await conversations.insertParticipant(moved);
      const search = async (filter: ConversationFilter, before: number | null = null): Promise<number[]> => {
        const cursor = before === null ? null : { startedAt: now + before, id: rows[before]!.id };
        return (await conversations.search(organizationId, filter, cursor, 3)).map(({ conversation }) => conversation.startedAt - now);
      };
      for (const filter of [{ queueIds: [first] }, { userIds: [userId] }, { wrapupCodes: ["Sold"] }, { queueIds: [first, second] }]) {
        expect([await search(filter), await search(filter, 1)]).toEqual([[3, 2, 1], [0]]);
        expect([await search({ ...filter, to: now + 2 }), await search({ ...filter, from: now + 3 })]).toEqual([[1, 0], [3]]);
        const { entities, total } = await conversations.searchPage(organizationId, filter, { order: "asc", pageSize: 3, pageNumber: 2 });
        expect([total, ...entities.map(({ conversation }) => conversation.startedAt - now)]).toEqual([4, 3]);
      }
      expect(await search({ queueIds: [second], userIds: [userId], wrapupCodes: ["Sold"] })).toEqual([3]);
      expect(await search({ queueIds: [first], text: "0172" })).toEqual([2]);
      expect([await search({ text: "3" }), await search({ text: "17" }), await search({ text: "171" })]).toEqual([
        [3, 2, 1],
        [3, 2, 1],
        [1],
      ]);
      // What a part becomes is found, and what it was no longer is.
      await conversations.setWrapup(moved.id, "Moved on");
      expect(await conversations.endParticipant(moved.id, now + 300, "timeout")).toBe(true);
      expect([await search({ wrapupCodes: ["Moved on"] }), await search({ disconnectTypes: ["timeout"] })]).toEqual([[3], [3]]);
      await conversations.setWrapup(moved.id, "Sold");
      expect(await search({ wrapupCodes: ["Moved on"] })).toEqual([]);
    });

    test("stays in queues and handled conversations are counted alike", async () => {
      const centre = await open();
      const { stores, organizationId } = centre;
      const queue = queueOf(centre);
      await stores.queues.insert(queue);
      const conversation = conversationOf(centre);
      await stores.conversations.insert(conversation);
      const stay = (startedAt: number, endedAt: number | null, disconnectType: Participant["disconnectType"]) =>
        stores.conversations.insertParticipant(
          participantOf(conversation.id, { purpose: "acd", queueId: queue.id, startedAt, endedAt, disconnectType }),
        );
      await stay(now - 100, now - 50, "transfer");
      await stay(now - 90, null, null);
      await stay(now + 1, now + 2, "transfer");
      await stay(now + 3, now + 4, "client");
      const stays = await stores.routing.queueStays(organizationId, now);
      expect(stays.map((entry) => [entry.startedAt - now, entry.endedAt === null ? null : entry.endedAt - now, entry.answered])).toEqual([
        [-90, null, false],
        [1, 2, true],
        [3, 4, false],
      ]);
      const handled = participantOf(conversation.id, { queueId: queue.id, connectedAt: now, endedAt: now + 1_000 });
      await stores.conversations.insertParticipant(handled);
      await stores.conversations.insertParticipant(participantOf(conversation.id, { queueId: queue.id, endedAt: now + 1_000 }));
      await stores.agents.insertAfterCallWork({
        ...{ participantId: handled.id, conversationId: conversation.id, userId: id<UserId>(), queueId: queue.id },
        ...{ startedAt: now + 1_000, deadlineAt: null, endedAt: now + 1_500, wrapupCode: null },
      });
      expect(await stores.routing.handled(queue.id, now)).toEqual({ count: 1, sumMs: 1_500 });
      expect(await stores.routing.handled(queue.id, now + 5_000)).toEqual({ count: 0, sumMs: 0 });
      expect([...(await stores.routing.handledByQueue(organizationId, now))]).toEqual([[queue.id, { count: 1, sumMs: 1_500 }]]);
      expect((await stores.routing.handledByQueue(organizationId, now + 5_000)).size).toBe(0);
      expect((await stores.routing.handledByQueue(id<OrganizationId>(), now)).size).toBe(0);
      const talking = participantOf(conversation.id, { queueId: queue.id, connectedAt: now });
      await stores.conversations.insertParticipant(talking);
      const agent = agentOf(centre);
      await stores.agents.insert({ ...agent, inHand: { kind: "conversation", id: talking.id } });
      await stores.agents.insert(agentOf(centre));
      expect([...(await stores.routing.inConversation(organizationId))].map(([userId, at]) => [userId, { ...at }])).toEqual([
        [agent.userId, { conversationId: conversation.id, participantId: talking.id, queueId: queue.id, isTalking: true }],
      ]);
    });

    test("a recording closes once", async () => {
      const { stores, organizationId, divisionId, nodeId } = await open();
      const { recordings } = stores;
      const recording: Recording = {
        ...{
          id: id<Recording["id"]>(),
          organizationId,
          divisionId,
          conversationId: id<ConversationId>(),
          path: "2026/11/25/x.rec",
          nodeId,
        },
        ...{
          startedAt: now,
          endedAt: null,
          state: "recording",
          durationMs: null,
          sizeBytes: null,
          chunks: null,
          sha256: null,
          erasedAt: null,
          eventSeq: null,
        },
      };
      await recordings.insert(recording);
      expect((await recordings.openOfNode(nodeId)).length).toBe(1);
      const facts = { endedAt: now + 5, state: "sealed", durationMs: 5, sizeBytes: 3_000_000_000, chunks: 2, sha256: "ab" } as const;
      expect([await recordings.close(recording.id, facts), await recordings.close(recording.id, { ...facts, state: "failed" })]).toEqual([
        true,
        false,
      ]);
      expect(plain(await recordings.ofConversation(recording.conversationId))).toEqual([{ ...recording, ...facts }]);
      const second = { ...recording, id: id<Recording["id"]>(), state: "failed" } as const;
      await recordings.insert(second);
      expect(await recordings.close(second.id, { ...facts, state: "failed" })).toBe(false);
      expect(await recordings.close(second.id, { ...facts, state: "interrupted" })).toBe(true);
      expect([(await recordings.openOfNode(nodeId)).length, (await recordings.all(organizationId)).length]).toEqual([0, 2]);
    });

    test("what is older than an instant is found, counted and erased once; what is being recorded is left alone", async () => {
      const { stores, organizationId, divisionId, nodeId } = await open();
      const { recordings } = stores;
      const rows = (["sealed", "recording", "failed", "interrupted", "sealed"] as const).map(
        (state, n): Recording => ({
          ...{ id: id<Recording["id"]>(), organizationId, divisionId, conversationId: id<ConversationId>(), path: `${n}.rec` },
          ...{ nodeId: n === 3 ? id() : nodeId, startedAt: now + n, endedAt: null, state, durationMs: null, sizeBytes: null, chunks: null },
          ...{ sha256: null, erasedAt: null, eventSeq: null },
        }),
      );
      for (const row of rows) await recordings.insert(row);
      const paths = async (before: number, limit = 10) => (await recordings.before(nodeId, before, limit)).map(({ path }) => path);
      expect([await paths(now + 9), await paths(now + 2), await paths(now + 9, 1)]).toEqual([
        ["0.rec", "2.rec", "4.rec"],
        ["0.rec"],
        ["0.rec"],
      ]);
      expect([await recordings.countBefore(organizationId, now + 4), await recordings.countBefore(id<OrganizationId>(), now + 4)]).toEqual([
        3, 0,
      ]);
      const [first, recordingNow] = [rows[0]!.id, rows[1]!.id];
      expect([
        await recordings.erase(first, now + 20),
        await recordings.erase(first, now + 21),
        await recordings.erase(recordingNow, now),
      ]).toEqual([true, false, false]);
      expect(await recordings.byId(first)).toMatchObject({ state: "erased", erasedAt: now + 20 });
      expect([await paths(now + 9), await recordings.countBefore(organizationId, now + 4)]).toEqual([["2.rec", "4.rec"], 2]);
      const erased = async (since: number) => (await recordings.erasedSince(nodeId, since)).map(({ path }) => path);
      expect([await erased(now + 20), await erased(now + 21)]).toEqual([["0.rec"], []]);
    });

    test("recordings since an instant, and who talked since then without one", async () => {
      const centre = await open();
      const { stores, organizationId, divisionId, nodeId } = centre;
      const recorded = async (startedAt: number, fields: { talked: boolean; recorded: boolean }): Promise<Conversation> => {
        const conversation = conversationOf(centre, { startedAt });
        await stores.conversations.insert(conversation);
        await stores.conversations.insertParticipant(participantOf(conversation.id, { connectedAt: fields.talked ? startedAt : null }));
        if (!fields.recorded) return conversation;
        const recording: Recording = {
          ...{ id: id<Recording["id"]>(), organizationId, divisionId, conversationId: conversation.id, nodeId, path: "a/b.rec" },
          ...{ startedAt, endedAt: null, state: "recording", durationMs: null, sizeBytes: null, chunks: null, sha256: null },
        } as unknown as Recording;
        await stores.recordings.insert(recording);
        return conversation;
      };
      await recorded(now - 1, { talked: true, recorded: true });
      await recorded(now - 1, { talked: true, recorded: false });
      await recorded(now, { talked: false, recorded: false });
      const later = await recorded(now + 2, { talked: true, recorded: true });
      const first = await recorded(now, { talked: true, recorded: true });
      const missing = await recorded(now, { talked: true, recorded: false });
      const { recordings, unrecorded } = await stores.recordings.since(organizationId, now);
      expect(recordings.map((row) => row.conversationId)).toEqual([first.id, later.id]);
      expect([...unrecorded]).toEqual([missing.id]);
      const elsewhere = await stores.recordings.since(id<OrganizationId>(), now);
      expect([[...elsewhere.recordings], [...elsewhere.unrecorded]]).toEqual([[], []]);
    });

    test("a prompt's sound comes back byte for byte, is replaced whole, and goes with its prompt", async () => {
      const centre = await open();
      const { prompts } = centre.stores;
      const one = { ...configured(centre, "Greeting"), id: id<Id<"Prompt">>(), description: "", audioSha256: null, audioMs: null };
      const other = { ...one, id: id<Id<"Prompt">>(), name: "Other" };
      for (const prompt of [one, other]) await prompts.insert(prompt);
      expect(await prompts.audio(one.id)).toBeNull();
      const wav = Uint8Array.from({ length: 700 }, (_, i) => i % 256);
      await prompts.setAudio(one.id, wav);
      expect(Buffer.from((await prompts.audio(one.id))!).equals(Buffer.from(wav))).toBe(true);
      await prompts.setAudio(one.id, wav.slice(0, 3));
      expect([...(await prompts.audio(one.id))!]).toEqual([0, 1, 2]);
      expect(await prompts.audio(other.id)).toBeNull();
      expect(await prompts.delete(one.id)).toBe(true);
      expect(await prompts.audio(one.id)).toBeNull();
    });

    test("registrations are replaced by station and contact, read until they expire, and each node has its own", async () => {
      const { stores, nodeId } = await open();
      const [stationId, other] = [id<StationId>(), id<Id<"Node">>()];
      const row = { ...{ nodeId, stationId, contact: "sip:a@192.0.2.1" }, ...{ address: "192.0.2.1", port: 5060, callId: "c", seq: 1 } };
      const seen = async (node = nodeId): Promise<string[]> =>
        (await stores.bindings.ofNode(node, now)).map(({ contact, port, expiresAt }) => `${contact} ${port} ${expiresAt - now}`);
      await stores.bindings.put([
        { ...row, expiresAt: now + 5 },
        { ...row, contact: "sip:b@192.0.2.1", expiresAt: now },
        { ...row, nodeId: other, expiresAt: now + 7 },
      ]);
      expect([await seen(), await seen(other)]).toEqual([["sip:a@192.0.2.1 5060 5"], ["sip:a@192.0.2.1 5060 7"]]);
      await stores.bindings.put([{ ...row, port: 5070, expiresAt: now + 9, seq: 4_294_967_295 }]);
      expect(await seen()).toEqual(["sip:a@192.0.2.1 5070 9"]);
      await stores.bindings.remove(nodeId, [row, { stationId, contact: "sip:never@192.0.2.1" }]);
      expect([await seen(), await seen(other)]).toEqual([[], ["sip:a@192.0.2.1 5060 7"]]);
      await stores.bindings.remove(nodeId, []);
    });

    test("the inbox gives each wish once, oldest first, to its node", async () => {
      const { stores, nodeId } = await open();
      const item = (at: number, node: string) => ({
        ...{ id: id(), nodeId: node, conversationId: id<ConversationId>(), actorId: "u", at },
        command: { kind: "hold" as const, participantId: id<ParticipantId>() },
      });
      const mine = [item(now, nodeId), item(now + 1, nodeId), item(now + 2, nodeId)];
      for (const row of [...mine, item(now, id())]) await stores.inbox.insert(row);
      expect(plain(await stores.inbox.take(nodeId, 2))).toEqual(mine.slice(0, 2));
      expect(plain(await stores.inbox.take(nodeId, 2))).toEqual(mine.slice(2));
      expect(await stores.inbox.take(nodeId, 2)).toBeEmpty();
    });

    test("rows and events change together or not at all, and the log can be read by subject", async () => {
      const centre = await open();
      const { unit, stores, log } = centre;
      const queue = queueOf(centre);
      const failed = unit.run(async (inside) => {
        await inside.queues.insert(queue);
        throw new Error("changed my mind");
      });
      await expect(failed).rejects.toThrow("changed my mind");
      expect([await stores.queues.byId(queue.id), (await log.head()).seq]).toEqual([null, 0]);
      const done = await unit.run(async (inside) => {
        await inside.queues.insert(queue);
        return { value: "made", events: [draft(centre, [queue.id]), draft(centre)] };
      });
      expect([done.value, done.events.map((event) => event.seq)]).toEqual(["made", [1, 2]]);
      expect((await stores.queues.byId(queue.id))?.name).toBe("Sales");
      expect((await log.read(0, 10)).map((event) => event.payload)).toEqual([{ n: 1 }, { n: 1 }]);
      expect((await log.readSubject(queue.id)).map((event) => event.seq)).toEqual([1]);
      expect(await log.readSubject(queue.id, { types: ["other"] })).toBeEmpty();
    });
  });
}

function draft({ organizationId, divisionId, nodeId }: Centre, subjectIds: readonly string[] = []): EventDraft {
  const eventId = newId<EventDraft["id"]>(env);
  const at = Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16);
  return {
    id: eventId,
    at,
    type: "test.happened",
    organizationId,
    divisionId,
    actorId: nodeId,
    subjectIds,
    seal: { kind: "organization" },
    payload: { n: 1 },
  };
}
