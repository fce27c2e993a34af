// Options that follow from one another.
import { expect, test } from "bun:test";
import { ConfigError, loadConfig, redacted, turnOf } from "./config.ts";

const tcpPorts = (flags: Record<string, string | readonly string[]>) => loadConfig(flags, {}, null)["media-tcp-ports"];

test("voice by TCP has the numbers of voice by UDP, unless there are others, or none is wanted", () => {
  expect(tcpPorts({})).toEqual([19_000]);
  expect(tcpPorts({ "media-ports": ["19100", "19101"], workers: "2" })).toEqual([19_100, 19_101]);
  expect(tcpPorts({ "media-ports": ["19100"], "media-tcp-ports": ["443"] })).toEqual([443]);
  expect(tcpPorts({ "media-tcp-ports": "" })).toBeNull();
  expect(() => tcpPorts({ "media-ports": ["19100", "19101"], "media-tcp-ports": ["443"], workers: "2" })).toThrow(
    new ConfigError("media-tcp-ports: 2 workers need 2 ports, one each"),
  );
  expect(() => tcpPorts({ "media-tcp-ports": ["https"] })).toThrow("media-tcp-ports: port numbers, separated by commas");
});

test("relays come with a secret or an account, and neither is ever printed", () => {
  const config = (flags: Record<string, string | readonly string[]>) => loadConfig(flags, {}, null);
  const turn = ["turn:192.0.2.1:3478", "turns:turn.example.org:443"];
  expect(turnOf(config({}))).toBeNull();
  expect(turnOf(config({ turn, "turn-secret": "north" }))).toEqual({ urls: turn, proof: { kind: "secret", secret: "north" } });
  const account = { kind: "account", username: "office", password: "south" } as const;
  expect(turnOf(config({ turn, "turn-user": "office", "turn-password": "south" }))).toEqual({ urls: turn, proof: account });
  const wrong: readonly Record<string, string | readonly string[]>[] = [
    { turn },
    { "turn-secret": "north" },
    { turn, "turn-user": "office" },
    { turn, "turn-secret": "north", "turn-user": "office", "turn-password": "south" },
    { turn: ["stun:192.0.2.1"], "turn-secret": "north" },
  ];
  for (const flags of wrong) expect(() => config(flags)).toThrow(/^turn/);
  const printed = JSON.stringify([
    redacted(config({ turn, "turn-secret": "north" })),
    redacted(config({ turn, "turn-user": "office", "turn-password": "south" })),
  ]);
  expect(printed).not.toMatch(/north|south/);
});
