// The API explorer: every operation that is built, by family, with what it takes and what it needs; reading ones can be tried here.
import { z } from "zod";
import { apiRoutes } from "../../api/index.ts";
import { scope, shapeOf } from "../../api/scope.ts";
import { type ApiRoute, type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Explorer, type Family } from "./views.tsx";

export const apiExplorerRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/api", permission: "oauth:client:view", help: "api" }, (c, ports) => {
    const query = (c.req.query("q") ?? "").trim().toLowerCase();
    const families = familiesOf(
      apiRoutes.filter((route) => `${route.operation} ${route.path} ${route.summary}`.toLowerCase().includes(query)),
    );
    return render(c, ports, { title: t("API explorer"), help: "api" }, <Explorer actor={c.var.actor} families={families} query={query} />);
  }),
];

function familiesOf(routes: readonly ApiRoute[]): readonly Family[] {
  const byShape = new Map(scope.map((one) => [`${one.method} ${shapeOf(one.path)}`, one.family]));
  const grouped = Map.groupBy(routes, (route) => byShape.get(`${route.method} ${shapeOf(route.path)}`) ?? "Landline");
  return [...grouped]
    .map(([name, operations]) => ({
      name,
      inScope: scope.filter((one) => one.family === name).length,
      operations: operations.map((route) => ({ route, query: schemaOf(route.query), body: schemaOf(route.body) })),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function schemaOf(schema: ApiRoute["body"]): string | null {
  if (schema === undefined) return null;
  const { $schema: _url, ...shape } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
  return JSON.stringify(shape, null, 2);
}
