// Where a page is: what it lies under, each a link for whom it leads somewhere, else the word alone.
import { type Actor, can } from "../../core/authorization/actor.ts";
import type { Permission } from "../../core/authorization/permissions.ts";
import { t } from "./text.ts";

export type Crumb = { readonly href: string; readonly label: string; readonly permission: Permission };

/** The admin's home, under which everything configured lies. */
export const adminCrumb: Crumb = { href: "/admin", label: "Admin", permission: "directory:user:edit" };

export function Crumbs(props: { readonly actor: Actor; readonly under: readonly Crumb[] }) {
  return (
    <nav class="crumbs" aria-label={t("Breadcrumb")}>
      <ol>
        {props.under.map(({ href, label, permission }) => (
          <li>{can(props.actor, permission) ? <a href={href}>{t(label)}</a> : t(label)}</li>
        ))}
      </ol>
    </nav>
  );
}
