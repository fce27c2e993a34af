// The log's lines: what came from outside stays within its value.
import { expect, spyOn, test } from "bun:test";
import { realEnv } from "./env.ts";

test("SIP-11: no text from outside ends a line, moves the cursor or turns the writing direction", () => {
  const written: string[] = [];
  const spy = spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  realEnv("info").log.info("call\nat=now", { user: '\r\n"\u001b[2J\u007f\u009b31m\u202e\u2066\u2028\0', plain: "a.b:c/d@e+f-1" });
  spy.mockRestore();
  expect(written.join("")).toMatch(/^at=\S+ level=info fact="call\\nat=now" user="[\x20-\x7e]+" plain=a\.b:c\/d@e\+f-1\n$/);
});
