// The frame of every page behind sign-in: top bar, rail, main, dock. Links swap only `main`; softphone and live stream outlive them.
import type { Child } from "hono/jsx";
import type { Actor } from "../../core/authorization/actor.ts";
import type { Permission } from "../../core/authorization/permissions.ts";
import type { AgentView } from "../../core/routing/queries.ts";
import type { Capture } from "../../core/telephony/capture.ts";
import type { ToneSet } from "../../core/telephony/tones.ts";
import { Capturing } from "./capturing.tsx";
import { CommandButton, CommandPalette } from "./command-bar.tsx";
import { Dock } from "./dock.tsx";
import { Document } from "./document.tsx";
import { HelpCalls } from "./help-calls.tsx";
import { Icon } from "./icon.tsx";
import { Standing } from "./standing.tsx";
import { t } from "./text.ts";

type Area = { readonly href: string; readonly icon: string; readonly label: string; readonly permission: Permission };

/** The rail shows only what the person may use. */
export const areas: readonly Area[] = [
  { href: "/", icon: "inbox", label: "Work", permission: "conversation:call:accept" },
  { href: "/trial", icon: "flask-conical", label: "First call", permission: "telephony:guestCall:add" },
  { href: "/conversations", icon: "phone-incoming", label: "Conversations", permission: "analytics:conversationDetail:view" },
  { href: "/performance/queues", icon: "activity", label: "Performance", permission: "analytics:queueObservation:view" },
  { href: "/audit", icon: "shield-check", label: "Audit", permission: "audits:audit:view" },
  { href: "/admin", icon: "settings", label: "Admin", permission: "directory:user:edit" },
];

export type ShellProps = {
  readonly title: string;
  readonly path: string;
  readonly help: string;
  readonly organization: string;
  readonly actor: Actor;
  readonly view: AgentView | null;
  readonly csrf: string;
  /** Of packets; null: none goes on. */
  readonly capture: Capture | null;
  readonly now: number;
  readonly problem: string | null;
  readonly callKeys: boolean;
  readonly tones: ToneSet;
  /** Whether there is an example that can be tried. */
  readonly hasTrial: boolean;
  /** Whether made-up people and robots are about: every page says so. */
  readonly hasDemo: boolean;
  readonly children?: Child;
};

export function Shell(props: ShellProps) {
  const mine = areas.filter((area) => props.actor.permissions.has(area.permission) && (area.href !== "/trial" || props.hasTrial));
  return (
    <Document title={props.title} bodyClass="app" csrf={props.csrf} callKeys={props.callKeys} tones={props.tones}>
      <a class="skip" href="#main">
        {t("Skip to content")}
      </a>
      <header class="topbar">
        <a class="organization" href={mine[0]?.href ?? "/"}>
          <Icon name="mark" />
          <span>{props.organization}</span>
        </a>
        {props.hasDemo ? (
          <a class="badge" data-tone="info" href="/help/demo" title={t("The demo centre is loaded: made-up people, robots on the phone")}>
            {t("Demo")}
          </a>
        ) : null}
        <Capturing capture={props.capture} actor={props.actor} />
        <CommandButton />
        <Standing view={props.view} actor={props.actor} csrf={props.csrf} />
        <Tools actor={props.actor} help={props.help} csrf={props.csrf} />
      </header>
      <Rail areas={mine} path={props.path} />
      <Main title={props.title}>{props.children}</Main>
      <Dock view={props.view} csrf={props.csrf} />
      <HelpCalls calls={props.view?.helpCalls ?? []} csrf={props.csrf} />
      <CommandPalette />
      <div
        id="softphone"
        hidden
        data-user={props.actor.userId ?? ""}
        data-station={props.view === null ? "" : "browser"}
        data-now={String(props.now)}
      />
      <div id="live-state" role="status" class="visually-hidden" data-problem={props.problem ?? ""} />
    </Document>
  );
}

/** What links swap: `main` with the page's title in it. */
export function Main(props: { readonly title: string; readonly children?: Child }) {
  return (
    <main class="main" id="main" tabindex={-1} data-title={`${props.title} · Landline`}>
      {props.children}
    </main>
  );
}

function Tools(props: { readonly actor: Actor; readonly help: string; readonly csrf: string }) {
  return (
    <div class="topbar-tools">
      <button class="button optional" data-kind="ghost" data-icon type="button" data-theme-toggle aria-label={t("Switch light or dark")}>
        <Icon name="contrast" />
      </button>
      <a
        class="button optional"
        data-kind="ghost"
        data-icon
        href={`/help/${props.help}`}
        id="help-link"
        aria-label={t("Help for this page")}
      >
        <Icon name="circle-help" />
      </a>
      <a class="avatar me optional" href="/me" title={props.actor.name}>
        <span aria-hidden="true">{initials(props.actor.name)}</span>
        <span class="visually-hidden">{t("You, {name}", { name: props.actor.name })}</span>
      </a>
      <form method="post" action="/sign-out" data-plain>
        <input type="hidden" name="csrf" value={props.csrf} />
        <button
          class="button"
          data-kind="ghost"
          data-icon
          type="submit"
          aria-label={t("Sign out {name}", { name: props.actor.name })}
          title={t("Sign out {name}", { name: props.actor.name })}
        >
          <Icon name="log-out" />
        </button>
      </form>
    </div>
  );
}

/** `PN` of Priya Nair: the first letters of the first and the last word. */
function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase();
}

function Rail(props: { readonly areas: readonly Area[]; readonly path: string }) {
  return (
    <nav class="rail" aria-label={t("Areas")}>
      <ul>
        {props.areas.map((area) => (
          <li>
            <a href={area.href} aria-current={isIn(area.href, props.path) ? "page" : undefined} title={t(area.label)}>
              <Icon name={area.icon} />
              <span class="label">{t(area.label)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function isIn(href: string, path: string): boolean {
  return href === "/" ? path === "/" : path.startsWith(href);
}
