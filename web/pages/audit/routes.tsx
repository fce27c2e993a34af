// The auditor's home: is the log whole, are today's recordings, who listened, what is stored; and the log itself, searched.
import { newEvent } from "../../../core/app.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import { isoInstant, startOfDay } from "../../../core/lib/calendar.ts";
import { isId } from "../../../core/lib/id.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { readable } from "../../readable.ts";
import { type PageRoute, page } from "../../route.ts";
import { rangeOf, withDates } from "../../ui/period.tsx";
import { t } from "../../ui/text.ts";
import { adminPages } from "../admin/routes.tsx";
import { render } from "../render.tsx";
import { AuditHome, AuditLog } from "./views.tsx";

const help = "audit";
const pageSize = 50;
const accessesShown = 12;

/** What is done to settings: each kind's own changes, and what its history tells beside them. */
const changes: readonly string[] = [
  ...adminPages.flatMap(({ kind: { event }, alsoTells = {} }) => [
    ...["created", "updated", "published", "deleted"].map((deed) => `${event}.${deed}`),
    ...Object.keys(alsoTells),
  ]),
  "organization.updated",
  "user.totp.removed",
];

export const auditRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/audit", permission: "audits:audit:view", help }, async (c, ports) => {
    const { app } = ports;
    const now = app.env.clock.now();
    const [accesses, denied, exports_, today, names, organization] = await Promise.all([
      app.log.find({ types: ["recording.accessed"] }, null, accessesShown),
      app.log.find({ types: ["recording.access.denied"] }, null, accessesShown),
      app.log.find({ types: ["conversation.exported", "conversation.bundle.exported"] }, null, accessesShown),
      app.stores.recordings.since(app.organizationId, startOfDay(now)),
      namesOf(ports),
      app.stores.organizations.byId(app.organizationId),
    ]);
    const reached = [...accesses, ...denied, ...exports_].sort((a, b) => b.seq - a.seq).slice(0, accessesShown);
    const view = (
      <AuditHome
        now={now}
        verification={ports.verification}
        head={ports.lastHead()}
        accesses={reached}
        today={today}
        names={names}
        csrf={c.var.csrf}
        recordingDays={organization?.recordingDays ?? null}
        fingerprint={ports.keyFingerprint}
        mayOpen={c.var.actor.permissions.has("conversation:communication:view")}
        mayVerify={c.var.actor.permissions.has("audits:chain:verify")}
      />
    );
    return render(c, ports, { title: t("Audit"), help }, view);
  }),

  page({ method: "POST", path: "/audit/verify", permission: "audits:chain:verify", help }, async (c, ports) => {
    await ownForm(c, ports);
    ports.verification.start();
    return c.redirect("/audit", 303);
  }),

  page({ method: "GET", path: "/audit/proof.jsonl", permission: "audits:chain:verify", help }, async (c, ports) => {
    const { app } = ports;
    await app.unit.run(async () => ({
      value: undefined,
      events: [newEvent(app, { type: "audit.proof.exported", actorId: c.var.actor.id, subjectIds: [c.var.actor.id], payload: {} })],
    }));
    const day = isoInstant(app.env.clock.now()).slice(0, 10);
    c.header("content-disposition", `attachment; filename="landline-proof-${day}.jsonl"`);
    c.header("content-type", "application/jsonl");
    return c.body(readable(encoded(ports.exportProof())));
  }),

  page({ method: "GET", path: "/audit/log", permission: "audits:audit:view", help }, async (c, ports) => {
    const now = ports.app.env.clock.now();
    const query = withDates(new URL(c.req.url).searchParams, now);
    const given = (name: string): string | undefined => {
      const value = (query.get(name) ?? "").trim();
      return value === "" ? undefined : value;
    };
    const [type, object] = [given("type"), given("object")];
    const before = Number(given("before") ?? "");
    const events = await ports.app.log.find(
      {
        types: type === "changes" ? changes : type === undefined ? undefined : [type],
        actorId: given("actor"),
        ...(object !== undefined && isId(object) ? { subjectId: object } : {}),
        ...rangeOf(query),
      },
      Number.isSafeInteger(before) && before > 0 ? before : null,
      pageSize + 1,
    );
    const next = events.length > pageSize ? events[pageSize - 1]!.seq : null;
    const view = (
      <AuditLog
        actor={c.var.actor}
        events={events.slice(0, pageSize)}
        next={next}
        names={await namesOf(ports)}
        query={query}
        now={now}
        mayRead={mayRead(c)}
      />
    );
    return render(c, ports, { title: t("Audit log"), help }, view);
  }),
];

/** What an event says of a caller is for those who may see the conversation; that it happened is for the auditor. */
function mayRead(c: WebContext): (event: LoggedEvent) => boolean {
  const { permissions } = c.var.actor;
  return (event) => !event.type.startsWith("conversation.") || permissions.has("conversation:communication:view");
}

async function namesOf(ports: WebPorts): Promise<ReadonlyMap<string, string>> {
  const { stores, organizationId } = ports.app;
  const lists = await Promise.all([
    stores.users.all(organizationId),
    stores.oauthClients.all(organizationId),
    stores.queues.all(organizationId),
  ]);
  return new Map(lists.flat().map(({ id, name }) => [id as string, name]));
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) yield encoder.encode(piece);
}
