// The five operations that the Platform API has for every kind of configured object, from one description each.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput } from "../../core/lib/errors.ts";
import { isId } from "../../core/lib/id.ts";
import { createObject, deleteObject, editObject, settingsOf } from "../../core/objects/commands.ts";
import type { ConfiguredObject, ObjectKind } from "../../core/objects/object.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { type ApiRoute, defineRoute } from "../route.ts";
import { listing, pageQuery } from "./listing.ts";

const help = "api";
type Named = { readonly name: string };
type Params = Readonly<Record<string, string | undefined>>;
type Entity = { readonly id: string } & Readonly<Record<string, unknown>>;

export type ObjectOperations<Row extends ConfiguredObject & Settings, Settings extends Named> = {
  readonly kind: ObjectKind<Row, Settings>;
  /** `/api/v2/routing/skills` */
  readonly path: string;
  /** As the API names the shape: `RoutingSkill`; its listing is `SkillEntityListing`. */
  readonly entity: string;
  readonly listing: string;
  /** The vendor's names; what it does not have is left out. */
  readonly operations: {
    readonly list: string;
    readonly create?: string;
    readonly get?: string;
    readonly update?: readonly ["PUT" | "PATCH", string];
    readonly delete?: string;
  };
  /** In the vendor's sentences: "skill", "skills". */
  readonly words: readonly [one: string, many: string];
  readonly body: z.ZodType;
  /** The object in whose path they stand, and what of theirs names it: `/sites/:siteId/outboundroutes`. */
  readonly within?: { readonly parameter: string; readonly kind: ObjectKind<never, never>; readonly word: string };
  /** Which rows of the table this family shows. */
  readonly only?: (row: Row) => boolean;
  /** Settings from a body; what is not given stays as it is. */
  settings(body: never, before: Settings | null): unknown;
  present(row: Row, ports: WebPorts): object | Promise<object>;
  /** Makes one in another way than the common one, and may answer with more. */
  create?(settings: Settings, body: never, c: WebContext, ports: WebPorts): Promise<{ readonly row: Row; readonly more?: object }>;
};

