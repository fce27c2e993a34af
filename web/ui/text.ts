// Every text of the product passes through here: the English text is the key, another language is one file that maps it.
import { AsyncLocalStorage } from "node:async_hooks";
import { german } from "./languages/de.ts";
import { germanSentences } from "./languages/de-sentences.ts";

export type Catalogue = Readonly<Record<string, string>>;
export type Language = {
  /** BCP 47, for the document and for dates. */
  readonly tag: string;
  /** In itself. */
  readonly name: string;
  readonly catalogue: Catalogue;
  /** What core refuses with: whole sentences, with their values as {1}, {2} … */
  readonly sentences: Catalogue;
};

const english: Language = { tag: "en-GB", name: "English", catalogue: {}, sentences: {} };
export const languages: readonly Language[] = [english, { tag: "de-DE", name: "Deutsch", catalogue: german, sentences: germanSentences }];

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

type Pattern = { readonly pattern: RegExp; readonly text: string };
const patterns = new Map<Language, readonly Pattern[]>();

/** A sentence of core, which speaks English, in the language that is spoken; its values stay, or are said too when they are words of ours. */
export function said(sentence: string): string {
  const spokenNow = language();
  const { sentences, catalogue } = spokenNow;
  const whole = sentences[sentence] ?? catalogue[sentence];
  if (whole !== undefined) return whole;
  for (const { pattern, text } of patternsOf(spokenNow)) {
    const values = pattern.exec(sentence)?.groups;
    if (values !== undefined) return text.replaceAll(/\{(\d)\}/g, (_place, n: string) => said(values[`v${n}`] ?? ""));
  }
  return sentence;
}

/** Those with the most words of their own come first: “{1} with this id” fits more than it means. */
function patternsOf(of: Language): readonly Pattern[] {
  const known = patterns.get(of);
  if (known !== undefined) return known;
  const words = (key: string): number => key.replaceAll(/\{\d\}/g, "").length;
  const made = Object.entries(of.sentences)
    .filter(([key]) => key.includes("{1}"))
    .sort(([a], [b]) => words(b) - words(a))
    .map(([key, text]) => {
      const source = key.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\\\{(\d)\\\}/g, "(?<v$1>[\\s\\S]*?)");
      return { pattern: new RegExp(`^${source}$`), text };
    });
  patterns.set(of, made);
  return made;
}
