// The HTML document around everything: one stylesheet, one script, nothing from elsewhere.
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { ToneSet } from "../../core/telephony/tones.ts";
import { clientTexts } from "../client/words.ts";
import { language } from "./text.ts";

const htmxConfig = JSON.stringify({ includeIndicatorCSS: false, history: true, defaultSwap: "outerHTML" });

export function Document(props: {
  readonly title: string;
  readonly bodyClass: string;
  readonly csrf?: string;
  readonly callKeys?: boolean;
  /** For pages with a phone of their own. */
  readonly tones?: ToneSet;
  readonly children?: Child;
}) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang={language().tag}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{props.title} · Landline</title>
          <meta name="htmx-config" content={htmxConfig} />
          {props.csrf === undefined ? null : <meta name="csrf" content={props.csrf} />}
          <link rel="icon" href="/assets/mark.svg" type="image/svg+xml" />
          <link rel="preload" href="/assets/fonts/plex-sans.woff2" as="font" type="font/woff2" crossorigin="anonymous" />
          <link rel="stylesheet" href="/assets/landline.css" />
          <script src="/assets/landline.js" defer />
        </head>
        <body
          class={props.bodyClass}
          data-words={words()}
          data-call-keys={props.callKeys === false ? "off" : undefined}
          data-tones={tonesText(props.tones)}
        >
          {props.children}
        </body>
      </html>
    </>
  );
}

function tonesText(tones: ToneSet | undefined): string | undefined {
  return tones === undefined ? undefined : JSON.stringify({ ringback: tones.ringback, busy: tones.busy });
}

/** What the script says, in the language that is spoken; nothing for English. */
function words(): string | undefined {
  const { catalogue } = language();
  const known = clientTexts.filter((text) => catalogue[text] !== undefined);
  return known.length === 0 ? undefined : JSON.stringify(Object.fromEntries(known.map((text) => [text, catalogue[text]])));
}
