// The pages of any configured object: list, settings, what uses it, and who changed what.

import type { Child } from "hono/jsx";
import type { Actor } from "../../../core/authorization/actor.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import type { ConfiguredObject, Use } from "../../../core/objects/object.ts";
import type { CivicAddress } from "../../../core/telephony/civic-address.ts";
import { CivicInputs } from "../../ui/civic.tsx";
import { adminCrumb, Crumbs } from "../../ui/crumbs.tsx";
import { Field, type FieldErrors, Group, Note, Picks, Saved, SearchField } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { count, said, t } from "../../ui/text.ts";
import { dateTime } from "../../ui/time.tsx";
import { inputText, saidOf } from "./form-values.ts";
import type { Control, FieldSpec, ObjectPage, Option, Templates, Told } from "./object-page.ts";

type Named = { readonly name: string };
/** The choices of each field, as they are now. */
export type Choices = ReadonlyMap<string, readonly Option[]>;

export function labelsOf(choices: Choices, field: string): ReadonlyMap<string, string> {
  return new Map((choices.get(field) ?? []).map(({ value, label }) => [value, label]));
}

export function ObjectList<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly actor: Actor;
  readonly page: ObjectPage<Row, Settings>;
  readonly rows: readonly Row[];
  readonly total: number;
  readonly names: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly pageNumber: number;
  readonly pageSize: number;
  readonly choices: Choices;
  readonly mayAdd: boolean;
}) {
  const { page, query, rows } = props;
  const pages = Math.max(1, Math.ceil(props.total / props.pageSize));
  const narrowed = [...query.keys()].some((key) => key !== "page" && query.get(key) !== "");
  const link = (pageNumber: number): string => {
    const next = new URLSearchParams(query);
    next.set("page", String(pageNumber));
    return `${page.path}?${next}`;
  };
  const fields = page.groups.flatMap((group) => group.fields);
  return (
    <div class="page wide">
      <Crumbs actor={props.actor} under={[adminCrumb]} />
      <div class="page-head">
        <h1>{t(page.title)}</h1>
        <span class="caption">{t("{n} of {total}", { n: rows.length, total: props.total })}</span>
        <div class="actions">
          {props.mayAdd ? (
            <a class="button" data-kind="primary" href={`${page.path}/new`}>
              <Icon name="plus" />
              {t(page.newLabel)}
            </a>
          ) : null}
        </div>
      </div>
      <form class="toolbar" method="get" action={page.path} role="search">
        <SearchField name="name" label={t("Search by name")} value={query.get("name") ?? ""} />
        {(page.filters ?? []).map((name) => {
          const field = fields.find((entry) => entry.name === name)!;
          return (
            <>
              <label class="visually-hidden" for={`filter-${name}`}>
                {t(field.label)}
              </label>
              <select class="input narrow" id={`filter-${name}`} name={name}>
                <option value="">{t("{field}: all", { field: t(field.label) })}</option>
                {(props.choices.get(name) ?? []).map(({ value, label }) => (
                  <option value={value} selected={query.get(name) === value}>
                    {t(label)}
                  </option>
                ))}
              </select>
            </>
          );
        })}
        <button class="button" type="submit">
          {t("Search")}
        </button>
        <span class="end">
          <a class="button" data-kind="ghost" href={`${page.path}.csv?${query}`} download="">
            <Icon name="download" />
            CSV
          </a>
        </span>
      </form>
      {rows.length === 0 ? (
        <div class="empty">
          <Icon name={page.icon} />
          <p class="quiet">{narrowed ? t("Nothing fits what you look for.") : t(page.purpose)}</p>
          {narrowed || !props.mayAdd ? null : (
            <a class="button" href={`${page.path}/new`}>
              {t(page.newLabel)}
            </a>
          )}
        </div>
      ) : (
        <div class="table-scroll" tabindex={0} role="region" aria-label={t(page.title)}>
          <table class="table" data-flush>
            <caption class="visually-hidden">{t(page.title)}</caption>
            <thead>
              <tr>
                <th scope="col">{t("Name")}</th>
                {page.columns.map((column) => (
                  <th scope="col" class={column.numeric ? "num" : undefined}>
                    {t(column.label)}
                  </th>
                ))}
                <th scope="col">{t("Changed")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  <th scope="row">
                    <a href={`${page.path}/${row.id}`}>{row.name}</a>
                  </th>
                  {page.columns.map((column) => (
                    <td class={column.numeric ? "num" : undefined}>{column.cell(row, props.names)}</td>
                  ))}
                  <td class="quiet">{dateTime(row.modifiedAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {pages === 1 ? null : (
        <nav class="pager" aria-label={t("Pages")}>
          <span>{t("Page {n} of {pages}", { n: props.pageNumber, pages })}</span>
          {props.pageNumber > 1 ? (
            <a class="button" data-size="small" href={link(props.pageNumber - 1)}>
              {t("Previous")}
            </a>
          ) : null}
          {props.pageNumber < pages ? (
            <a class="button" data-size="small" href={link(props.pageNumber + 1)}>
              {t("Next")}
            </a>
          ) : null}
        </nav>
      )}
    </div>
  );
}

/** The frame of one object's pages: where it is, what it is called, and its tabs. `at`: the tab that is shown. */
export function ObjectFrame<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly actor: Actor;
  readonly page: ObjectPage<Row, Settings>;
  readonly row: Row | null;
  readonly at: string;
  readonly actions?: Child;
  readonly children?: Child;
}) {
  const { page, row } = props;
  const tabs = [
    { at: "", label: "Settings" },
    ...(page.tabs ?? []),
    { at: "used-by", label: "Used by" },
    { at: "history", label: "History" },
  ];
  return (
    <div class="page">
      <Crumbs actor={props.actor} under={[adminCrumb, { href: page.path, label: page.title, permission: page.kind.permissions.view }]} />
      <div class="page-head">
        <h1>{row?.name ?? t(page.newLabel)}</h1>
        <div class="actions">{props.actions}</div>
      </div>
      {row === null ? null : (
        <nav class="tabs" aria-label={row.name}>
          {tabs
            .filter(({ at }) => at !== "used-by" || page.kind.usedBy !== undefined)
            .map(({ at, label }) => (
              <a href={`${page.path}/${row.id}${at === "" ? "" : `/${at}`}`} aria-current={props.at === at ? "page" : undefined}>
                {t(label)}
              </a>
            ))}
        </nav>
      )}
      {props.children}
    </div>
  );
}

/** After the first save only: whoever changes one later knows the way. */
function Next<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly page: ObjectPage<Row, Settings>;
  readonly row: Row | null;
}) {
  const { page, row } = props;
  if (page.next === undefined || row === null || row.version !== 1) return null;
  return (
    <p>
      {t(page.next.about)} <a href={page.next.href(row)}>{t(page.next.label)}</a>
    </p>
  );
}

export type Change = { readonly label: string; readonly before: string; readonly after: string };

export function ObjectForm<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly actor: Actor;
  readonly page: ObjectPage<Row, Settings>;
  readonly row: Row | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** What was typed where it cannot be read. */
  readonly typed?: Readonly<Record<string, string>>;
  readonly errors: FieldErrors;
  readonly choices: Choices;
  readonly csrf: string;
  readonly mayEdit: boolean;
  readonly mayDelete: boolean;
  readonly saved: boolean;
  /** Null: no preview was asked for. */
  readonly preview: readonly Change[] | null;
  readonly told: readonly Told[];
  readonly actions?: Child;
  readonly facts?: Child;
}) {
  const { page, row, errors } = props;
  const wrong = Object.keys(errors).length;
  const action = row === null ? `${page.path}/new` : `${page.path}/${row.id}`;
  const remove =
    props.mayDelete && row !== null ? (
      <form
        method="post"
        action={`${page.path}/${row.id}/delete`}
        data-confirm={t("Delete “{name}”? Its history stays in the log.", { name: row.name })}
      >
        <input type="hidden" name="csrf" value={props.csrf} />
        <button class="button" data-kind="danger" type="submit">
          {t("Delete")}
        </button>
      </form>
    ) : null;
  return (
    <ObjectFrame
      actor={props.actor}
      page={page}
      row={row}
      at=""
      actions={
        <>
          {props.actions}
          {remove}
        </>
      }
    >
      {props.told.length === 0 ? null : (
        <Note tone="wait" icon="key-round">
          <p>
            <b>{t("Write this down now: it is shown once and kept nowhere.")}</b>
          </p>
          <dl class="told">
            {props.told.map(({ label, value }) => (
              <>
                <dt>{t(label)}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </>
            ))}
          </dl>
          <Next page={page} row={row} />
        </Note>
      )}
      {props.saved ? (
        <Saved said={t("Saved. It applies to the next decision.")}>
          <Next page={page} row={row} />
        </Saved>
      ) : null}
      {errors.form === undefined ? null : (
        <Note tone="bad" icon="circle-alert">
          <p>{said(errors.form)}</p>
        </Note>
      )}
      {row === null && page.templates !== undefined ? <Begin page={page} templates={page.templates} values={props.values} /> : null}
      <form method="post" action={action}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <input type="hidden" name="version" value={String(row?.version ?? 0)} />
        {/* Enter in a field presses the first button of a form, and must save. */}
        <button type="submit" class="visually-hidden" tabindex={-1} disabled={!props.mayEdit}>
          {t("Save")}
        </button>
        <fieldset class="plain" disabled={!props.mayEdit}>
          {page.groups.map((group, i) => (
            <Group id={`group-${i}`} title={t(group.title)} about={group.about === undefined ? undefined : t(group.about)}>
              {group.fields.map((field) => (
                <Input
                  field={field}
                  origin={originOf(page, field, props.values, props.choices)}
                  isNamed={field.label === group.title}
                  value={props.values[field.name]}
                  typed={props.typed?.[field.name]}
                  error={errors[field.name]}
                  options={props.choices.get(field.name) ?? []}
                />
              ))}
            </Group>
          ))}
        </fieldset>
        {props.preview === null ? null : <Preview changes={props.preview} isNew={row === null} />}
        {props.mayEdit ? <ChangeBar wrong={wrong} discard={row === null ? page.path : action} /> : null}
      </form>
      {props.facts}
    </ObjectFrame>
  );
}

