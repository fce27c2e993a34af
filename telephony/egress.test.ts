// Tests for where we may send, and for addresses in all their dresses.
import { expect, test } from "bun:test";
import type { TelephonyDirectory } from "../core/call/call-control.ts";
import type { TrunkId } from "../core/lib/id.ts";
import { isIpv4, isIpv6, isLoopback, isUnicast, normalAddress } from "../core/lib/ip-address.ts";
import { localAddressFor, mayReceiveMedia, nextHop } from "./egress.ts";
import type { Flow } from "./sip/transport/flow.ts";

const flow: Flow = {
  transport: "udp",
  connectionId: "",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "198.51.100.7", port: 5062 },
};
const directory: TelephonyDirectory = {
  trunkByAddress: (address) => (address === "198.51.100.8" ? { trunkId: "t" as TrunkId, name: "Carrier" } : null),
  trunkManner: () => null,
  certificateDemand: () => null,
  mediaEncryption: () => "disabled",
  isCallForHelp: () => false,
  trunks: () => [],
  phone: () => null,
  station: () => null,
  isPhoneAddress: () => false,
};

test("a contact moves requests to another port or to a trunk, never to a stranger, a name or ourselves", () => {
  const to = (uri: string): string => {
    const { address, port } = nextHop(uri, flow, directory).remote;
    return `${address}:${port}`;
  };
  expect(to("sip:x@198.51.100.7:5070")).toBe("198.51.100.7:5070");
  expect(to("sip:x@198.51.100.8")).toBe("198.51.100.8:5060");
  for (const uri of [
    "sip:x@203.0.113.9",
    "sip:x@127.0.0.1:80",
    "sip:x@169.254.169.254",
    "sip:x@evil.example",
    "sip:x@[::1]",
    "sip:x@198.51.100.7:0",
    "tel:1",
  ])
    expect(to(uri)).toBe("198.51.100.7:5062");
  expect(nextHop("sip:x@198.51.100.8", { ...flow, transport: "ws" }, directory).remote.port).toBe(5062);
});

test("SDP-01: nobody outside makes us send media to ourselves, nor someone here outside", () => {
  expect(mayReceiveMedia("198.51.100.9", "198.51.100.7")).toBe(true);
  expect(mayReceiveMedia("127.0.0.9", "127.0.0.7")).toBe(true);
  for (const [address, signalling] of [
    ["127.0.0.1", "198.51.100.7"],
    ["::1", "198.51.100.7"],
    ["::ffff:127.0.0.1", "198.51.100.7"],
    ["198.51.100.9", "127.0.0.7"],
    ["169.254.169.254", "198.51.100.7"],
    ["255.255.255.255", "198.51.100.7"],
    ["224.0.0.1", "198.51.100.7"],
    ["0.0.0.0", "198.51.100.7"],
    ["host.example", "198.51.100.7"],
  ] as const)
    expect(mayReceiveMedia(address, signalling)).toBe(false);
  const own = ["203.0.113.1", "2001:db8::1", "127.0.0.1"];
  for (const address of ["203.0.113.1", "::ffff:203.0.113.1", "2001:DB8:0::1"])
    expect([mayReceiveMedia(address, "198.51.100.7", own), mayReceiveMedia(address, "203.0.113.1", own)]).toEqual([false, true]);
  expect(mayReceiveMedia("127.0.0.9", "127.0.0.7", own)).toBe(true);
});

test("a peer is told the address that it can reach", () => {
  const own = ["203.0.113.1", "10.0.0.1", "127.0.0.1", "2001:db8::1"];
  expect(localAddressFor("198.51.100.7", own)).toBe("203.0.113.1");
  expect(localAddressFor("127.0.0.9", own)).toBe("127.0.0.1");
  expect(localAddressFor("2001:db8::9", own)).toBe("2001:db8::1");
  expect(localAddressFor("198.51.100.7", [])).toBe("127.0.0.1");
});

test("an address has one spelling, and is what it is in every dress", () => {
  expect(normalAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(normalAddress("[2001:DB8::1]")).toBe(normalAddress("2001:db8:0:0::0:1"));
  expect(["0.0.0.0", "1.2.3.4", "255.255.255.255"].every(isIpv4)).toBe(true);
  expect(["1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x7f.0.0.1", "2130706433"].some(isIpv4)).toBe(false);
  expect(["::", "::1", "1:2:3:4:5:6:7:8", "1::8", "::ffff:1.2.3.4", "2001:db8::10:5070"].every(isIpv6)).toBe(true);
  expect(["", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "1.2.3.4::", "::1%eth0", "g::"].some(isIpv6)).toBe(
    false,
  );
  expect(["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"].every(isLoopback)).toBe(true);
  expect(["0.1.2.3", "224.0.0.1", "240.0.0.1", "::", "ff02::1", "fe80::1", "x"].some(isUnicast)).toBe(false);
});
