// What follows after an ICE restart, and after that.
import { expect, test } from "bun:test";
import { afterRestart } from "./ice-restart.ts";

test("another name and password each time, and the rest stays", () => {
  const local = { kind: "webrtc", addresses: ["192.0.2.9"], port: 1, tcpPort: 2, ufrag: "abcd", pwd: "p", fingerprint: "AB" } as const;
  const next = afterRestart(local);
  const third = afterRestart(next);
  expect(next).toEqual({ ...local, ufrag: next.ufrag, pwd: next.pwd });
  expect(new Set([local.ufrag, next.ufrag, third.ufrag, local.pwd, next.pwd, third.pwd]).size).toBe(6);
  expect(next).toMatchObject({ ufrag: expect.stringMatching(/^[0-9a-f]{8}$/), pwd: expect.stringMatching(/^[0-9a-f]{32}$/) });
});
