// A second language is only a file: it has every text of the web, with the same places in it, and nothing that nobody says.
import { describe, expect, test } from "bun:test";
import { germanTerms } from "../web/help/german.tsx";
import { terms } from "../web/help/glossary.tsx";
import { manual } from "../web/help/manual.tsx";
import { spokenManual, translatedManuals } from "../web/help/spoken.ts";
import { inLanguage, languageFor, languages, said, t } from "../web/ui/text.ts";
import { sentencesOfCore, textsOfTheWeb } from "./support/texts.ts";

const texts = textsOfTheWeb();
const sentences = sentencesOfCore();
const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

for (const { name, catalogue, sentences: own } of languages.filter((one) => Object.keys(one.catalogue).length > 0)) {
  describe(name, () => {
    test("has every text", () => expect(texts.filter((text) => catalogue[text] === undefined)).toEqual([]));
    test("keeps the places", () =>
      expect(Object.entries(catalogue).filter(([key, text]) => places(key).join() !== places(text).join())).toEqual([]));
    test("has every sentence of core", () =>
      expect(sentences.filter((key) => own[key] === undefined && catalogue[key] === undefined)).toEqual([]));
    test("keeps the sentences' values", () =>
      expect(Object.entries(own).filter(([key, text]) => places(key).join() !== places(text).join())).toEqual([]));
    test("has no sentence that nobody says", () => expect(Object.keys(own).filter((key) => !sentences.includes(key))).toEqual([]));
    test("has none that nobody says", () => expect(Object.keys(catalogue).filter((text) => !texts.includes(text))).toEqual([]));
  });
}

describe("the manual in another language", () => {
  const html = async (page: { body?(): unknown } | undefined): Promise<string> => String(await page?.body?.());
  /** What must not get lost on the way: anchors, links, keys, commands. */
  const kept = (text: string): string[] =>
    [...text.matchAll(/ (?:id|href)="[^"]*"|<(?:kbd|code)>.*?<\/(?:kbd|code)>/gs)].map(([part]) => part.replaceAll(/\s+/g, " ")).sort();

  for (const [tag, translated] of Object.entries(translatedManuals)) {
    test(`${tag} has every page's title, and none of a page that is not there`, () =>
      expect(Object.keys(translated).sort()).toEqual(manual.map(({ id }) => id).sort()));
    test(`${tag} has the text of what an agent reads first`, () => {
      const first = ["help", "sign-in", "desk", "calls", "conversation", "me", "command-bar", "glossary"];
      expect(first.filter((id) => translated[id]?.body === undefined)).toEqual([]);
    });
    test(`${tag} keeps anchors, links, keys and commands`, async () => {
      for (const page of manual.filter(({ id }) => translated[id]?.body !== undefined)) {
        const own = await html(translated[page.id]);
        expect([page.id, ...kept(own)]).toEqual([page.id, ...kept(await html(page))]);
        expect([page.id, own.split("<p>").length]).toEqual([page.id, (await html(page)).split("<p>").length]);
      }
    });
  }

  test("every term of the glossary is in German, and no other", () =>
    expect(Object.keys(germanTerms).sort()).toEqual(terms.map(([term]) => term).sort()));
  test("a page without a text of its own says so", () => {
    const german = languages.find(({ tag }) => tag === "de-DE")!;
    const english = inLanguage(german, () =>
      spokenManual()
        .filter((page) => page.isEnglishOnly)
        .map(({ id }) => id),
    );
    expect(english).toContain("setup");
    expect(english).not.toContain("desk");
    expect(spokenManual().filter((page) => page.isEnglishOnly)).toEqual([]);
  });
});

test("there are more texts than one would translate by accident", () => expect(texts.length).toBeGreaterThan(350));

test("a sentence of core is said with its values, which are said too when they are words of ours", () => {
  const german = languages.find(({ tag }) => tag === "de-DE")!;
  const say = (sentence: string): string => inLanguage(german, () => said(sentence));
  expect(say("There is no such queue.")).toBe("Diese Warteschlange gibt es nicht.");
  expect(say("201 is the number of “Priya. (Nair)” already.")).toBe("201 ist schon die Nummer von „Priya. (Nair)“.");
  expect(say("There is no queue with this id.")).toBe("Das gibt es nicht: Warteschlange mit dieser Kennung.");
  expect(say("Nobody has ever said this.")).toBe("Nobody has ever said this.");
  expect(said("There is no such queue.")).toBe("There is no such queue.");
});

test("the chosen language wins, then the browser's first that we have, then the organization's, then English", () => {
  expect(languageFor("de-DE", "en").tag).toBe("de-DE");
  expect(languageFor(undefined, "fr-FR, de;q=0.7, en;q=0.3").tag).toBe("de-DE");
  expect(languageFor(undefined, "de;q=0, en").tag).toBe("en-GB");
  expect(languageFor("xx", "*").tag).toBe("en-GB");
  expect(languageFor(undefined, "pl", "de-DE").tag).toBe("de-DE");
  expect(languageFor(undefined, "en", "de-DE").tag).toBe("en-GB");
  expect(languageFor(undefined, undefined, "fr-FR").tag).toBe("en-GB");
});

test("each conversation of the server keeps its language, also after waiting", async () => {
  const [english, german] = languages;
  const say = async (): Promise<string> => {
    await Bun.sleep(1);
    return t("Save");
  };
  const said = await Promise.all([inLanguage(english!, say), inLanguage(german!, say), inLanguage(english!, say)]);
  expect(said).toEqual(["Save", "Speichern", "Save"]);
});
