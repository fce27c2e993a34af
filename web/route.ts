// Declares routes: each carries its permission and its help page, and none exists without them. OpenAPI and the tidy test read the same table.
import type { ZodType } from "zod";
import { demand } from "../core/authorization/actor.ts";
import type { Permission } from "../core/authorization/permissions.ts";
import { BadInput } from "../core/lib/errors.ts";
import type { WebContext } from "./context.ts";
import type { WebPorts } from "./ports.ts";

/** `public`: before sign-in. `signed-in`: whoever is somebody; the handler looks closer at objects. */
export type RouteAccess = Permission | "public" | "signed-in";
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

type Facts = { readonly method: Method; readonly path: string; readonly permission: RouteAccess; readonly help: string };

export type PageRoute = Facts & {
  readonly kind: "page";
  /** For uploads; other bodies are forms and small. */
  readonly bodyBytesMax?: number;
  handle(c: WebContext, ports: WebPorts): Response | Promise<Response>;
};

export type ApiRoute = Facts & {
  readonly kind: "api";
  /** SDK method, as the Platform API names it. */
  readonly operation: string;
  readonly summary: string;
  readonly query?: ZodType;
  readonly body?: ZodType;
  readonly status: 200 | 201 | 202 | 204;
  /** Shape for the OpenAPI document: a name in its components. */
  readonly response: string;
  handle(c: WebContext, ports: WebPorts): unknown;
};

/** A page or one of its form posts. */
export function page(facts: Facts & Pick<PageRoute, "bodyBytesMax">, handle: PageRoute["handle"]): PageRoute {
  return { kind: "page", ...facts, handle };
}

type Input<Q, B> = { readonly params: Readonly<Record<string, string>>; readonly query: Q; readonly body: B };

/** An operation of the Platform API (or of ours under /api/v2/landline). Query and body are parsed before the handler runs. */
export function defineRoute<Q = unknown, B = unknown>(route: {
  readonly operation: string;
  readonly method: Method;
  readonly path: string;
  readonly permission: RouteAccess;
  readonly help: string;
  readonly summary: string;
  readonly query?: ZodType<Q>;
  readonly body?: ZodType<B>;
  readonly status?: ApiRoute["status"];
  readonly response: string;
  handler(input: Input<Q, B>, c: WebContext, ports: WebPorts): unknown;
}): ApiRoute {
  const { handler, status = 200, ...facts } = route;
  return {
    kind: "api",
    status,
    ...facts,
    handle: async (c, ports) => {
      const query = route.query === undefined ? ({} as Q) : parse(route.query, c.req.query());
      const body = route.body === undefined ? (undefined as B) : parse(route.body, await json(c));
      return handler({ params: c.req.param() as Record<string, string>, query, body }, c, ports);
    },
  };
}

/** What stands before every handler that is not public. @throws Forbidden */
export function demandAccess(c: WebContext, access: RouteAccess): void {
  if (access !== "public" && access !== "signed-in") demand(c.var.actor, access);
}

function parse<T>(schema: ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadInput(
    issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`,
    issue.path.join(".") || undefined,
  );
}

// Every request of the SDK says that its body is JSON, also when it has none.
async function json(c: WebContext): Promise<unknown> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new BadInput("The body is not valid JSON.", "body", "bad.json");
  }
}
