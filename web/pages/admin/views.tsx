// The admin's home: what can be configured, what it is for, and how much of it there is.
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";

/** `count` null: there is one of it. */
export type AdminEntry = {
  readonly path: string;
  readonly icon: string;
  readonly title: string;
  readonly purpose: string;
  readonly count: number | null;
};

export function AdminHome(props: {
  readonly mayExplore: boolean;
  readonly areas: readonly {
    readonly title: string;
    readonly entries: readonly AdminEntry[];
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
            {area.entries.map(({ path, icon, title, purpose, count }) => (
              <li>
                <a href={path}>
                  <Icon name={icon} />
                  <span class="what">
                    <span>
                      <b>{t(title)}</b>
                      {count === null ? null : <span class="num">{count}</span>}
                    </span>
                    <span class="quiet">{t(purpose)}</span>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {props.mayExplore ? (
        <section aria-labelledby="area-api" class="directory">
          <h2 id="area-api">{t("Platform API")}</h2>
          <ul role="list">
            <li>
              <a href="/admin/api">
                <Icon name="workflow" />
                <span class="what">
                  <b>{t("API explorer")}</b>
                  <span class="quiet">{t("What programs may ask of this centre, operation by operation.")}</span>
                </span>
              </a>
            </li>
          </ul>
        </section>
      ) : null}
    </div>
  );
}
