// Tests for who may see whose line.
import { expect, test } from "bun:test";
import { watchedLine } from "./watching.ts";

const user = (id: string, extension: string, roles: readonly string[], state = "active") => ({
  id,
  extension,
  roles,
  state,
  phoneNumber: null,
});
const configuration = {
  users: [
    user("alice", "201", ["agent"]),
    user("bob", "202", ["supervisor"]),
    user("carol", "203", []),
    user("dave", "204", ["agent"], "inactive"),
  ],
  stations: [
    { id: "a1", userId: "alice", username: "phone-a" },
    { id: "a2", userId: "alice", username: "desk-a" },
    { id: "b1", userId: "bob", username: "phone-b" },
  ],
} as unknown as Parameters<typeof watchedLine>[0];
const seen = (watcher: string, named: string) => watchedLine(configuration, watcher as never, named);

test("a colleague's line is all their devices, by extension and by a phone's name; with whom they talk is for who may look into conversations", () => {
  expect(seen("bob", "201")).toEqual({ userId: "alice", stationIds: ["a1", "a2"], mayPickUp: true, seesParty: true } as never);
  expect(seen("bob", "phone-a")).toMatchObject({ userId: "alice" });
  expect(seen("alice", "202")).toMatchObject({ userId: "bob", mayPickUp: false, seesParty: false });
  expect(seen("alice", "201")).toMatchObject({ userId: "alice", seesParty: true });
});

test("who may not look into the directory sees their own line only, and learns of nobody whether they exist", () => {
  expect([seen("carol", "201"), seen("carol", "999"), seen("dave", "201")]).toEqual(["forbidden", "forbidden", "forbidden"]);
  expect(seen("carol", "203")).toMatchObject({ userId: "carol" });
  expect([seen("alice", "999"), seen("alice", "204")]).toEqual(["unknown", "unknown"]);
});
