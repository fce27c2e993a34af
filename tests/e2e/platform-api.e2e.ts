// The Platform API through the vendor's own SDK: a queue's whole life, errors as the SDK expects them, permissions that are named.
import { join } from "node:path";
import sdk from "purecloud-platform-client-v2";
import { Baresip } from "../support/baresip.ts";
import { landlineHere } from "../support/image.ts";
import { password, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`]);
const client = sdk.ApiClient.instance;
const routing = new sdk.RoutingApi();
const users = new sdk.UsersApi();
const presence = new sdk.PresenceApi();
const architect = new sdk.ArchitectApi();
const edges = new sdk.TelephonyProvidersEdgeApi();
const stations = new sdk.StationsApi();
const oauth = new sdk.OAuthApi();
const notifications = new sdk.NotificationsApi();
const analytics = new sdk.AnalyticsApi();

type ApiFailure = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly contextId: string;
  readonly messageParams?: Record<string, string>;
};

/** What the SDK rejects with: the error's body, a plain object. */
async function failure(work: Promise<unknown>): Promise<ApiFailure> {
  return work.then(
    () => {
      throw new Error("it should have been refused");
    },
    (error: ApiFailure) => error,
  );
}

await program(
  async () => {
    await landline.start();
    landline.apply(testCentre([ownAddress]));
    client.setGateway({ protocol: "http", host: "127.0.0.1", port: 8080, path_params_login: "", path_params_api: "" });

    await step(
      "a wrong secret is refused as RFC 6749 says; the right one gives a token",
      async () => {
        const refused = await client.loginClientCredentialsGrant("test-client", "wrong").then(
          () => null,
          (error: { response?: { data?: { error?: string } } }) => error,
        );
        expect(refused?.response?.data?.error === "invalid_client", `refused with ${JSON.stringify(refused?.response?.data)}`);
        await client.loginClientCredentialsGrant("test-client", "a secret of the test client");
      },
      { must: true },
    );

    let id = "";
    await step("a queue is made, read, changed, listed and deleted", async () => {
      const made = await routing.postRoutingQueues({
        name: "SDK",
        mediaSettings: { call: { alertingTimeoutSeconds: 12, serviceLevel: { percentage: 0.9, durationMs: 15_000 } } },
      });
      id = made.id!;
      const read = await routing.getRoutingQueue(id);
      expect(
        read.name === "SDK" &&
          read.mediaSettings?.call?.alertingTimeoutSeconds === 12 &&
          read.mediaSettings?.call?.serviceLevel?.percentage === 0.9,
        JSON.stringify(read),
      );
      const changed = await routing.putRoutingQueue(id, { ...read, name: read.name!, skillEvaluationMethod: "BEST" });
      expect(
        changed.skillEvaluationMethod === "BEST" && changed.mediaSettings?.call?.alertingTimeoutSeconds === 12,
        "what is not given stays",
      );
      const { entities = [], total } = await routing.getRoutingQueues({ pageSize: 2, pageNumber: 1 });
      expect(entities.length === 2 && total === 3, `${entities.length} of ${total}`);
      const found = await routing.getRoutingQueues({ name: "sd" });
      expect(found.entities?.length === 1 && found.entities[0]?.id === id, "found by a part of the name");
    });

    await step("a taken name is 409, a wrong value 400 with its field, an unknown id 404: each with a context id", async () => {
      const taken = await failure(routing.postRoutingQueues({ name: "sdk" }));
      expect(taken.status === 409 && /duplicate/.test(taken.code) && taken.contextId !== "", JSON.stringify(taken));
      const wrong = await failure(routing.putRoutingQueue(id, { name: "SDK", acwSettings: { timeoutMs: 5 } }));
      expect(wrong.status === 400 && /acwTimeoutMs/.test(wrong.message), JSON.stringify(wrong));
      const unknown = await failure(routing.getRoutingQueue("00000000-0000-0000-0000-000000000000"));
      expect(unknown.status === 404, JSON.stringify(unknown));
      const nowhere = await failure(routing.getRoutingUtilization());
      expect(nowhere.status === 501 && nowhere.code === "not.implemented", JSON.stringify(nowhere));
    });

    await step("members are added and removed; a person's presence is set and read", async () => {
      const { entities = [] } = await users.getUsers({ pageSize: 100, expand: ["presence", "routingStatus"] });
      const priya = entities.find((user) => user.email === "priya@example.org")!;
      await routing.postRoutingQueueMembers(id, [{ id: priya.id! }]);
      const members = await routing.getRoutingQueueMembers(id);
      expect(members.entities?.[0]?.id === priya.id, "is a member");
      await routing.postRoutingQueueMembers(id, [{ id: priya.id! }], { _delete: true });
      expect((await routing.getRoutingQueueMembers(id)).entities?.length === 0, "is none any more");
      await presence.patchUserPresence(priya.id!, "PURECLOUD", { presenceDefinition: { id: "ON_QUEUE" } });
      const status = await users.getUserRoutingstatus(priya.id!);
      expect(status.status === "IDLE", JSON.stringify(status));
      await presence.patchUserPresence(priya.id!, "PURECLOUD", { presenceDefinition: { id: "BREAK" } });
      expect(
        (await users.getUser(priya.id!, { expand: ["presence"] })).presence?.presenceDefinition?.systemPresence === "BREAK",
        "is on a break",
      );
    });

    await step("a centre is configured by the SDK alone: skills, codes, people, numbers, clients, presences", async () => {
      const skill = await routing.postRoutingSkills({ name: "Mortgages" });
      const language = await routing.postRoutingLanguages({ name: "Polish" });
      expect((await routing.getRoutingSkills({ name: "Mort" })).entities?.[0]?.id === skill.id, "the skill is not found by name");
      expect(
        (await routing.getRoutingLanguages()).entities?.every((entry) => entry.id !== skill.id) === true,
        "a skill passes for a language",
      );
      const code = await routing.postRoutingWrapupcodes({ name: "Advice given" });
      await routing.postRoutingQueueWrapupcodes(id, [{ id: code.id! }]);
      expect((await routing.getRoutingQueueWrapupcodes(id)).entities?.[0]?.name === "Advice given", "the queue does not offer the code");
      const inUse = await failure(routing.deleteRoutingWrapupcode(code.id!));
      expect(inUse.status === 409 && inUse.code === "object.in.use", JSON.stringify(inUse));
      await routing.deleteRoutingQueueWrapupcode(id, code.id!);
      await routing.deleteRoutingWrapupcode(code.id!);

      const person = await users.postUsers({
        name: "Olga Marsh",
        email: "olga@example.org",
        password: "twelve letters and more",
        divisionId: "",
      });
      await users.putUserRoutingskillsBulk(person.id!, [{ id: skill.id!, proficiency: 3.5 }]);
      await users.patchUserRoutinglanguagesBulk(person.id!, [{ id: language.id!, proficiency: 5 }]);
      expect((await users.getUserRoutingskills(person.id!)).entities?.[0]?.proficiency === 3.5, "the proficiency is another");
      const married = await users.patchUser(person.id!, { name: "Olga Reed", version: person.version! });
      expect(married.name === "Olga Reed" && married.version === person.version! + 1, JSON.stringify(married));
      const stale = await failure(users.patchUser(person.id!, { name: "Olga Stale", version: person.version! }));
      expect(stale.status === 409, JSON.stringify(stale));
      const left = (await users.deleteUser(person.id!)) as { state?: string };
      expect(left.state === "inactive", JSON.stringify(left));

      const pool = await edges.postTelephonyProvidersEdgesDidpools({
        name: "Main block",
        startPhoneNumber: "+441632960200",
        endPhoneNumber: "+441632960209",
      });
      const overlap = await failure(
        edges.postTelephonyProvidersEdgesDidpools({ name: "Other", startPhoneNumber: "+441632960205", endPhoneNumber: "+441632960215" }),
      );
      expect(overlap.status === 400 && /overlaps/.test(overlap.message), JSON.stringify(overlap));
      const flow = (await architect.getFlows({})).entities!.find((entry) => entry.name === "Main")!;
      const ivr = await architect.postArchitectIvrs({ name: "Second", dnis: ["+441632960203"], openHoursFlow: { id: flow.id! } });
      const dids = await edges.getTelephonyProvidersEdgesDidpoolsDids("ASSIGNED_AND_UNASSIGNED", { pageSize: 100 });
      expect(
        dids.total === 10 && dids.entities!.find((did) => did.number === "+441632960203")?.owner?.id === ivr.id,
        JSON.stringify(dids.entities),
      );
      const used = await failure(architect.deleteFlow(flow.id!));
      expect(used.status === 409 && /Second/.test(used.message), JSON.stringify(used));
      await architect.deleteArchitectIvr(ivr.id!);
      await edges.deleteTelephonyProvidersEdgesDidpool(pool.id!);
      expect(
        (await stations.getStations({})).entities!.some((station) => station.webRtcUserId === person.id),
        "no browser station",
      );

      const client = await oauth.postOauthClients({
        name: "Reporting",
        authorizedGrantType: "CLIENT-CREDENTIALS",
        roleIds: ["supervisor"],
      });
      expect(
        (client.secret ?? "").length >= 32 && (await oauth.getOauthClient(client.id!)).secret === undefined,
        "the secret is told not once",
      );
      await oauth.deleteOauthClient(client.id!);
      const run = await presence.postPresenceDefinitions0({ languageLabels: { en_US: "School run" }, systemPresence: "Away" });
      expect(run.systemPresence === "AWAY" && run.languageLabels?.en_US === "School run", JSON.stringify(run));
      await presence.patchUserPresence(person.id!, "PURECLOUD", { presenceDefinition: { id: run.id! } });
      const away = (await users.getUser(person.id!, { expand: ["presence"] })).presence?.presenceDefinition;
      expect(away?.id === run.id && away?.systemPresence === "AWAY", JSON.stringify(away));
      const held = await failure(presence.deletePresenceDefinition0(run.id!));
      expect(held.status === 409 && /Olga/.test(held.message), JSON.stringify(held));
      const nonsense = await failure(presence.patchUserPresence(person.id!, "PURECLOUD", { presenceDefinition: { id: "SIESTA" } }));
      expect(nonsense.status === 400 && /no such presence/.test(nonsense.message), JSON.stringify(nonsense));
    });

    await step("a site is made with its outbound route; another site's routes are not there", async () => {
      const { entities: trunks = [] } = await edges.getTelephonyProvidersEdgesTrunks({ pageSize: 100 });
      const [leeds, york] = await Promise.all(
        ["Leeds", "York"].map((name) =>
          edges.postTelephonyProvidersEdgesSites({ name, country: "GB", callerId: "+441632960000" } as never),
        ),
      );
      const out = { name: "Out", classificationTypes: ["National"], externalTrunkBases: [{ id: trunks[0]!.id! }] };
      const inward = await failure(edges.postTelephonyProvidersEdgesSiteOutboundroutes(leeds!.id!, out));
      expect(inward.status === 400 && /give it a next hop first/.test(inward.message), JSON.stringify(inward));
      landline.apply({ trunks: [{ name: "Outward", proxies: ["192.0.2.1"], heartbeat: false }] });
      const trunk = (await edges.getTelephonyProvidersEdgesTrunks({ pageSize: 100 })).entities!.find(({ name }) => name === "Outward")!;
      const route = await edges.postTelephonyProvidersEdgesSiteOutboundroutes(leeds!.id!, {
        ...out,
        externalTrunkBases: [{ id: trunk.id! }],
      });
      expect(route.selfUri === `/api/v2/telephony/providers/edges/sites/${leeds!.id}/outboundroutes/${route.id}`, `${route.selfUri}`);
      const changed = await edges.putTelephonyProvidersEdgesSiteOutboundroute(leeds!.id!, route.id!, { ...route, distribution: "RANDOM" });
      expect(changed.distribution === "RANDOM" && changed.enabled === true, JSON.stringify(changed));
      const elsewhere = await failure(edges.getTelephonyProvidersEdgesSiteOutboundroute(york!.id!, route.id!));
      expect(elsewhere.status === 404, JSON.stringify(elsewhere));
      expect((await edges.getTelephonyProvidersEdgesSiteOutboundroutes(york!.id!)).total === 0, "York has no route");
      const words = await edges.getTelephonyProvidersEdgesSiteNumberplansClassifications(leeds!.id!);
      expect(words[0] === "Emergency" && words.includes("National"), words.join());
      const used = await failure(edges.deleteTelephonyProvidersEdgesSite(leeds!.id!));
      expect(used.status === 409 && /Out/.test(used.message), JSON.stringify(used));
      await edges.deleteTelephonyProvidersEdgesSiteOutboundroute(leeds!.id!, route.id!);
      await Promise.all([leeds, york].map((site) => edges.deleteTelephonyProvidersEdgesSite(site!.id!)));
    });

    await step("a channel tells of presence and queues over its WebSocket, and answers a ping", async () => {
      const channel = await notifications.postNotificationsChannels();
      const { entities: people = [] } = await users.getUsers({ pageSize: 100 });
      const tomasz = people.find((user) => user.email === "tomasz@example.org")!;
      const unknown = await failure(notifications.postNotificationsChannelSubscriptions(channel.id!, [{ id: "v2.weather.today" }]));
      expect(unknown.status === 400 && /weather/.test(unknown.message), JSON.stringify(unknown));
      const { entities: queues = [] } = await routing.getRoutingQueues({ name: "Service" });
      const observed = `v2.analytics.queues.${queues[0]!.id}.observations`;
      await notifications.putNotificationsChannelSubscriptions(channel.id!, [
        { id: `v2.users.${tomasz.id}?presence&routingStatus` },
        { id: observed },
      ]);
      expect((await notifications.getNotificationsChannelSubscriptions(channel.id!)).entities?.length === 3, "the topics are not there");
      const told: { topicName: string; eventBody: Record<string, unknown> }[] = [];
      const socket = new WebSocket(channel.connectUri!);
      socket.onmessage = ({ data }) => void told.push(JSON.parse(String(data)));
      const heard = (topicName: string): Record<string, unknown> | undefined =>
        told.findLast((message) => message.topicName === topicName)?.eventBody;
      await eventually("the heartbeat", () => heard("channel.metadata") !== undefined);
      socket.send('{"message":"ping"}');
      await eventually("the pong", () => heard("channel.metadata")?.message === "pong");
      await presence.patchUserPresence(tomasz.id!, "PURECLOUD", { presenceDefinition: { id: "ON_QUEUE" } });
      await eventually("the presence", () => heard(`v2.users.${tomasz.id}.presence`));
      await eventually("the routing status", () => JSON.stringify(heard(`v2.users.${tomasz.id}.routingStatus`) ?? {}).includes('"IDLE"'));
      const idle = { metric: "oOnQueueUsers", qualifier: "IDLE", stats: { count: 1 } };
      await eventually("the queue's figures", () => JSON.stringify(heard(observed) ?? {}).includes(JSON.stringify(idle)));
      const query = await analytics.postAnalyticsQueuesObservationsQuery({
        filter: { type: "or", predicates: [{ dimension: "queueId", value: queues[0]!.id! }] },
        metrics: ["oOnQueueUsers"],
      });
      expect(JSON.stringify(query.results).includes(JSON.stringify(idle)), JSON.stringify(query));
      socket.close();
      const strange = new WebSocket(`${channel.connectUri!.slice(0, -8)}somebody`);
      const code = await new Promise((done) => strange.addEventListener("close", (event) => done(event.code)));
      expect(code === 1008, `a stranger's channel closes with ${code}`);
    });

    await step("a call that was given up is found by queue and number, with its segments and figures", async () => {
      const phone = new Baresip(join(landline.folder, "caller"), ownAddress, 440);
      await eventually("the phone is up", () => phone.log.includes("Local network addresses") || phone.log.includes("baresip is ready"));
      phone.dial(`sip:100@${ownAddress}:5060`);
      await eventually("the centre answers", () => phone.established === 1);
      phone.press("2");
      const { entities: queues = [] } = await routing.getRoutingQueues({ name: "Service" });
      const queueId = queues[0]!.id!;
      const waiting = async (): Promise<number> => {
        const predicates = [{ dimension: "queueId" as const, value: queueId }];
        const answer = await analytics.postAnalyticsQueuesObservationsQuery({ filter: { type: "or", predicates }, metrics: ["oWaiting"] });
        return answer.results?.[0]?.data?.[0]?.stats?.count ?? 0;
      };
      await eventually("it waits in the queue", async () => (await waiting()) === 1);
      phone.hangUp();
      await eventually("it waits no more", async () => (await waiting()) === 0);
      const details = (dimension: "queueId" | "ani", value: string) =>
        analytics.postAnalyticsConversationsDetailsQuery({
          interval: `${new Date(Date.now() - 3_600_000).toISOString()}/${new Date(Date.now() + 3_600_000).toISOString()}`,
          order: "desc",
          paging: { pageSize: 10, pageNumber: 1 },
          segmentFilters: [{ type: "or", predicates: [{ type: "dimension", dimension, operator: "matches", value }] }],
        });
      const found = await details("queueId", queueId);
      expect(found.totalHits === 1, JSON.stringify(found));
      const [conversation] = found.conversations!;
      const session = (purpose: string) => conversation!.participants!.find((one) => one.purpose === purpose)?.sessions?.[0];
      const figure = (purpose: string, name: string) => session(purpose)?.metrics?.find((metric) => metric.name === name)?.value ?? 0;
      expect(figure("acd", "nOffered") === 1 && figure("acd", "tAbandon") > 0, JSON.stringify(session("acd")));
      expect(figure("ivr", "tIvr") > 0 && figure("acd", "tAnswered") === 0, JSON.stringify(conversation));
      expect(session("customer")?.segments?.at(-1)?.disconnectType === "endpoint", JSON.stringify(session("customer")));
      const [sound] = session("customer")?.mediaEndpointStats ?? [];
      expect(sound?.codecs?.[0]?.startsWith("PCM") === true && sound.receivedPackets! > 0, JSON.stringify(session("customer")));
      const ani = session("customer")?.ani ?? "";
      expect((await details("ani", ani)).totalHits === 1 && (await details("ani", `${ani}0`)).totalHits === 0, "by the caller's number");
      const same = await analytics.getAnalyticsConversationDetails(conversation!.conversationId!);
      expect(JSON.stringify(same) === JSON.stringify(conversation), "one alone is the same");
      const strange = await failure(details("edgeId" as never, "x"));
      expect(strange.status === 400 && strange.message.includes("Built so far"), JSON.stringify(strange));
    });

    await step("what is missing is named: 401 without a token, 403 with the permission", async () => {
      const none = await fetch(`${landline.http}/api/v2/routing/queues`);
      expect(none.status === 401 && ((await none.json()) as ApiFailure).code !== "", "401 has a body");
      const page = await fetch(`${landline.http}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { origin: landline.http },
        body: new URLSearchParams({ email: "priya@example.org", password }),
      });
      const cookie = page.headers.get("set-cookie")?.split(";")[0] ?? "";
      const refused = await fetch(`${landline.http}/api/v2/routing/queues`, { headers: { cookie } });
      const body = (await refused.json()) as ApiFailure;
      expect(
        refused.status === 403 && body.message.includes("routing:queue:view") && body.messageParams?.permissions === "routing:queue:view",
        JSON.stringify(body),
      );
      const change = await fetch(`${landline.http}/api/v2/routing/queues`, {
        method: "POST",
        headers: { cookie, "content-type": "application/json" },
        body: "{}",
      });
      expect(change.status === 401, `a cookie changes nothing through the API: ${change.status}`);
      const post = await fetch(`${landline.http}/me/presence`, {
        method: "POST",
        redirect: "manual",
        headers: { cookie, origin: "https://elsewhere.example" },
        body: new URLSearchParams({ presence: "BREAK" }),
      });
      expect(post.status === 403, `another site's form: ${post.status}`);
      const tokenless = await fetch(`${landline.http}/me/presence`, {
        method: "POST",
        redirect: "manual",
        headers: { cookie, origin: landline.http },
        body: new URLSearchParams({ presence: "BREAK" }),
      });
      expect(tokenless.status === 403, `a form without its token: ${tokenless.status}`);
    });

    await step("the queue is deleted, and everything that was done verifies", async () => {
      await routing.deleteRoutingQueue(id);
      expect((await failure(routing.getRoutingQueue(id))).status === 404, "is gone");
      const report = landline.run(["verify", "--rows"]);
      expect(report.code === 0, report.out);
    });

    await step("five hundred ids fit into one request", async () => {
      const ids = Array.from({ length: 500 }, (_, i) => `00000000-0000-7000-8000-${String(i).padStart(12, "0")}`);
      const answer = await users.getUsers({ id: ids, pageSize: 500 });
      expect((answer.entities ?? []).length === 0, "nobody has these ids");
    });
  },
  async () => {
    Baresip.quitAll();
    await landline.stop();
  },
);
