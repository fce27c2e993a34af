// A 3xx: followed within the carrier's own domain and the dialler's rights, by a phone within its person's; never in circles, never for free, never to help.
import { describe, expect, test } from "bun:test";
import type { RedirectTarget } from "../call/call-control.ts";
import type { Callee, CallState, FoundRedirect } from "../call/state.ts";
import { redirectsMax } from "../lib/limits.ts";
import type { Configuration } from "./directory.ts";
import { followRedirect } from "./redirect.ts";

const facts = { isFull: () => false, inRoom: () => 0, draw: 0, now: 0 };
const near = (number: string): RedirectTarget => ({ number, host: "192.0.2.1", isNear: true });
const at = (host: string, number = "+442079460019"): RedirectTarget => ({ number, host, isNear: false });

type Of = { readonly trunk?: object; readonly other?: object; readonly station?: object; readonly rights?: readonly string[] };

function configuration({ trunk = {}, station = {}, rights = ["National"] }: Of = {}): Configuration {
  const carrier = {
    ...{ id: "carrier", name: "Carrier", domain: "carrier.example", proxies: ["sip.carrier.example:5061"], addresses: ["192.0.2.77"] },
    ...{ numberFormat: "E164", incomingFormat: "National", callerIdPresentation: "user", callerId: null, channelsMax: null },
    ...{ redirects: "follow", redirectsMax: 2, diversion: "none", extensionRanges: [], extensionsFirst: "here" },
    ...trunk,
  };
  const person = (id: string, extension: string, more: object = {}) => ({
    ...{ id, name: id, state: "active", extension, phoneNumber: `+44163296${extension}0`, stationId: `${id}-desk`, dialRights: rights },
    ...more,
  });
  return {
    organization: null,
    trunks: [carrier, { ...carrier, id: "second", name: "Second", domain: "other.example", proxies: ["192.0.2.9"], addresses: [] }],
    sites: [{ id: "leeds", country: "GB", outsidePrefix: "", callerId: "+441632960000", callerName: "Bank" }],
    numberPlans: [],
    outboundRoutes: [
      {
        ...{ id: "r", name: "Out", siteId: "leeds", classifications: ["National", "Premium"], distribution: "SEQUENTIAL", enabled: true },
        trunkIds: ["carrier", "second"],
      },
      {
        ...{ id: "m", name: "Mobile", siteId: "leeds", classifications: ["Mobile"], distribution: "SEQUENTIAL", enabled: true },
        trunkIds: ["second"],
      },
    ],
    users: [person("ada", "201"), person("bob", "202"), person("cem", "203", { stationId: null })],
    stations: ["ada", "bob"].map((id) => ({ id: `${id}-desk`, userId: id, kind: "phone", siteId: null, forwarding: "inside", ...station })),
    ...{ ivrs: [], conferenceRooms: [], queues: [], skills: [], flows: [] },
  } as unknown as Configuration;
}

const call = (number: string): CallState => ({ caller: { number, name: "" }, customer: { trunkId: null } }) as unknown as CallState;
const shown = { number: "+441632962010", name: "Bank" };
const outside = (of: Partial<Callee> = {}): Callee =>
  ({
    ...{ purpose: "external", userId: null, number: "+442079460018", name: "", classification: "National", isEmergency: false },
    ...{ paths: [{ kind: "trunk", trunkId: "carrier", hop: 0, number: "+442079460018", shown }], ringMs: 1, otherwise: null },
    dialledBy: { userId: "ada", stationId: "ada-desk" },
    ...of,
  }) as unknown as Callee;
const bob = (of: Partial<Callee> = {}): Callee =>
  ({
    ...{ purpose: "user", userId: "bob", number: "202", name: "bob", classification: null, isEmergency: false, ringMs: 1, otherwise: null },
    paths: [{ kind: "station", stationId: "bob-desk", shown: { number: "201", name: "ada" } }],
    ...of,
  }) as unknown as Callee;

const follow = (callee: Callee, target: RedirectTarget | readonly RedirectTarget[], of: Of = {}, caller = "201"): FoundRedirect =>
  followRedirect(configuration(of), call(caller), { callee, path: 0 }, [target].flat(), facts);
const why = (found: FoundRedirect): string => (found.kind === "nobody" ? found.message : `follows to ${found.callee.number}`);