/** Under a form that can be looked at before it is saved: how many fields are wrong, and what can be done. */
export function ChangeBar(props: { readonly wrong: number; readonly discard: string }) {
  const { wrong } = props;
  return (
    <div class="savebar" role="status">
      <p>
        {wrong === 0 ? (
          <span class="quiet">{t("Changes apply when you save.")}</span>
        ) : (
          <b>{count(wrong, "{n} field needs mending.", "{n} fields need mending.")}</b>
        )}
      </p>
      <div class="actions">
        <a class="button" data-kind="ghost" href={props.discard}>
          {t("Discard")}
        </a>
        <button class="button" type="submit" name="preview" value="true">
          {t("Preview changes")}
        </button>
        <button class="button" data-kind="primary" type="submit">
          {t("Save")}
        </button>
      </div>
    </div>
  );
}

/** Templates to choose from, before anything is typed. */
function Begin<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly page: ObjectPage<Row, Settings>;
  readonly templates: Templates<Settings>;
  readonly values: Readonly<Record<string, unknown>>;
}) {
  const { page, templates } = props;
  const chosen = String(props.values[templates.field] ?? "");
  return (
    <section class="begin" aria-label={t("Begin from a template")}>
      <nav class="segmented" aria-label={t("Templates")}>
        {templates.all.map(({ id, name }) => (
          <a href={`${page.path}/new?template=${id}`} aria-current={id === chosen ? "true" : undefined}>
            {t(name)}
          </a>
        ))}
      </nav>
      <p class="quiet">{templates.about(chosen)}</p>
    </section>
  );
}

