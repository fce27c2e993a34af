// The manual, one page per area, embedded and searchable; readable before sign-in too.
import type { Child } from "hono/jsx";
import { NotFound } from "../../../core/lib/errors.ts";
import { searchManual } from "../../help/search.ts";
import { spokenManual } from "../../help/spoken.ts";
import { type PageRoute, page } from "../../route.ts";
import { Document } from "../../ui/document.tsx";
import { t } from "../../ui/text.ts";

export const helpRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/help", permission: "public", help: "help" }, async (c) => {
    const question = (c.req.query("q") ?? "").trim().slice(0, 100);
    if (question === "") return c.redirect("/help/help");
    const findings = await searchManual(question);
    return c.html(
      <Manual title={t("Help: {question}", { question })} at={null} question={question}>
        {findings.length === 0 ? <p>{t("No page has these words. Fewer or other words may be there.")}</p> : null}
        <ul class="findings" role="list">
          {findings.map(({ page: found, excerpt }) => (
            <li>
              <a href={`/help/${found.id}`}>{found.title}</a>
              <p class="quiet">{excerpt}</p>
            </li>
          ))}
        </ul>
      </Manual>,
    );
  }),
  page({ method: "GET", path: "/help/:page", permission: "public", help: "help" }, (c) => {
    const id = c.req.param("page") ?? "";
    const entry = spokenManual().find((candidate) => candidate.id === id);
    if (entry === undefined) throw new NotFound(`help page “${id}”`);
    return c.html(
      <Manual title={entry.title} at={id} question="">
        {entry.isEnglishOnly ? <p class="quiet">{t("This page is in English only.")}</p> : null}
        {entry.isEnglishOnly ? <div lang="en">{entry.body()}</div> : entry.body()}
      </Manual>,
    );
  }),
];

function Manual(props: { readonly title: string; readonly at: string | null; readonly question: string; readonly children?: Child }) {
  return (
    <Document title={props.title} bodyClass="manual">
      <nav class="contents" aria-label={t("Contents")}>
        <a href="/">{t("Back to work")}</a>
        <form action="/help" method="get" role="search">
          <label class="visually-hidden" for="q">
            {t("Search the manual")}
          </label>
          <input class="input" id="q" name="q" type="search" value={props.question} placeholder={t("Search the manual")} />
        </form>
        <ul>
          {spokenManual().map((other) => (
            <li>
              <a href={`/help/${other.id}`} aria-current={other.id === props.at ? "page" : undefined}>
                {other.title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" class="article">
        <h1>{props.title}</h1>
        {props.children}
      </main>
    </Document>
  );
}
