// Names of next hops: addresses as they are, SRV by priority and weight, and no service where the zone says so.
import { expect, test } from "bun:test";
import { inOrder, type NameServer, resolveHop } from "./resolve.ts";

const record = (name: string, priority: number, weight: number) => ({ name, port: 5080, priority, weight });
const zone = (services: Readonly<Record<string, ReturnType<typeof record>[]>>, draw = 0): NameServer => ({
  addresses: async (name) => {
    const known: Readonly<Record<string, string[]>> = { "a.example": ["192.0.2.1"], "b.example": ["192.0.2.2", "2001:db8::2"] };
    return known[name] ?? Promise.reject(new Error("ENOTFOUND"));
  },
  services: async (name) => services[name] ?? Promise.reject(new Error("ENODATA")),
  draw: () => draw,
});

test("an address is itself, with the transport's port where it has none", async () => {
  const names = zone({});
  expect(await resolveHop({ host: "192.0.2.9", port: null }, "UDP", names)).toEqual([{ address: "192.0.2.9", port: 5060 }]);
  expect(await resolveHop({ host: "2001:db8::9", port: null }, "TLS", names)).toEqual([{ address: "2001:db8::9", port: 5061 }]);
});

test("a name with a port is looked up by its addresses alone", async () => {
  const names = zone({ "_sip._udp.b.example": [record("a.example", 1, 1)] });
  expect(await resolveHop({ host: "b.example", port: 5070 }, "UDP", names)).toEqual([
    { address: "192.0.2.2", port: 5070 },
    { address: "2001:db8::2", port: 5070 },
  ]);
});

test("a name alone is a service first: by priority, each transport its own, and by its addresses where there is none", async () => {
  const names = zone({ "_sip._udp.carrier.example": [record("b.example", 20, 0), record("a.example", 10, 0)] });
  const found = await resolveHop({ host: "carrier.example", port: null }, "UDP", names);
  expect(found.map(({ address, port }) => `${address} ${port}`)).toEqual(["192.0.2.1 5080", "192.0.2.2 5080", "2001:db8::2 5080"]);
  expect(await resolveHop({ host: "a.example", port: null }, "TLS", names)).toEqual([{ address: "192.0.2.1", port: 5061 }]);
});

test("a service that is decidedly not there, and a name that nobody knows, lead nowhere", async () => {
  const names = zone({ "_sip._udp.none.example": [record(".", 0, 0)] });
  expect(await resolveHop({ host: "none.example", port: null }, "UDP", names)).toEqual([]);
  expect(await resolveHop({ host: "nowhere.example", port: null }, "UDP", names)).toEqual([]);
});

test("within a priority the heavier is drawn first more often", () => {
  const records = [record("light", 1, 10), record("heavy", 1, 90)];
  expect(inOrder(records, () => 0.05).map(({ name }) => name)).toEqual(["light", "heavy"]);
  expect(inOrder(records, () => 0.5).map(({ name }) => name)).toEqual(["heavy", "light"]);
  expect(inOrder([record("a", 1, 0), record("b", 1, 0)], () => 0.9)).toHaveLength(2);
});