/** The operations of one family, in the order of the API's document. */
export function objectOperations<Row extends ConfiguredObject & Settings, Settings extends Named>(
  family: ObjectOperations<Row, Settings>,
): readonly ApiRoute[] {
  const { kind, path, operations, words, entity } = family;
  const [one, many] = words;
  const title = `${one[0]!.toUpperCase()}${one.slice(1)}`;

  const routes: (ApiRoute | null)[] = [
    defineRoute({
      operation: operations.list,
      method: "GET",
      path,
      permission: kind.permissions.view,
      help,
      summary: `${many[0]!.toUpperCase()}${many.slice(1)} by name, paged.`,
      query: pageQuery.extend({ name: z.string().optional() }),
      response: family.listing,
      handler: async ({ query, params }, c, ports) => {
        const only = await inside(c, ports, params);
        const store = kind.store(ports.app.stores);
        const { organizationId } = ports.app;
        const filter = query.name === undefined ? {} : { name: query.name.replaceAll("*", "") };
        const page =
          only === null
            ? await store.list(organizationId, filter, query)
            : slice((await store.list(organizationId, filter, { pageSize: 100_000, pageNumber: 1 })).entities.filter(only), query);
        const entities = await Promise.all(page.entities.map((row) => shown(row, ports)));
        return listing(pathOf(params), query, { name: query.name }, { entities, total: page.total }, (row) => row);
      },
    }),
    operations.create === undefined
      ? null
      : defineRoute({
          operation: operations.create,
          method: "POST",
          path,
          permission: kind.permissions.add,
          help,
          summary: `Makes a ${one}.`,
          body: family.body,
          response: entity,
          handler: async ({ body, params }, c, ports) => {
            await inside(c, ports, params);
            const settings = accept(body, null, params);
            const made =
              family.create === undefined
                ? { row: await createObject(ports.app, c.var.actor, kind, settings) }
                : await family.create(settings, body as never, c, ports);
            return { ...(await shown(made.row, ports)), ...("more" in made ? made.more : {}) };
          },
        }),
    operations.get === undefined
      ? null
      : defineRoute({
          operation: operations.get,
          method: "GET",
          path: `${path}/:id`,
          permission: kind.permissions.view,
          help,
          summary: `One ${one}.`,
          response: entity,
          handler: async ({ params }, c, ports) => shown(await rowOf(c, ports, params), ports),
        }),
    operations.update === undefined
      ? null
      : defineRoute({
          operation: operations.update[1],
          method: operations.update[0],
          path: `${path}/:id`,
          permission: kind.permissions.edit,
          help,
          summary: `Changes a ${one}; what is not given stays as it is.`,
          body: family.body,
          response: entity,
          handler: async ({ params, body }, c, ports) => {
            const row = await rowOf(c, ports, params);
            // A client that says which version it saw is held to it.
            const seen = (body as { readonly version?: unknown }).version;
            const version = typeof seen === "number" ? seen : row.version;
            const settings = accept(body, settingsOf(kind, row), params);
            return shown(await editObject(ports.app, c.var.actor, kind, row.id, version, settings), ports);
          },
        }),
    operations.delete === undefined
      ? null
      : defineRoute({
          operation: operations.delete,
          method: "DELETE",
          path: `${path}/:id`,
          permission: kind.permissions.delete,
          help,
          summary: `Deletes a ${one} that nothing uses.`,
          status: 204,
          response: "none",
          handler: async ({ params }, c, ports) => deleteObject(ports.app, c.var.actor, kind, (await rowOf(c, ports, params)).id),
        }),
  ];
  return routes.filter((route) => route !== null);

  /** Which rows there are at this address; null: all of the kind. @throws NotFound for what they are to be within */
  async function inside(c: WebContext, ports: WebPorts, params: Params): Promise<((row: Row) => boolean) | null> {
    const { within } = family;
    if (within === undefined) return family.only ?? null;
    const id = params[within.parameter] ?? "";
    const around = isId(id) ? await within.kind.store(ports.app.stores).byId(id as never) : null;
    found(c.var.actor, `${within.word} with this id`, around);
    return (row) => (row as Readonly<Record<string, unknown>>)[within.parameter] === id && (family.only?.(row) ?? true);
  }

  async function rowOf(c: WebContext, ports: WebPorts, params: Params): Promise<Row> {
    const { id } = params;
    const only = await inside(c, ports, params);
    const isOne = id !== undefined && (kind.freeIds === true || isId(id));
    const row = isOne ? await kind.store(ports.app.stores).byId(id as Row["id"]) : null;
    return found(c.var.actor, `${one} with this id`, row !== null && (only === null || only(row)) ? row : null);
  }

  function pathOf(values: Readonly<Record<string, unknown>>): string {
    const { within } = family;
    return within === undefined ? path : path.replace(`:${within.parameter}`, String(values[within.parameter]));
  }

  function accept(body: unknown, before: Settings | null, params: Params): Settings {
    const { within } = family;
    const around = within === undefined ? {} : { [within.parameter]: params[within.parameter] };
    const given = { ...(family.settings(body as never, before) as Record<string, unknown>), ...around };
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const parsed = kind.settings.safeParse({ ...before, ...set });
    if (parsed.success) return parsed.data as unknown as Settings;
    const issue = parsed.error.issues[0]!;
    throw new BadInput(`${title}: ${issue.path.join(".")}: ${issue.message}`, issue.path.join("."));
  }

  async function shown(row: Row, ports: WebPorts): Promise<Entity> {
    return {
      id: row.id,
      name: row.name,
      dateCreated: isoInstant(row.createdAt),
      dateModified: isoInstant(row.modifiedAt),
      ...(await family.present(row, ports)),
      selfUri: `${pathOf(row as Readonly<Record<string, unknown>>)}/${row.id}`,
    };
  }
}

function slice<T>(rows: readonly T[], { pageSize, pageNumber }: { readonly pageSize: number; readonly pageNumber: number }) {
  return { entities: rows.slice((pageNumber - 1) * pageSize, pageNumber * pageSize), total: rows.length };
}

/** A body of the vendor's: known members checked, others let through, so that what was read can be sent back. */
export function bodyOf(shape: z.ZodRawShape) {
  return z.object({ name: z.string().optional(), version: z.number().optional(), ...shape }).loose();
}

/** The reference that the API writes for another object. */
export function reference(path: string, id: string): { readonly id: string; readonly selfUri: string } {
  return { id, selfUri: `${path}/${id}` };
}
