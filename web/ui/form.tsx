// The parts of a form: groups, labelled fields, and the error beside the field that says how to mend it.
import type { Child } from "hono/jsx";
import { Icon } from "./icon.tsx";
import { said } from "./text.ts";

export type FieldErrors = Readonly<Record<string, string>>;

export function Group(props: { readonly id: string; readonly title: string; readonly about?: string; readonly children?: Child }) {
  return (
    <section class="form-section" aria-labelledby={props.id}>
      <header>
        <h2 id={props.id}>{props.title}</h2>
        {props.about === undefined ? null : <p>{props.about}</p>}
      </header>
      <div class="form">
        <div class="row">{props.children}</div>
      </div>
    </section>
  );
}

export type InputAttributes = {
  readonly id: string;
  readonly name: string;
  readonly "aria-invalid"?: "true";
  readonly "aria-describedby"?: string;
};

export function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly error: string | undefined;
  readonly help?: string;
  readonly wide?: boolean;
  readonly children: (input: InputAttributes) => Child;
}) {
  const { name, error, help } = props;
  const described = describedBy(props);
  const input: InputAttributes = {
    id: name,
    name,
    ...(error === undefined ? {} : { "aria-invalid": "true" }),
    ...(described === undefined ? {} : { "aria-describedby": described }),
  };
  return (
    <div class="field" data-wide={props.wide === true ? "" : undefined}>
      <label for={name}>{props.label}</label>
      {props.children(input)}
      <Beside {...{ name, help, error }} />
    </div>
  );
}

type Words = { readonly name: string; readonly help?: string | undefined; readonly error: string | undefined };

/** The element of `Beside` that a control is described by: the error, as long as there is one. */
export function describedBy({ name, help, error }: Words): string | undefined {
  if (error !== undefined) return `${name}-error`;
  return help === undefined ? undefined : `${name}-help`;
}

/** What stands beside a control: how it is filled in, and what is wrong with it. */
export function Beside({ name, help, error }: Words) {
  return (
    <>
      {help === undefined ? null : (
        <span class="help" id={`${name}-help`}>
          {help}
        </span>
      )}
      {error === undefined ? null : (
        <span class="error" id={`${name}-error`}>
          <Icon name="circle-alert" />
          <span>{said(error)}</span>
        </span>
      )}
    </>
  );
}

/** Several of a set: check boxes under one label. */
export function Picks(props: {
  readonly name: string;
  readonly label: string;
  readonly error: string | undefined;
  readonly help?: string;
  /** The group is called the same: the legend is for those who do not see that. */
  readonly isNamed?: boolean;
  readonly options: readonly { readonly value: string; readonly label: string; readonly about?: string }[];
  readonly chosen: readonly string[];
}) {
  return (
    <fieldset class="field picks" data-wide="">
      <legend class={props.isNamed === true ? "visually-hidden" : undefined}>{props.label}</legend>
      {props.help === undefined ? null : <span class="help">{props.help}</span>}
      {props.options.map(({ value, label, about }) => (
        <label class="choice">
          <input type="checkbox" name={props.name} value={value} checked={props.chosen.includes(value)} />
          <span>
            {label}
            {about === undefined ? null : <span class="quiet">, {about}</span>}
          </span>
        </label>
      ))}
      {props.error === undefined ? null : (
        <span class="error">
          <Icon name="circle-alert" />
          <span>{said(props.error)}</span>
        </span>
      )}
    </fieldset>
  );
}

/** Where a list is searched; `label` stands in it until something is typed. */
export function SearchField(props: { readonly name: string; readonly label: string; readonly value: string }) {
  const { name, label, value } = props;
  return (
    <div class="search">
      <Icon name="search" />
      <label class="visually-hidden" for={name}>
        {label}
      </label>
      <input class="input" id={name} name={name} type="search" value={value} placeholder={label} />
    </div>
  );
}

/** The one button of a group that is saved by itself. */
export function GroupButton(props: { readonly said: string }) {
  return (
    <div class="field" data-wide="">
      <div>
        <button class="button" data-kind="primary" type="submit">
          {props.said}
        </button>
      </div>
    </div>
  );
}

export function Note(props: { readonly tone: "info" | "bad" | "wait"; readonly icon: string; readonly children?: Child }) {
  return (
    <div class="note" data-tone={props.tone} role={props.tone === "bad" ? "alert" : "status"}>
      <Icon name={props.icon} />
      <div>{props.children}</div>
    </div>
  );
}

/** What lies under a form: what saving does, and the button that does it. `said` is the button's word. */
export function SaveBar(props: { readonly about: string; readonly said: string }) {
  return (
    <div class="savebar">
      <p class="quiet">{props.about}</p>
      <div class="actions">
        <button class="button" data-kind="primary" type="submit">
          {props.said}
        </button>
      </div>
    </div>
  );
}

/** After a save, for whoever looks and whoever listens. */
export function Saved(props: { readonly said: string; readonly children?: Child }) {
  return (
    <Note tone="info" icon="circle-check">
      <p>{props.said}</p>
      {props.children}
    </Note>
  );
}
