// What the page's script itself says. English is the key; the document brings the words of its language.

/** Everything in `say()` below and beside it, for the server to translate. */
export const clientTexts = [
  "Softphone is starting",
  "Softphone ready",
  "Softphone is not connected",
  "Softphone is in another tab",
  "No microphone: allow it for this page to take calls",
  "A call is up already: end it first.",
  "Busy.",
  "Nobody answered.",
  "There is no such number.",
  "The call was refused.",
  "Your call was ended: somebody calls for help and needed the line.",
  "The server cannot be reached. Nothing was changed: try again when this page is live.",
  "The server refused.",
  "No microphone: allow it for this page.",
  "This browser cannot read that sound.",
  "Listen to it, then save.",
  "Not live: the server does not answer. This page tries again by itself; if that lasts, see that this computer has a network.",
] as const;
export type ClientText = (typeof clientTexts)[number];

let words: Readonly<Record<string, string>> | null = null;

export function word(text: ClientText): string {
  words ??= JSON.parse(document.body.dataset.words ?? "{}") as Record<string, string>;
  return words[text] ?? text;
}

/** No answer at all: nothing is known of the server but that. */
export const unreachable: ClientText = "The server cannot be reached. Nothing was changed: try again when this page is live.";
