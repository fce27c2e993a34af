// Digits told twice, and what bodies of INFO say.
import { describe, expect, test } from "bun:test";
import { digitsPerSecondMax } from "../core/lib/limits.ts";
import { digitBody, digitIn, type Presses, stepDigits } from "./digits.ts";

/** `5e` comes in sound, `5i` by INFO, 100 ms after what was before; a number is a pause of so many ms. */
function told(script: string): string {
  let [presses, atMs]: [Presses, number] = [[], 0];
  const heard: string[] = [];
  for (const word of script.split(" ")) {
    if (/^[0-9]+$/.test(word)) atMs += Number(word);
    else {
      const { state, outputs } = stepDigits(presses, { digit: word[0]!, way: word[1] === "i" ? "info" : "event", atMs });
      presses = state;
      heard.push(...outputs.map(({ digit }) => digit));
      atMs += 100;
    }
  }
  return heard.join("");
}

describe("digits are told once", () => {
  for (const [what, script, heard] of [
    ["in sound", "1e 2e 2e 3e", "1223"],
    ["by INFO", "1i 2i 2i 3i", "1223"],
    ["both ways, INFO first", "1i 1e 2i 2e 2i 2e", "122"],
    ["both ways, in sound first", "1e 1i 2e 2i 2e 2i", "122"],
    ["both ways, one of them late", "1i 2i 1e 3i 2e 3e 3e 3i", "1233"],
    ["one way and then the other", "1i 2i 4000 1e 2e", "1212"],
  ] as const)
    test(what, () => expect(told(script)).toBe(heard));

  test("and no faster by INFO than anybody presses", () => {
    let presses: Presses = [];
    let count = 0;
    for (let n = 0; n < 200; n++) {
      const { state, outputs } = stepDigits(presses, { digit: "1", way: "info", atMs: n });
      presses = state;
      count += outputs.length;
    }
    expect([count, presses.length]).toEqual([digitsPerSecondMax, digitsPerSecondMax]);
  });
});

test("bodies as phones write them are read, others are none", () => {
  const read = (type: string, text: string): string | null => digitIn(type, Buffer.from(text));
  expect(read("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n")).toBe("5");
  expect(read("application/dtmf-relay", "signal= #\nDuration= 250")).toBe("#");
  expect(read("application/dtmf-relay", "Duration=100\r\nSignal=a")).toBe("A");
  expect(["10", "11", "*", "12", "", "55"].map((said) => read("application/dtmf-relay", `Signal=${said}\r\n`))).toEqual([
    ...["*", "#", "*"],
    ...[null, null, null],
  ]);
  expect(["7", " 7\r\n", "11", "77"].map((said) => read("application/dtmf", said))).toEqual(["7", "7", "#", null]);
  expect(read("text/plain", "7")).toBeNull();
  expect(read("application/dtmf", `7${" ".repeat(200)}`)).toBeNull();
  for (const digit of "0123456789*#ABCD") expect(digitIn("application/dtmf-relay", digitBody(digit))).toBe(digit);
});
