// The admin's home: what can be configured, what it is for, and how much of it there is.
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import type { AnyObjectPage } from "../objects/object-page.ts";

export function AdminHome(props: {
  readonly mayExplore: boolean;
  readonly areas: readonly {
    readonly title: string;
    readonly pages: readonly { readonly page: AnyObjectPage; readonly count: number }[];
  }[];
}) {
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Admin")}</h1>
      </div>
      {props.areas.map((area, i) => (
        <section aria-labelledby={`area-${i}`} class="directory">
          <h2 id={`area-${i}`}>{t(area.title)}</h2>
          <ul role="list">
            {area.pages.map(({ page, count }) => (
              <li>
                <a href={page.path}>
                  <Icon name={page.icon} />
                  <span class="what">
                    <b>{t(page.title)}</b>
                    <span class="quiet">{t(page.purpose)}</span>
                  </span>
                  <span class={count === 0 ? "num zero" : "num"}>{count}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {props.mayExplore ? (
        <p class="gap-below">
          <a href="/admin/api">{t("API explorer")}</a>
        </p>
      ) : null}
    </div>
  );
}
