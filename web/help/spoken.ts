// The manual in the language that is spoken. A page that has no text in it is the English one, under its title in that language.
import { language } from "../ui/text.ts";
import { germanManual } from "./german.tsx";
import { type ManualPage, manual } from "./manual.tsx";

/** Pages by id, in one language; without a body it is the English one's. */
export type TranslatedManual = Readonly<Record<string, Pick<ManualPage, "title"> & Partial<Pick<ManualPage, "body">>>>;

/** By the language's tag; English is the manual itself. */
export const translatedManuals: Readonly<Record<string, TranslatedManual>> = { "de-DE": germanManual };

export type SpokenPage = ManualPage & {
  /** Its text is not in the language that is spoken. */
  readonly isEnglishOnly: boolean;
};

/** In the order of the manual. */
export function spokenManual(): readonly SpokenPage[] {
  const translated = translatedManuals[language().tag];
  if (translated === undefined) return manual.map((page) => ({ ...page, isEnglishOnly: false }));
  return manual.map((page) => ({ ...page, ...translated[page.id], isEnglishOnly: translated[page.id]?.body === undefined }));
}
