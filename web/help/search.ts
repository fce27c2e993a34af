// Finds pages of the manual by the words in them; everything is here, nothing is asked of anybody else.
import { language } from "../ui/text.ts";
import type { ManualPage } from "./manual.tsx";
import { spokenManual } from "./spoken.ts";

export type HelpFinding = { readonly page: ManualPage; readonly excerpt: string };

const excerptChars = 160;
/** Of each page, by the language's tag. */
const textsIn = new Map<string, ReadonlyMap<string, string>>();

/** Pages that hold every word, those with it in the title first. An empty question finds nothing. */
export async function searchManual(question: string): Promise<readonly HelpFinding[]> {
  const words = question
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return [];
  const manual = spokenManual();
  const { tag } = language();
  const texts = textsIn.get(tag) ?? new Map(await Promise.all(manual.map(async (page) => [page.id, await textOf(page)] as const)));
  textsIn.set(tag, texts);
  const found = manual.flatMap((page) => {
    const text = texts.get(page.id)!;
    const lower = `${page.title} ${text}`.toLowerCase();
    if (!words.every((word) => lower.includes(word))) return [];
    const inTitle = words.some((word) => page.title.toLowerCase().includes(word)) ? 0 : 1;
    return [{ page, excerpt: excerptOf(text, words[0]!), inTitle }];
  });
  return found.sort((a, b) => a.inTitle - b.inTitle);
}

async function textOf(page: ManualPage): Promise<string> {
  const html = String(await page.body());
  return html
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function excerptOf(text: string, word: string): string {
  const at = Math.max(0, text.toLowerCase().indexOf(word));
  const from = at < excerptChars / 2 ? 0 : text.lastIndexOf(" ", at - excerptChars / 3) + 1;
  const cut = text.slice(from, from + excerptChars);
  return `${from > 0 ? "… " : ""}${cut}${from + excerptChars < text.length ? " …" : ""}`;
}
