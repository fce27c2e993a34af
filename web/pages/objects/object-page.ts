// What the admin pages of one kind of object say of it: its words, its fields, its columns. Routes and views are the same for all.
import type { Child } from "hono/jsx";
import type { App } from "../../../core/app.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import type { ConfiguredObject, ObjectKind } from "../../../core/objects/object.ts";
import type { WebContext } from "../../context.ts";
import type { WebPorts } from "../../ports.ts";

/** `about`: what choosing it means, where its name does not say. */
export type Option = { readonly value: string; readonly label: string; readonly about?: string };
export type Options = readonly Option[] | ((app: App) => Promise<readonly Option[]>);

export type Control =
  /** `mayBeEmpty`: nothing written is kept as null. */
  | { readonly kind: "text"; readonly type?: "text" | "email" | "tel"; readonly mono?: boolean; readonly mayBeEmpty?: true }
  /** What is kept is what is typed times `scale`: people count in seconds and percent. */
  | { readonly kind: "quantity"; readonly unit: string; readonly scale: number }
  /** `none` is the label of choosing nothing, kept as null. */
  | { readonly kind: "choice"; readonly options: Options; readonly none?: string }
  | { readonly kind: "picks"; readonly options: Options }
  /** As many choices as places, in an order that counts. */
  | { readonly kind: "ranked"; readonly options: Options; readonly places: number }
  /** One entry a line. */
  | { readonly kind: "lines"; readonly mono?: boolean }
  /** One number or range a line, like 100-199: kept as `{ start, end }`, texts. */
  | { readonly kind: "ranges" }
  /** From so many to so many, like 3-4, kept as `{ start, end }`, numbers; nothing written is null. */
  | { readonly kind: "span" }
  /** Carried along by the form, and no field of it. */
  | { readonly kind: "kept"; readonly options: Options }
  /** An address in its parts; nothing in any of them is null. */
  | { readonly kind: "civic" }
  /** Certificates as PEM text. */
  | { readonly kind: "pem" }
  /** JSON, written as text. */
  | { readonly kind: "document" };

export type FieldSpec<Settings> = {
  readonly name: keyof Settings & string;
  readonly label: string;
  readonly help?: string;
  readonly control: Control;
};

export type Column<Row> = {
  readonly label: string;
  readonly numeric?: boolean;
  cell(row: Row, names: ReadonlyMap<string, string>): string;
};

/** Where a new one may begin: `values` stand in its form, and what it has is compared with them afterwards. */
export type Template<Settings> = { readonly id: string; readonly name: string; readonly values: Partial<Settings> };

/** `field` keeps which one it was; the first is where a new one begins unless another is chosen. `about`: what the template cannot know. */
export type Templates<Settings> = {
  readonly field: keyof Settings & string;
  readonly all: readonly [Template<Settings>, ...Template<Settings>[]];
  about(id: string): string;
};

/** Shown once, right after it was made: it is kept nowhere. */
export type Told = { readonly label: string; readonly value: string };

export type ObjectPage<Row extends ConfiguredObject & Settings, Settings extends { readonly name: string }> = {
  readonly kind: ObjectKind<Row, Settings>;
  /** `/admin/skills` */
  readonly path: string;
  readonly help: string;
  readonly icon: string;
  readonly title: string;
  readonly newLabel: string;
  /** What it is for, for the admin's home and the empty list. */
  readonly purpose: string;
  readonly groups: readonly { readonly title: string; readonly about?: string; readonly fields: readonly FieldSpec<Settings>[] }[];
  readonly columns: readonly Column<Row>[];
  /** Fields with a fixed set of choices by which the list can be narrowed. */
  readonly filters?: readonly (keyof Settings & string)[];
  readonly initial?: Partial<Record<keyof Settings, unknown>>;
  readonly templates?: Templates<Settings>;
  /** Adds what the form's fields do not hold by themselves. */
  complete?(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Further tabs of one object, with their own routes. */
  readonly tabs?: readonly { readonly at: string; readonly label: string }[];
  /** What its history tells beside its settings, by type of event; `names` are those of people. */
  readonly alsoTells?: Readonly<Record<string, (event: LoggedEvent, names: ReadonlyMap<string, string>) => string>>;
  /** Which objects have no Delete. */
  keeps?(row: Row): boolean;
  /** Names of what the columns show by id. */
  names?(app: App): Promise<ReadonlyMap<string, string>>;
  /** Makes one in another way than the common one. */
  create?(c: WebContext, ports: WebPorts, settings: Settings): Promise<{ readonly row: Row; readonly told: readonly Told[] }>;
  /** Further actions in the head of one object's page. */
  actions?(c: WebContext, ports: WebPorts, row: Row): Child;
  /** What a new one is not yet: where to go on. `about` is a sentence, `label` the link after it. */
  readonly next?: { readonly about: string; readonly label: string; href(row: Row): string };
  /** What is known of one object beside its settings. */
  facts?(c: WebContext, ports: WebPorts, row: Row): Promise<Child>;
};

/** Pages of every kind, whatever their rows: what lists of kinds hold. */
export type AnyObjectPage = Pick<ObjectPage<never, never>, "path" | "icon" | "title" | "newLabel" | "purpose" | "help" | "alsoTells"> & {
  readonly kind: Pick<ObjectKind<never, never>, "noun" | "permissions" | "event">;
  count(app: App): Promise<number>;
};

/** The options with their labels as they are now. */
export async function optionsOf(app: App, options: Options): Promise<readonly Option[]> {
  return typeof options === "function" ? options(app) : options;
}

export function options(values: readonly string[], words: Readonly<Record<string, string>>): readonly Option[] {
  return values.map((value) => ({ value, label: words[value] ?? value }));
}