/** What a field's value has to do with the template; undefined: nothing. */
function originOf<Row extends ConfiguredObject & Settings, Settings extends Named>(
  { templates }: ObjectPage<Row, Settings>,
  { name, control }: FieldSpec<Settings>,
  values: Readonly<Record<string, unknown>>,
  choices: Choices,
): string | undefined {
  const template = templates?.all.find(({ id }) => id === values[templates.field]);
  const given = template?.values[name];
  if (template === undefined || given === undefined) return undefined;
  const [own, theirs] = [values[name], given].map((value) => saidOf(control, value, labelsOf(choices, name)));
  if (own === theirs) return t("From the template {name}.", { name: t(template.name) });
  return t("Changed: the template {name} has {value}.", { name: t(template.name), value: t(theirs!) });
}

function Input<Settings>(props: {
  readonly field: FieldSpec<Settings>;
  /** What it has to do with the template. */
  readonly origin: string | undefined;
  readonly isNamed: boolean;
  readonly value: unknown;
  readonly typed: string | undefined;
  readonly error: string | undefined;
  readonly options: readonly Option[];
}) {
  const { name, label, help, control } = props.field;
  const about = [help === undefined ? undefined : t(help), props.origin].filter((part) => part !== undefined).join(" ");
  const common = { name, label: t(label), error: props.error, ...(about === "" ? {} : { help: about }) };
  const text = props.typed ?? inputText(control, props.value);
  if (control.kind === "kept") return <input type="hidden" name={name} value={text} />;
  if (control.kind === "picks") {
    const options = props.options.map((option) => (option.about === undefined ? option : { ...option, about: t(option.about) }));
    return (
      <Picks {...common} isNamed={props.isNamed} options={options} chosen={Array.isArray(props.value) ? props.value.map(String) : []} />
    );
  }
  if (control.kind === "civic") return <CivicInputs {...common} value={props.value as Partial<CivicAddress> | null} />;
  const isArea = control.kind === "lines" || control.kind === "ranges" || control.kind === "pem" || control.kind === "document";
  return (
    <Field {...common} wide={isArea}>
      {(input) => {
        if (control.kind === "ranked")
          return (
            <Ranked
              input={input}
              places={control.places}
              chosen={Array.isArray(props.value) ? props.value.map(String) : []}
              options={props.options}
            />
          );
        if (control.kind === "choice") return <Select input={input} control={control} text={text} options={props.options} />;
        if (isArea) {
          const rows = control.kind === "document" ? 24 : Math.min(8, Math.max(3, text.split("\n").length));
          return (
            <textarea class="input code" {...input} rows={rows} spellcheck={false} autocomplete="off">
              {text}
            </textarea>
          );
        }
        if (control.kind === "quantity") {
          return (
            <div class="with-unit">
              <input class="input" {...input} value={text} inputmode="decimal" />
              <span class="quiet">{t(control.unit)}</span>
            </div>
          );
        }
        const kind = control as Extract<Control, { kind: "text" }>;
        return <input class="input" {...input} type={kind.type ?? "text"} value={text} autocomplete="off" />;
      }}
    </Field>
  );
}

