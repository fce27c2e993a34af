// Every text of the product passes through here: the English text is the key, another language is one file that maps it.

export type Catalogue = Readonly<Record<string, string>>;

/** The text with `{name}` places filled in. */
export function t(text: string, values: Readonly<Record<string, string | number>> = {}, catalogue: Catalogue = {}): string {
  const found = catalogue[text] ?? text;
  return found.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Picks the text by number: one, or many with `{n}`. */
export function count(n: number, one: string, many: string): string {
  return t(n === 1 ? one : many, { n });
}
