// The routes of any configured object: list and CSV, form with preview, delete, what uses it, history and restore.

import { type Actor, found } from "../../../core/authorization/actor.ts";
import { AppError } from "../../../core/lib/errors.ts";
import { isId } from "../../../core/lib/id.ts";
import { createObject, deleteObject, editObject, objectHistory, restoreObject, settingsOf } from "../../../core/objects/commands.ts";
import type { ConfiguredObject, Use } from "../../../core/objects/object.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page as route } from "../../route.ts";
import type { FieldErrors } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { csvLine, readForm, saidOf, unreadable } from "./form-values.ts";
import { type ObjectPage, optionsOf, type Told } from "./object-page.ts";
import { type Change, type Choices, changesOf, labelsOf, ObjectForm, ObjectFrame, ObjectHistory, ObjectList, UsedBy } from "./views.tsx";

type Named = { readonly name: string };
const pageSize = 25;

/** Where the page of a use is, by its kind's words; null: nowhere, or not for them. */
export type Hrefs = (use: Use, actor: Actor) => string | null;

export function objectRoutes<Row extends ConfiguredObject & Settings, Settings extends Named>(
  page: ObjectPage<Row, Settings>,
  href: Hrefs,
): readonly PageRoute[] {
  const { kind, path, help } = page;
  const { view, add, edit, delete: remove } = kind.permissions;
  const fields = page.groups.flatMap((group) => group.fields);

  return [
    route({ method: "GET", path, permission: view, help }, async (c, ports) => {
      const pageNumber = Math.max(1, Number.parseInt(c.req.query("page") ?? "1", 10) || 1);
      const { rows, total } = await matching(c, ports, { pageSize, pageNumber });
      const query = new URL(c.req.url).searchParams;
      const names = (await page.names?.(ports.app)) ?? new Map();
      const view = (
        <ObjectList
          actor={c.var.actor}
          {...{ page, rows, total, names, query, pageNumber, pageSize }}
          choices={await choicesOf(ports)}
          mayAdd={c.var.actor.permissions.has(add)}
        />
      );
      return render(c, ports, { title: t(page.title), help }, view);
    }),

    route({ method: "GET", path: `${path}.csv`, permission: view, help }, async (c, ports) => {
      const { rows } = await matching(c, ports, { pageSize: 100_000, pageNumber: 1 });
      const choices = await choicesOf(ports);
      const lines = rows.map((row) =>
        csvLine([row.id, ...fields.map(({ name, control }) => saidOf(control, row[name as keyof Row], labelsOf(choices, name)))]),
      );
      c.header("content-type", "text/csv; charset=utf-8");
      c.header("content-disposition", `attachment; filename="${path.split("/").at(-1)}.csv"`);
      return c.body(csvLine(["id", ...fields.map(({ name }) => name)]) + lines.join(""));
    }),

    route({ method: "GET", path: `${path}/new`, permission: add, help }, (c, ports) => form(c, ports, null, begun(c))),

    route({ method: "POST", path: `${path}/new`, permission: add, help }, (c, ports) =>
      save(c, ports, null, async (settings) => {
        if (page.create === undefined) return { row: await createObject(ports.app, c.var.actor, kind, settings), told: [] };
        return page.create(c, ports, settings);
      }),
    ),

    route({ method: "GET", path: `${path}/:id`, permission: view, help }, async (c, ports) => {
      const row = await rowOf(c, ports);
      return form(c, ports, row, settingsOf(kind, row), { saved: c.req.query("saved") === "true" });
    }),

    route({ method: "POST", path: `${path}/:id`, permission: edit, help }, async (c, ports) => {
      const row = await rowOf(c, ports);
      return save(c, ports, row, async (settings, version) => ({
        row: await editObject(ports.app, c.var.actor, kind, row.id, version, settings),
        told: [],
      }));
    }),

    route({ method: "POST", path: `${path}/:id/delete`, permission: remove, help }, async (c, ports) => {
      await ownForm(c, ports);
      const row = await rowOf(c, ports);
      try {
        await deleteObject(ports.app, c.var.actor, kind, row.id);
      } catch (error) {
        if (!(error instanceof AppError) || error.status !== 409) throw error;
        return form(c, ports, row, settingsOf(kind, row), { errors: { form: error.message }, status: 409 });
      }
      return c.redirect(path, 303);
    }),

    route({ method: "GET", path: `${path}/:id/used-by`, permission: view, help }, async (c, ports) => {
      const row = await rowOf(c, ports);
      const uses = (await kind.usedBy?.(ports.app, ports.app.stores, row)) ?? [];
      const view = (
        <ObjectFrame actor={c.var.actor} page={page} row={row} at="used-by">
          <UsedBy noun={kind.noun} uses={uses} href={(use) => href(use, c.var.actor)} />
        </ObjectFrame>
      );
      return render(c, ports, { title: t("{name}, Used by", { name: row.name }), help }, view);
    }),

    route({ method: "GET", path: `${path}/:id/history`, permission: view, help }, async (c, ports) => {
      const row = await rowOf(c, ports);
      const all = await objectHistory(ports.app, c.var.actor, kind, row.id);
      const events = all.filter(({ type }) => type in { ...page.alsoTells } || /\.(created|updated|published|deleted)$/.test(type));
      const { stores, organizationId } = ports.app;
      const actors = [...(await stores.users.all(organizationId)), ...(await stores.oauthClients.all(organizationId))];
      const people = new Map(actors.map(({ id, name }) => [id as string, name]));
      const choices = await choicesOf(ports);
      const mayEdit = c.var.actor.permissions.has(edit);
      const view = (
        <ObjectFrame actor={c.var.actor} page={page} row={row} at="history">
          <ObjectHistory {...{ page, row, events, people, choices, mayEdit }} csrf={c.var.csrf} />
        </ObjectFrame>
      );
      return render(c, ports, { title: t("{name}, History", { name: row.name }), help }, view);
    }),

    route({ method: "POST", path: `${path}/:id/restore`, permission: edit, help }, async (c, ports) => {
      const given = await ownForm(c, ports);
      const row = await rowOf(c, ports);
      const [version, seq] = [Number(given.get("version")), Number(given.get("seq"))];
      try {
        await restoreObject(ports.app, c.var.actor, kind, row.id, version, seq);
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500 || error.status === 403) throw error;
        return form(c, ports, row, settingsOf(kind, row), { errors: { form: error.message }, status: error.status });
      }
      return c.redirect(`${path}/${row.id}?saved=true`, 303);
    }),
  ];

  /** What stands in the form of a new one. */
  function begun(c: WebContext): Readonly<Record<string, unknown>> {
    const { templates, initial = {} } = page;
    if (templates === undefined) return initial;
    const chosen = templates.all.find(({ id }) => id === c.req.query("template")) ?? templates.all[0];
    return { ...initial, ...chosen.values, [templates.field]: chosen.id };
  }

  async function rowOf(c: WebContext, ports: WebPorts): Promise<Row> {
    const id = c.req.param("id") ?? "";
    const isOne = kind.freeIds === true || isId(id);
    return found(c.var.actor, `${kind.noun} with this id`, isOne ? await kind.store(ports.app.stores).byId(id as Row["id"]) : null);
  }

  /** What the search asks for. A filter by choice reads all and narrows: lists of configuration are short. */
  async function matching(c: WebContext, ports: WebPorts, at: { readonly pageSize: number; readonly pageNumber: number }) {
    const { app } = ports;
    const name = c.req.query("name") ?? "";
    const wanted = (page.filters ?? []).flatMap((filter) => {
      const value = c.req.query(filter) ?? "";
      return value === "" ? [] : [[filter, value] as const];
    });
    const store = kind.store(app.stores);
    if (wanted.length === 0) {
      const { entities, total } = await store.list(app.organizationId, { name }, at);
      return { rows: entities, total };
    }
    const { entities } = await store.list(app.organizationId, { name }, { pageSize: 100_000, pageNumber: 1 });
    const fitting = entities.filter((row) =>
      wanted.every(([field, value]) => [row[field as keyof Row]].flat().map(String).includes(value)),
    );
    return { rows: fitting.slice((at.pageNumber - 1) * at.pageSize, at.pageNumber * at.pageSize), total: fitting.length };
  }

  async function choicesOf(ports: WebPorts): Promise<Choices> {
    const lists = fields.map(async ({ name, control }) =>
      "options" in control ? ([name, await optionsOf(ports.app, control.options)] as const) : null,
    );
    return new Map((await Promise.all(lists)).filter((entry) => entry !== null));
  }

  async function save(
    c: WebContext,
    ports: WebPorts,
    row: Row | null,
    change: (settings: Settings, version: number) => Promise<{ readonly row: Row; readonly told: readonly Told[] }>,
  ): Promise<Response> {
    const given = await ownForm(c, ports);
    const version = Number(given.get("version") ?? 0);
    const read = { ...(row === null ? {} : settingsOf(kind, row)), ...readForm(fields, given) };
    const values = page.complete?.(read) ?? read;
    const parsed = kind.settings.safeParse(values);
    const typed = Object.fromEntries(
      fields.flatMap(({ name, control }) => (control.kind === "document" ? [[name, String(given.get(name) ?? "")]] : [])),
    );
    const unread = unreadable(fields, given);
    if (!parsed.success || Object.keys(unread).length > 0) {
      const found = (parsed.error?.issues ?? []).map((issue) => [String(issue.path[0]), issue.message] as const);
      // What has no field of its own is said above them; the first of several about one field is enough.
      const placed = found.map(([field, message]) => [fields.some(({ name }) => name === field) ? field : "form", message]);
      const errors: FieldErrors = Object.keys(unread).length > 0 ? unread : Object.fromEntries(placed.reverse());
      return form(c, ports, row, values, { errors, typed, status: 422 });
    }
    const settings = parsed.data as unknown as Settings;
    const preview = given.get("preview") === "true";
    try {
      if (preview) {
        await kind.check?.(ports.app, ports.app.stores, settings, row);
        const choices = await choicesOf(ports);
        return form(c, ports, row, values, {
          typed,
          preview: changesOf(page, row === null ? {} : settingsOf(kind, row), settings, choices),
        });
      }
      const saved = await change(settings, version);
      if (saved.told.length > 0) return form(c, ports, saved.row, settingsOf(kind, saved.row), { told: saved.told });
      return c.redirect(`${path}/${saved.row.id}?saved=true`, 303);
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
      const known = fields.some((field) => field.name === error.field);
      return form(c, ports, row, values, { errors: { [known ? error.field! : "form"]: error.message }, typed, status: error.status });
    }
  }

  async function form(
    c: WebContext,
    ports: WebPorts,
    row: Row | null,
    values: Readonly<Record<string, unknown>>,
    more: {
      readonly errors?: FieldErrors;
      readonly typed?: Readonly<Record<string, string>>;
      readonly saved?: boolean;
      readonly preview?: readonly Change[];
      readonly told?: readonly Told[];
      readonly status?: number;
    } = {},
  ): Promise<Response> {
    const { actor, csrf } = c.var;
    const mayEdit = actor.permissions.has(row === null ? add : edit);
    const mayDelete = row !== null && actor.permissions.has(remove) && page.keeps?.(row) !== true;
    const title = row === null ? t(page.newLabel) : t("{name}, Settings", { name: row.name });
    const view = (
      <ObjectForm
        {...{ actor, page, row, values, csrf, mayEdit, mayDelete }}
        typed={more.typed ?? {}}
        errors={more.errors ?? {}}
        choices={await choicesOf(ports)}
        saved={more.saved === true}
        preview={more.preview ?? null}
        told={more.told ?? []}
        actions={row === null ? null : page.actions?.(c, ports, row)}
        facts={row === null ? null : await page.facts?.(c, ports, row)}
      />
    );
    return render(c, ports, { title, help, ...(more.status === undefined ? {} : { status: more.status }) }, view);
  }
}
