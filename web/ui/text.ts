// Every text of the product passes through here: the English text is the key, another language is one file that maps it.
import { AsyncLocalStorage } from "node:async_hooks";
import { german } from "./languages/de.ts";

export type Catalogue = Readonly<Record<string, string>>;
export type Language = {
  /** BCP 47, for the document and for dates. */
  readonly tag: string;
  /** In itself. */
  readonly name: string;
  readonly catalogue: Catalogue;
};

const english: Language = { tag: "en-GB", name: "English", catalogue: {} };
export const languages: readonly Language[] = [english, { tag: "de-DE", name: "Deutsch", catalogue: german }];

const spoken = new AsyncLocalStorage<Language>();

/** Everything that `run` says, also later and elsewhere on its behalf, is in this language. */
export function inLanguage<T>(language: Language, run: () => T): T {
  return spoken.run(language, run);
}

export function language(): Language {
  return spoken.getStore() ?? english;
}

/** What somebody chose, else the first that their browser asks for and we have (RFC 9110 §12.5.4), else the organization's, else English. */
export function languageFor(chosen: string | undefined, acceptLanguage: string | undefined, home?: string): Language {
  const asked = (acceptLanguage ?? "")
    .split(",")
    .map((part) => {
      const [range = "", q = "q=1"] = part.split(";").map((piece) => piece.trim());
      return { range: range.toLowerCase(), quality: Number(q.replace(/^q=/, "")) || 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  const primary = (tag: string): string => tag.toLowerCase().split("-")[0]!;
  return (
    languages.find(({ tag }) => tag === chosen) ??
    asked.map(({ range }) => languages.find(({ tag }) => primary(tag) === primary(range))).find((found) => found !== undefined) ??
    languages.find(({ tag }) => tag === home) ??
    english
  );
}

/** The text in the language that is spoken, with `{name}` places filled in. */
export function t(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  const found = language().catalogue[text] ?? text;
  return found.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Picks the text by number: one, or many with `{n}`. */
export function count(n: number, one: string, many: string): string {
  return t(n === 1 ? one : many, { n });
}
