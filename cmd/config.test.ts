// Options that follow from one another.
import { expect, test } from "bun:test";
import { ConfigError, loadConfig } from "./config.ts";

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
