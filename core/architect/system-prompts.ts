// The prompts that come with the product: what flows may name without anybody recording anything. A test holds them to the files.

const numbers = [...Array.from({ length: 21 }, (_, n) => n), 30, 40, 50, 60, 70, 80, 90];

export const systemPrompts: readonly string[] = [
  "demo.card",
  "demo.menu",
  "demo.welcome",
  "music.default",
  "system.enter-number",
  "system.error",
  "system.estimated-wait-is-about",
  "system.menu",
  "system.minutes",
  "system.more-than",
  "system.recorded",
  "system.wait-under-a-minute",
  "system.welcome",
  "system.your-position-is",
  ...numbers.map((n) => `number.${n}`),
];