describe("a carrier's 3xx", () => {
  test("is followed by the same trunk, at the expense of whoever dialled, in place of the call that counts already", () => {
    const found = follow(outside(), near("020 7946 0019".replaceAll(" ", "")));
    expect(found).toMatchObject({
      kind: "callee",
      callee: { number: "+442079460019", classification: "National", sentOn: ["+442079460018"], dialledBy: { userId: "ada" } },
      paidBy: { userId: "ada", isInstead: true },
    });
    const { paths } = (found as Extract<FoundRedirect, { kind: "callee" }>).callee;
    expect(paths as readonly unknown[]).toEqual([
      {
        kind: "trunk",
        trunkId: "carrier",
        hop: 0,
        number: "+442079460019",
        shown,
        diversion: { number: "+442079460018", isPrivate: false },
      },
    ]);
  });

  test.each(["carrier.example", "CARRIER.example", "sip.carrier.example", "192.0.2.77"])("is the carrier's own at %s", (host) =>
    expect(why(follow(outside(), at(host)))).toBe("follows to +442079460019"),
  );

  test.each([
    ["nobody has switched it on", near("+442079460019"), { trunk: { redirects: "refuse" } }, "“Carrier” is followed nowhere"],
    ["it leads to another domain", at("evil.example"), {}, "“Carrier” sends it to another domain"],
    ["it leads to another carrier's domain", at("other.example"), {}, "“Carrier” sends it to another domain"],
    ["whoever dialled may not dial that", near("09098790000"), {}, "no right to dial Premium"],
    ["another trunk would have to take it", near("07400123456"), { rights: ["Mobile"] }, "no route takes Mobile by “Carrier”"],
    ["it is a call for help", near("999"), { rights: ["Emergency"] }, "calls for help are not begun by others"],
    ["it is no number", near("nobody"), {}, "nobody is no number that can be called"],
    ["it comes back to where it was", near("+442079460018"), {}, "a loop: it has been there before"],
    ["it leads nowhere", [], {}, "it was sent nowhere"],
  ] as const)("TF-01: is not followed when %s", (_when, target, of, expected) =>
    expect(why(follow(outside(), target as RedirectTarget, of as Of))).toBe(expected),
  );

  test("is followed so often and no more, past what may not be called, and never for a call for help or nobody's call", () => {
    expect(why(follow(outside({ sentOn: ["+1", "+2"] }), near("+442079460019")))).toBe("sent on too often");
    expect(why(follow(outside({ sentOn: ["+442079460019"] }), near("+442079460019")))).toBe("a loop: it has been there before");
    expect(why(follow(outside(), [at("evil.example"), near("+442079460019")]))).toBe("follows to +442079460019");
    expect(why(follow(outside({ isEmergency: true }), near("+442079460019")))).toBe("calls for help are not sent on");
    const { dialledBy: _by, ...nobodys } = outside();
    expect(why(follow(nobodys, near("+442079460019")))).toBe("nobody here has dialled it");
  });

  test("of a tie line leads to its own extensions and nowhere else", () => {
    const tie = outside({ classification: null, number: "301" });
    const trunk = { extensionRanges: [{ start: "300", end: "399" }] };
    expect(why(follow(tie, near("302"), { trunk }))).toBe("follows to 302");
    expect(why(follow(tie, near("+442079460019"), { trunk }))).toBe("+442079460019 is no extension of “Carrier”");
  });
});

describe("a phone's 302", () => {
  test("leads to somebody here, as if the caller had dialled them", () => {
    expect(follow(bob(), near("201"))).toMatchObject({ kind: "callee", callee: { userId: "ada", sentOn: ["bob"] }, paidBy: null });
    expect(why(follow(bob(), near("203")))).toBe("cem has no station");
  });

  test.each([
    ["the directory forbids it", near("201"), { station: { forwarding: "refuse" } }, "bob's phone may not send calls on"],
    ["it leads to another server", at("evil.example", "201"), {}, "bob's phone sends it to another server"],
    ["it leads outside, and may not", near("02079460019"), {}, "bob's phone may send calls on to people here only"],
    ["its person may not dial that", near("09098790000"), { station: { forwarding: "outside" } }, "no right to dial Premium"],
    ["it is a call for help", near("112"), { station: { forwarding: "outside" } }, "calls for help are not begun by others"],
    ["it leads back to itself", near("202"), {}, "a loop: it has been there before"],
  ] as const)("TF-01: is not followed when %s", (_when, target, of, expected) =>
    expect(why(follow(bob(), target, of as Of))).toBe(expected),
  );

  test("goes in no circle, and not on and on", () => {
    const ada = bob({ userId: "ada" as never, sentOn: ["bob"], paths: [{ kind: "station", stationId: "ada-desk", shown }] as never });
    expect(why(follow(ada, near("202")))).toBe("a loop: it has been there before");
    expect(why(follow(bob({ sentOn: Array.from({ length: redirectsMax }, String) }), near("201")))).toBe("sent on too often");
  });

  test("outside is its person's call; the caller is shown where the carrier is told who forwarded, and is withheld where they were", () => {
    const forwards = (diversion: string, caller: string, more: object = {}) =>
      follow(bob(), near("02079460019"), { station: { forwarding: "outside" }, trunk: { diversion, ...more } }, caller);
    const path = (found: FoundRedirect) => (found.kind === "callee" ? found.callee.paths[0] : found);
    expect(forwards("none", "+447700900342")).toMatchObject({ paidBy: { userId: "bob", isInstead: false } });
    expect(path(forwards("none", "+447700900342"))).toMatchObject({ shown: { number: "+441632962020" } });
    expect("diversion" in path(forwards("none", "+447700900342"))!).toBe(false);
    expect(path(forwards("Diversion", "+447700900342"))).toMatchObject({
      shown: { number: "+447700900342" },
      diversion: { number: "+441632962020", isPrivate: false },
    });
    expect(path(forwards("Diversion", ""))).toMatchObject({ shown: { number: "" }, diversion: { number: "+441632962020" } });
    // An extension says nothing outside.
    expect(path(forwards("Diversion", "201"))).toMatchObject({ shown: { number: "+441632962020" } });
    expect(path(forwards("History-Info", "+447700900342", { callerIdPresentation: "withhold" }))).toMatchObject({
      diversion: { number: "+441632962020", isPrivate: true },
    });
  });
});
