// The API explorer: families, operations, and what each takes.

import type { Actor } from "../../../core/authorization/actor.ts";
import type { ApiRoute } from "../../route.ts";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { SearchField } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { count, t } from "../../ui/text.ts";

export type Family = {
  readonly name: string;
  /** Operations of the vendor's family that we mean to have; 0 for our own. */
  readonly inScope: number;
  readonly operations: readonly { readonly route: ApiRoute; readonly query: string | null; readonly body: string | null }[];
};

export function Explorer(props: { readonly actor: Actor; readonly families: readonly Family[]; readonly query: string }) {
  return (
    <div class="page">
      <Crumbs actor={props.actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t("API explorer")}</h1>
        <div class="actions">
          <a class="button" href="/api/v2/docs/openapi.json" hx-boost="false">
            <Icon name="download" />
            OpenAPI
          </a>
        </div>
      </div>
      <form class="toolbar" method="get" action="/admin/api" role="search">
        <SearchField name="q" label={t("Search operations")} value={props.query} />
      </form>
      {props.families.length === 0 ? <p class="quiet">{t("Nothing fits what you look for.")}</p> : null}
      {props.families.map((family) => (
        <section aria-labelledby={`family-${family.name}`} class="family">
          <h2 id={`family-${family.name}`}>
            {family.name}{" "}
            <span class="caption">
              {family.inScope === 0
                ? count(family.operations.length, "{n} operation of our own", "{n} operations of our own")
                : t("{n} of {total} operations built", { n: family.operations.length, total: family.inScope })}
            </span>
          </h2>
          {family.operations.map((operation) => (
            <Operation {...operation} />
          ))}
        </section>
      ))}
    </div>
  );
}

function Operation(props: Family["operations"][number]) {
  const { route, query, body } = props;
  return (
    <details class="operation">
      <summary>
        <span class="method" data-method={route.method}>
          {route.method}
        </span>
        <code>{route.path.replaceAll(/:(\w+)/g, "{$1}")}</code>
        <span class="quiet">{route.operation}</span>
      </summary>
      <p>{route.summary}</p>
      <dl class="facts">
        <dt>{t("Permission")}</dt>
        <dd>
          <code>{route.permission}</code>
        </dd>
        <dt>{t("Answers")}</dt>
        <dd>{route.response === "none" ? String(route.status) : `${route.status}, ${route.response}`}</dd>
      </dl>
      {query === null ? null : <Schema title={t("Query")} text={query} />}
      {body === null ? null : <Schema title={t("Body")} text={body} />}
      {canBeTried(route) ? (
        <p>
          <a class="button" data-size="small" href={route.path} target="_blank" rel="noopener" hx-boost="false">
            {t("Try it")}
          </a>
        </p>
      ) : null}
    </details>
  );
}

/** By its address alone: nothing that must be named is missing. */
function canBeTried({ method, path, query }: ApiRoute): boolean {
  return method === "GET" && !path.includes(":") && query?.safeParse({}).success !== false;
}

function Schema(props: { readonly title: string; readonly text: string }) {
  return (
    <>
      <h3>{props.title}</h3>
      <pre class="mono message" tabindex={0}>
        {props.text}
      </pre>
    </>
  );
}