function Select(props: {
  readonly input: object;
  readonly control: Extract<Control, { kind: "choice" }>;
  readonly text: string;
  readonly options: readonly Option[];
}) {
  return (
    <select class="input" {...props.input}>
      {props.control.none === undefined ? null : (
        <option value="" selected={props.text === ""}>
          {t(props.control.none)}
        </option>
      )}
      {props.options.map(({ value, label }) => (
        <option value={value} selected={value === props.text}>
          {t(label)}
        </option>
      ))}
    </select>
  );
}

/** The first place has the field's label; the others say which they are. */
function Ranked(props: {
  readonly input: object;
  readonly places: number;
  readonly chosen: readonly string[];
  readonly options: readonly Option[];
}) {
  const { id: _id, ...others } = props.input as { readonly id?: string };
  const places = Array.from({ length: Math.max(props.places, props.chosen.length) }, (_, n) => n);
  return (
    <ol class="ranked">
      {places.map((n) => (
        <li>
          <select class="input" {...(n === 0 ? props.input : { ...others, "aria-label": t("Place {n}", { n: n + 1 }) })}>
            <option value="" selected={props.chosen[n] === undefined}>
              –
            </option>
            {props.options.map(({ value, label }) => (
              <option value={value} selected={value === props.chosen[n]}>
                {label}
              </option>
            ))}
          </select>
        </li>
      ))}
    </ol>
  );
}

function Preview(props: { readonly changes: readonly Change[]; readonly isNew: boolean }) {
  return (
    <section class="preview" aria-labelledby="preview-title" id="preview" tabindex={-1}>
      <h2 id="preview-title">{props.isNew ? t("What would be made") : t("What would change")}</h2>
      {props.changes.length === 0 ? <p class="quiet">{t("Nothing: every field is as it was.")}</p> : <Changes changes={props.changes} />}
    </section>
  );
}

export function Changes(props: { readonly changes: readonly Change[] }) {
  return (
    <ul class="diff" role="list">
      {props.changes.map(({ label, before, after }) => (
        <>
          <li class="context">{`${t(label)}:`}</li>
          {lines(before, after).map(({ kind, text }) => (
            <li class={kind}>{`  ${text}`}</li>
          ))}
        </>
      ))}
    </ul>
  );
}

// Long texts are compared by line: only what differs, and one line around it.
function lines(before: string, after: string): { readonly kind: "removed" | "added" | "context"; readonly text: string }[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const context = (text: string | undefined) => (text === undefined ? [] : [{ kind: "context" as const, text }]);
  return [
    ...(a.length > 1 ? context(a[head - 1]) : []),
    ...a.slice(head, a.length - tail).map((text) => ({ kind: "removed" as const, text })),
    ...b.slice(head, b.length - tail).map((text) => ({ kind: "added" as const, text })),
    ...(a.length > 1 && tail > 0 ? context(a[a.length - tail]) : []),
  ];
}

