// The OpenAPI 3.1 document, derived from the declared routes; what is in scope and not built is listed as that.
import { z } from "zod";
import type { ApiRoute } from "../route.ts";
import { scope, shapeOf } from "./scope.ts";

/** Paths, parameters, bodies, permissions. Response schemas are named; their shapes follow the Platform API's models of the same name. */
export function openApiDocument(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  const built = new Set(routes.map((route) => `${route.method} ${shapeOf(route.path)}`));
  for (const { operation, method, path, family } of scope) {
    if (built.has(`${method} ${shapeOf(path)}`)) continue;
    const answer = {
      operationId: operation,
      tags: [family],
      summary: "Not built yet",
      responses: { 501: { description: "not.implemented" } },
    };
    paths[path] = { ...paths[path], [method.toLowerCase()]: answer };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Landline Platform API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      securitySchemes: { oauth: { type: "oauth2", flows: { clientCredentials: { tokenUrl: "/oauth/token", scopes: {} } } } },
      schemas: Object.fromEntries(
        [...new Set(routes.map((route) => route.response))].filter((name) => name !== "none").map((name) => [name, { type: "object" }]),
      ),
    },
    security: [{ oauth: [] }],
  };
}

function operation(route: ApiRoute): object {
  const pathParameters = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    operationId: route.operation,
    summary: route.summary,
    "x-permission": route.permission,
    parameters: [...pathParameters, ...queryParameters(route)],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { content: { "application/json": { schema: z.toJSONSchema(route.body, { io: "input", unrepresentable: "any" }) } } },
        }),
    responses: {
      [route.status]:
        route.response === "none"
          ? { description: "Done" }
          : { description: "Done", content: { "application/json": { schema: { $ref: `#/components/schemas/${route.response}` } } } },
      "4XX": { description: "What was wrong, with the field and the mend" },
    },
  };
}

function queryParameters(route: ApiRoute): object[] {
  if (route.query === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(route.query, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: required.includes(name), schema }));
}
