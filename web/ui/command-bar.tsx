// The command bar: one field over pages, people, queues, settings, actions and help. Its results are a fragment of the server's.
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";

/** One thing to go to, a control of the page to press, or a number to dial. */
export type Finding = {
  readonly icon: string;
  readonly text: string;
  /** What kind of thing it is, or where it lies. */
  readonly end: string;
} & ({ readonly href: string } | { readonly press: string } | { readonly dial: string });

/** In the top bar; opens by click and by Ctrl or ⌘ K. */
export function CommandButton() {
  return (
    <button class="command" type="button" id="command" aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K">
      <Icon name="search" />
      <span>{t("People, numbers, queues, actions")}</span>
      <kbd>Ctrl K</kbd>
    </button>
  );
}

export function CommandPalette() {
  return (
    <dialog class="palette" id="palette" aria-label={t("Command bar")}>
      <div class="palette-box floating">
        <div class="query">
          <Icon name="search" />
          <input
            id="palette-query"
            type="text"
            role="combobox"
            aria-label={t("People, numbers, queues, actions")}
            aria-expanded="true"
            aria-controls="palette-results"
            aria-autocomplete="list"
            autocomplete="off"
            spellcheck={false}
          />
          <kbd>Esc</kbd>
        </div>
        <ul role="listbox" id="palette-results" aria-label={t("Results")} />
      </div>
    </dialog>
  );
}

export function Findings(props: { readonly findings: readonly Finding[]; readonly query: string }) {
  if (props.findings.length === 0) {
    return (
      <li class="nothing" role="option" tabIndex={-1} aria-disabled="true" aria-selected="false">
        {t("Nothing is called “{query}”.", { query: props.query })}
      </li>
    );
  }
  return (
    <>
      {props.findings.map((finding, i) => (
        <li
          role="option"
          tabIndex={-1}
          id={`finding-${i}`}
          aria-selected={i === 0 ? "true" : "false"}
          data-href={"href" in finding ? finding.href : undefined}
          data-press={"press" in finding ? finding.press : undefined}
          data-dial={"dial" in finding ? finding.dial : undefined}
        >
          <Icon name={finding.icon} />
          <Marked text={finding.text} query={props.query} />
          <span class="end">{finding.end}</span>
        </li>
      ))}
    </>
  );
}

function Marked(props: { readonly text: string; readonly query: string }) {
  const at = props.query === "" ? -1 : props.text.toLowerCase().indexOf(props.query.toLowerCase());
  if (at < 0) return <span>{props.text}</span>;
  const end = at + props.query.length;
  return (
    <span>
      {props.text.slice(0, at)}
      <mark>{props.text.slice(at, end)}</mark>
      {props.text.slice(end)}
    </span>
  );
}
