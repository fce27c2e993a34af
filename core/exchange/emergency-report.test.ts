// What is said of sites from which help cannot be called, and of stations to which it cannot be sent.
import { expect, test } from "bun:test";
import type { Configuration } from "./directory.ts";
import { locationGaps, siteReports } from "./emergency-report.ts";

const site = (id: string, of: object = {}) => ({
  ...{ id, name: id, country: "GB", address: "1 Park Row, Leeds", outsidePrefix: "", callerId: "+441632960000", callerName: "" },
  ...{ emergencyTrunkIds: [], emergencyContactIds: ["gareth"], civic: null, ...of },
});
const trunk = (id: string, proxies: readonly string[] = ["192.0.2.1"]) => ({ id, name: id, proxies });
const station = (name: string, of: object) => ({
  id: name,
  name,
  kind: "phone",
  userId: "priya",
  siteId: "Leeds",
  location: "",
  civic: null,
  ...of,
});
const facts = (of: object): Configuration =>
  ({
    ...{ trunks: [], stations: [], whereabouts: [], sites: [site("Leeds")] },
    users: ["priya", "gareth"].map((id) => ({ id, name: id })),
    ...of,
  }) as unknown as Configuration;

test("a site's ways are its own first, and it reaches help where one of them is up", () => {
  const trunks = [trunk("one"), trunk("two"), trunk("in", [])];
  const up = { two: true, one: false } as Record<string, boolean>;
  const configuration = facts({ trunks, sites: [site("Leeds", { emergencyTrunkIds: ["two"] })] });
  const [report] = siteReports(configuration, ({ id }) => up[id] ?? null);
  expect(report!.ways.map(({ trunk: { id } }) => id as string)).toEqual(["two", "one"]);
  expect(report).toMatchObject({ reach: "up", numbers: ["112", "999"], lacks: [] });
  expect(siteReports(configuration, () => false)[0]!.reach).toBe("down");
  expect(siteReports(configuration, ({ id }) => (id === "one" ? null : false))[0]!.reach).toBe("untried");
  expect(siteReports(facts({ trunks: [trunk("in", [])] }), () => true)[0]!.reach).toBe("no-trunk");
});

test("a site without address, call-back number or anybody who is told says so", () => {
  const bare = facts({ sites: [site("Leeds", { address: "", callerId: null, emergencyContactIds: ["gone"] })] });
  expect(siteReports(bare, () => null)[0]!.lacks).toEqual(["address", "callback", "contacts"]);
});

test("stations without a place are listed, the gravest first; who has one is not, nor who belongs to nobody", () => {
  const stations = [
    station("desk", {}),
    station("placed", { location: "Floor 2" }),
    station("laptop", { kind: "browser" }),
    station("bare", { siteId: "York", location: "Floor 1" }),
    station("nobody", { userId: null }),
  ];
  const found = locationGaps(facts({ stations, sites: [site("Leeds"), site("York", { address: "" })] }));
  expect(found.map(({ station: { name }, gap }) => `${name} ${gap}`)).toEqual(["bare no-address", "laptop moves", "desk no-room"]);
  expect(locationGaps(facts({ stations: [station("desk", {})], sites: [] })).map(({ gap }) => gap)).toEqual(["no-site"]);
});

test("an address in its parts is an address; a trunk that tells it asks for it, and who has said where they are is not missing", () => {
  const telling = { ...trunk("one"), geolocation: "pidf-lo" };
  const lacks = (of: object) => siteReports(facts({ trunks: [telling], sites: [site("Leeds", of)] }), () => true)[0]!.lacks;
  expect(lacks({})).toEqual(["parts"]);
  expect(lacks({ address: "", civic: {} })).toEqual([]);
  expect(lacks({ address: "" })).toEqual(["address", "parts"]);
  const browser = station("web", { kind: "browser" });
  const gapsOf = (of: object) => locationGaps(facts({ stations: [browser], ...of })).map(({ gap }) => gap as string);
  expect(gapsOf({})).toEqual(["moves"]);
  expect(gapsOf({ whereabouts: [{ userId: "priya", siteId: null, civic: {} }] })).toEqual([]);
  expect(gapsOf({ stations: [{ ...browser, civic: {} }] })).toEqual([]);
});
