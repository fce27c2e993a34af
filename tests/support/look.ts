// Looks at a page as it is: in both sizes and both schemes, with axe, and whether it scrolls sideways.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Browser, Chromium } from "./browser.ts";

export const sizes = [
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
] as const;
export const schemes = ["light", "dark"] as const;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Finding = { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] };

/** What another size or other colours can break; the rest of a page's rules are about what it is made of. */
const rulesOfLooks = ["color-contrast", "target-size", "scrollable-region-focusable"];

/** What is serious or critical to axe, and whether the page scrolls sideways; empty when all is well. `onlyLooks`: all else was looked at before. */
export async function flawsOf(page: Page, onlyLooks = false): Promise<readonly string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const findings = await page.evaluate(
    async (rules) => {
      type Axe = { run(options: object): Promise<{ violations: Finding[] }> };
      const options = rules === null ? {} : { runOnly: { type: "rule", values: rules } };
      const { violations } = await (window as unknown as { axe: Axe }).axe.run(options);
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id} at ${nodes[0]?.html.slice(0, 120)}`);
    },
    onlyLooks ? rulesOfLooks : null,
  );
  // Behind the frame it is `main` that scrolls: a name that leaves the page would not be seen on the document.
  const isWide = await page.evaluate(() =>
    [document.documentElement, document.querySelector(".app > .main")].some((one) => one !== null && one.scrollWidth > one.clientWidth),
  );
  return isWide ? [...findings, "it scrolls sideways"] : findings;
}

type Corner = readonly [size: (typeof sizes)[number], scheme: (typeof schemes)[number]];
const everyCorner: readonly Corner[] = sizes.flatMap((size) => schemes.map((scheme) => [size, scheme] as const));
/** Each size and each scheme once: colours do not change with the size, nor what fits with the colours. */
export const eachOnce: readonly Corner[] = [
  [sizes[0], "light"],
  [sizes[1], "dark"],
];

/** The same in several sizes and schemes, for pages that are a state of something and cannot be opened again. Throws at the first flaw. */
export async function lookAround(
  page: Page,
  name: string,
  picture: (name: string) => Promise<void>,
  corners: readonly Corner[] = everyCorner,
): Promise<void> {
  for (const [n, [size, colorScheme]] of corners.entries()) {
    await page.setViewportSize(size);
    // Without motion: a colour that is still on its way is neither.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await picture(`${name}-${size.width}-${colorScheme}`);
    const flaws = await flawsOf(page, n > 0);
    if (flaws.length > 0) throw new Error(`${name} at ${size.width}, ${colorScheme}: ${flaws.join("; ")}`);
  }
}

/** A picture for whoever wants to look: only when a folder is named. */
export async function pictureOf(browser: Browser, name: string): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await browser.picture(join(folder, `${name}.png`));
}

/** A browser's page as it is, in both sizes and schemes; then as it was. */
export async function lookAt(browser: Chromium, name: string): Promise<void> {
  const page = browser.page();
  await lookAround(page, name, (shot) => pictureOf(browser, shot));
  await page.setViewportSize(sizes[1]);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