export function UsedBy(props: { readonly noun: string; readonly uses: readonly Use[]; href(use: Use): string | null }) {
  if (props.uses.length === 0) {
    return (
      <div class="empty">
        <Icon name="circle-dashed" />
        <p class="quiet">{t("Nothing uses this {noun}: it can be deleted without harm.", { noun: t(props.noun) })}</p>
      </div>
    );
  }
  return (
    <>
      <p class="quiet gap-below">
        {count(
          props.uses.length,
          "{n} thing would stop working if this were deleted. Mend it first.",
          "{n} things would stop working if this were deleted. Mend them first.",
        )}
      </p>
      <table class="table">
        <caption class="visually-hidden">{t("Used by")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("What")}</th>
            <th scope="col">{t("Name")}</th>
            <th scope="col">{t("How")}</th>
          </tr>
        </thead>
        <tbody>
          {props.uses.map((use) => {
            const href = props.href(use);
            return (
              <tr>
                <td>{t(use.kind)}</td>
                <th scope="row">{href === null ? use.name : <a href={href}>{use.name}</a>}</th>
                <td class="quiet">{use.how}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/** Newest first; each version but the present one can be put back. */
export function ObjectHistory<Row extends ConfiguredObject & Settings, Settings extends Named>(props: {
  readonly page: ObjectPage<Row, Settings>;
  readonly row: Row;
  readonly events: readonly LoggedEvent[];
  readonly people: ReadonlyMap<string, string>;
  readonly choices: Choices;
  readonly csrf: string;
  readonly mayEdit: boolean;
}) {
  const { page, row } = props;
  const newestFirst = [...props.events].reverse();
  return (
    <ol class="changes" role="list">
      {newestFirst.map((event) => {
        const changes = changesOf(page, event.payload?.before, event.payload?.after, props.choices);
        const isPresent = event === newestFirst.find(isVersion);
        return (
          <li>
            <time>{dateTime(event.at)}</time>
            <div>
              <header>
                <b>{props.people.get(event.actorId) ?? t("The system")}</b>
                <span class="quiet">{`${deedOf(page, event, props.people)}, ${t("event {seq}", { seq: event.seq })}`}</span>
                {isPresent || !props.mayEdit || !isVersion(event) ? null : (
                  <form class="end" method="post" action={`${page.path}/${row.id}/restore`}>
                    <input type="hidden" name="csrf" value={props.csrf} />
                    <input type="hidden" name="version" value={String(row.version)} />
                    <input type="hidden" name="seq" value={String(event.seq)} />
                    <button class="button" data-size="small" type="submit">
                      {t("Restore this version")}
                    </button>
                  </form>
                )}
              </header>
              {event.type.endsWith(".created") || changes.length === 0 ? null : <Changes changes={changes} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** After which the object was set in a way that can be restored. */
function isVersion(event: LoggedEvent): boolean {
  return /\.(created|updated|published)$/.test(event.type) && event.payload?.after != null;
}

function deedOf<Row extends ConfiguredObject & Settings, Settings extends Named>(
  page: ObjectPage<Row, Settings>,
  event: LoggedEvent,
  people: ReadonlyMap<string, string>,
): string {
  if (event.payload === null) return t("the content of this entry was erased");
  const also = page.alsoTells?.[event.type];
  if (also !== undefined) return also(event, people);
  if (event.type.endsWith(".created")) return t("made it");
  return event.type.endsWith(".deleted") ? t("deleted it") : t("changed it");
}

/** What differs between two sets of settings, in the form's words. */
export function changesOf<Row extends ConfiguredObject & Settings, Settings extends Named>(
  page: ObjectPage<Row, Settings>,
  before: unknown,
  after: unknown,
  choices: Choices,
): Change[] {
  const [was, is] = [(before ?? {}) as Record<string, unknown>, (after ?? {}) as Record<string, unknown>];
  return page.groups
    .flatMap((group) => group.fields)
    .filter(({ name }) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map(({ name, label, control }) => {
      const labels = labelsOf(choices, name);
      return { label, before: saidOf(control, was[name], labels), after: saidOf(control, is[name], labels) };
    });
}
