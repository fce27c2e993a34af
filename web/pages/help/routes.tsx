// The manual, one page per area, embedded; readable before sign-in too.
import { NotFound } from "../../../core/lib/errors.ts";
import { manual } from "../../help/manual.tsx";
import { type PageRoute, page } from "../../route.ts";
import { Document } from "../../ui/document.tsx";
import { t } from "../../ui/text.ts";

export const helpRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/help", permission: "public", help: "help" }, (c) => c.redirect("/help/help")),
  page({ method: "GET", path: "/help/:page", permission: "public", help: "help" }, (c) => {
    const id = c.req.param("page") ?? "";
    const entry = manual.find((candidate) => candidate.id === id);
    if (entry === undefined) throw new NotFound(`help page “${id}”`);
    return c.html(
      <Document title={entry.title} bodyClass="manual">
        <nav class="contents" aria-label={t("Contents")}>
          <a href="/">{t("Back to work")}</a>
          <ul>
            {manual.map((other) => (
              <li>
                <a href={`/help/${other.id}`} aria-current={other.id === id ? "page" : undefined}>
                  {other.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main id="main" class="article">
          <h1>{entry.title}</h1>
          {entry.body()}
        </main>
      </Document>,
    );
  }),
];
