// Calls from person to person, and passing them on: what every leg is told, in which order, and who is left with whom.
import { describe, expect, test } from "bun:test";
import { Bench, legIn, person } from "../../tests/support/call-bench.ts";
import type { LegId, ParticipantId, QueueId, TrunkId } from "../lib/id.ts";
import type { CallOrigin, MediaVerdict } from "./call-control.ts";
import type { SoundChart } from "./sound-chart.ts";

const trunk: CallOrigin = { kind: "trunk", trunkId: "carrier" as TrunkId };

const toBob = () => new Bench({ kind: "dial", callee: person("bob") });

function talking(): Bench {
  const bench = toBob();
  bench.answers("1c");
  bench.answers("L");
  return bench;
}

describe("a call from person to person", () => {
  test("rings, is answered once the disk holds it, and ends for both", () => {
    const bench = toBob();
    expect(bench.said).toEqual(["started", "dialled", "dial bob-station 1c"]);
    expect(bench.rings("1c")).toEqual(["ring L"]);
    expect(bench.rings("1c")).toEqual([]);
    expect(bench.answers("1c")).toEqual(["party.connected", "confirm 1c", "answer L", "bridge L 1c"]);
    expect(bench.answers("L")).toEqual(["answered"]);
    expect(bench.ends("1c", "hung-up")).toEqual([
      "party.ended",
      "ended",
      "flow-stop",
      "timer-cancel",
      "hang-up L normal",
      "hang-up 1c normal",
    ]);
    expect(bench.state.ended).toBe("party-hung-up");
  });

  test("is heard before it is answered when the other side can be", () => {
    const bench = toBob();
    expect(bench.rings("1c", true)).toEqual(["progress L", "bridge L 1c"]);
    expect(bench.rings("1c")).toEqual([]);
    expect(bench.answers("1c")).toEqual(["party.connected", "confirm 1c", "answer L"]);
  });

  test("tells its caller why it is not answered", () => {
    for (const [reason, status, told, ended] of [
      ["declined", 486, "busy", "busy"],
      ["declined", 603, "declined", "declined"],
      ["no-answer", 408, "unavailable", "not-answered"],
      ["unreachable", null, "unavailable", "unreachable"],
      ["unreachable", 404, "no-such-number", "no-such-number"],
    ] as const) {
      const bench = toBob();
      expect(bench.ends("1c", reason, status)).toContain(`reject L ${told}`);
      expect(bench.state.ended).toBe(ended);
    }
  });

  test("tries the next path when one is dead, and none when the party has refused", () => {
    const twoWays = () => new Bench({ kind: "dial", callee: person("bob", 2) });
    const dead = twoWays();
    expect(dead.ends("1c", "unreachable", 503)).toEqual(["path.failed", "dial bob-station1 2a"]);
    expect(dead.answers("2a")).toContain("bridge L 2a");
    const refused = twoWays();
    expect(refused.ends("1c", "declined", 486)).toContain("reject L busy");
    const gone = twoWays();
    gone.ends("1c", "unreachable", 503);
    expect(gone.ends("2a", "unreachable", 503)).toContain("reject L unavailable");
  });

  test("is sent on by the phone that rings: another participant is called in its place, or it ends as if nobody were there", () => {
    const sent = toBob();
    sent.rings("1c");
    expect(sent.sendsOn("1c", "dial", { kind: "callee", callee: person("cem"), paidBy: null })).toEqual([
      ...["redirected", "party.ended", "dialled", "dial cem-station 4b"],
    ]);
    expect(sent.appended.find(({ type }) => type.endsWith("redirected"))?.payload).toMatchObject({
      sipStatus: 302,
      to: "202",
      refused: null,
    });
    expect(sent.answers("4b")).toContain("bridge L 4b");
    const refused = toBob();
    const said = refused.sendsOn("1c", "dial", { kind: "nobody", message: "a loop" });
    expect(said.slice(0, 2)).toEqual(["redirected", "path.failed"]);
    expect(said).toContain("reject L unavailable");
    // A trunk that is not followed leaves it to the next one.
    const twoWays = new Bench({ kind: "dial", callee: person("bob", 2) });
    expect(twoWays.sendsOn("1c", "dial", { kind: "nobody", message: "no" })).toEqual(["redirected", "path.failed", "dial bob-station1 3a"]);
    // Without a word of where to, it is asked of nobody.
    expect(toBob().ends("1c", "redirected", 302)).toContain("reject L unavailable");
  });

  test("is sent on by whoever is asked before a transfer: whoever asks goes on hearing it ring", () => {
    const bench = talking();
    const asked = legIn(bench.passesOn("consult", bench.state.party!.participantId, person("cem")));
    expect(bench.sendsOn(asked, "consult", { kind: "callee", callee: person("dee"), paidBy: null })).toEqual([
      ...["redirected", "party.ended", "dialled", expect.stringMatching(/^dial dee-station /)],
    ]);
    const again = bench.state.consult!.legId;
    expect(bench.sendsOn(again, "consult", { kind: "nobody", message: "no" }).slice(0, 2)).toEqual(["redirected", "party.ended"]);
    expect(bench.state.consult).toBeNull();
  });

  test("is tried again by the same way without its place where that may be why it was refused, and only there", () => {
    const civic = { street: "Park Row", houseNumber: "1", extra: "", postalCode: "LS1 5HD", city: "Leeds", region: "", country: "GB" };
    const way = (trunkId: string) =>
      ({ kind: "trunk", trunkId: trunkId as TrunkId, hop: 0, number: "999", shown: { number: "+441632960201", name: "" } }) as const;
    const paths = [{ ...way("first"), place: civic }, { ...way("first"), isAgain: true }, way("second")] as const;
    const help = () => {
      const callee = { ...person("bob"), purpose: "external", userId: null, isEmergency: true, paths } as const;
      return new Bench({ kind: "dial", callee });
    };
    for (const status of [400, 415, 424, 488, 500]) {
      const bench = help();
      expect(bench.ends("1c", "unreachable", status)).toEqual(["path.failed", "dial first 2a"]);
      expect(bench.state.dial?.path).toBe(1);
    }
    for (const [reason, status] of [
      ["unreachable", null],
      ["overloaded", 503],
    ] as const)
      expect(help().ends("1c", reason, status)).toEqual(["path.failed", "dial second 2a"]);
    expect(help().ends("1c", "declined", 486)).not.toContain("dial first 2a");
    const twice = help();
    twice.ends("1c", "unreachable", 500);
    expect(twice.ends("2a", "unreachable", 500)).toEqual(["path.failed", "dial second 3a"]);
  });

  test("is another's with the same extension when it is not found; whoever is busy or does not answer has been found", () => {
    const shown = { number: "201", name: "Alice" };
    const line = { kind: "trunk", trunkId: "old" as TrunkId, hop: 0, number: "202", shown } as const;
    const there = { ...person("bob"), purpose: "external", userId: null, paths: [line] } as const;
    const thenThere = () => new Bench({ kind: "dial", callee: { ...person("bob"), otherwise: there } });
    const thenHere = () => new Bench({ kind: "dial", callee: { ...there, otherwise: person("bob") } });
    const gone = thenThere();
    expect(gone.ends("1c", "unreachable")).toEqual(["path.failed", "party.ended", "dialled", "dial old 2b"]);
    expect(gone.answers("2b")).toContain("bridge L 2b");
    for (const [reason, status] of [
      ["no-answer", null],
      ["declined", 486],
      ["declined", 603],
    ] as const)
      expect(thenThere().ends("1c", reason, status)).not.toContain("dialled");
    for (const [reason, status] of [
      ["unreachable", 404],
      ["no-answer", 480],
      ["unreachable", 503],
      ["unreachable", null],
    ] as const)
      expect(thenHere().ends("1c", reason, status)).toEqual(["path.failed", "party.ended", "dialled", "dial bob-station 2b"]);
    expect(thenHere().ends("1c", "declined", 486)).toContain("reject L busy");
    expect(thenHere().ends("1c", "declined", 603)).toContain("reject L declined");
    expect(thenHere().ends("1c", "no-answer", null)).toContain("reject L unavailable");
    const nowhere = thenHere();
    nowhere.ends("1c", "unreachable", 404);
    expect(nowhere.ends("2b", "unreachable")).toContain("reject L unavailable");
  });

  test("is picked up at another phone: the first stops ringing, whoever takes it talks, and ends it", () => {
    const bench = toBob();
    bench.rings("1c");
    const picked = { kind: "picked-up", legId: "P" as LegId, replaces: "1c" as LegId, callee: person("carol") } as const;
    expect(bench.input({ ...picked, replaces: "L" as LegId })).toEqual(["reject P declined"]);
    expect(bench.input(picked)).toEqual([
      ...["dialled", "party.ended", "party.connected", "hang-up 1c answered-elsewhere", "answer P", "answer L", "bridge L P"],
    ]);
    expect([bench.answers("L"), bench.answers("P"), bench.ends("1c", "ended-by-us")]).toEqual([["answered"], [], []]);
    expect(bench.input(picked)).toEqual(["reject P declined"]);
    expect(bench.ends("P", "hung-up")).toContain("hang-up L normal");
    expect([bench.state.ended, bench.input(picked)]).toEqual(["party-hung-up", ["reject P unavailable"]]);
  });

  test("that has been answered, or was passed on to somebody outside, is nobody's to pick up", () => {
    const bench = talking();
    const picked = { kind: "picked-up", legId: "P" as LegId, replaces: "1c" as LegId, callee: person("carol") } as const;
    expect(bench.input(picked)).toEqual(["reject P declined"]);
    const outside = new Bench({ kind: "dial", callee: { ...person("bob"), purpose: "external" } });
    expect(outside.input(picked)).toEqual(["reject P declined"]);
  });

  test("stops ringing when the caller gives up", () => {
    const bench = toBob();
    bench.rings("1c");
    expect(bench.ends("L", "hung-up")).toEqual(["party.ended", "ended", "flow-stop", "timer-cancel", "hang-up 1c normal"]);
    expect(bench.state.ended).toBe("abandoned-while-dialling");
    expect(bench.answers("1c")).toEqual(["hang-up 1c normal"]);
  });

  test("is declined and given up by the page as by the device", () => {
    const declined = toBob();
    expect(declined.asks("disconnect", "1b")).toContain("hang-up 1c declined");
    expect(declined.said).toContain("reject L declined");
    const givenUp = toBob();
    expect(givenUp.asks("disconnect", "1a")).toContain("hang-up 1c normal");
    expect(givenUp.state.ended).toBe("abandoned-while-dialling");
  });

  test("from outside belongs to somebody outside, who cannot hold or pass it on", () => {
    const bench = new Bench({ kind: "dial", callee: person("bob") }, trunk);
    expect(bench.state.customer.userId).toBeNull();
    bench.answers("1c");
    expect(bench.asks("hold", "1a")).toEqual([]);
    expect(bench.asks("hold", "1b")).toEqual(["held", "unbridge L", "play hold L"]);
  });

  test("is held by either, and goes on when both want it", () => {
    const bench = talking();
    expect(bench.asks("hold", "1a")).toEqual(["held", "unbridge L", "play hold 1c"]);
    expect(bench.asks("hold", "1b")).toEqual(["held", "play hold L"]);
    expect(bench.asks("hold", "1b")).toEqual([]);
    expect(bench.asks("resume", "1a")).toEqual(["resumed", "stop-play hold 1c"]);
    expect(bench.asks("resume", "1b")).toEqual(["resumed", "stop-play hold L", "bridge L 1c"]);
  });

  test("is held by a desk phone's own key as by the page, and not by a carrier's", () => {
    const bench = talking();
    const key = (legId: string, isHeld: boolean) => ({ kind: "leg.held", legId: legId as LegId, isHeld }) as const;
    expect(bench.leg(key("L", true))).toEqual(["held", "unbridge L", "play hold 1c"]);
    expect(bench.leg(key("L", true))).toEqual([]);
    expect(bench.leg(key("L", false))).toEqual(["resumed", "stop-play hold 1c", "bridge L 1c"]);
    const outside = new Bench({ kind: "dial", callee: person("bob") }, trunk);
    outside.answers("1c");
    expect(outside.leg(key("L", true))).toEqual([]);
    expect(outside.leg(key("gone", true))).toEqual([]);
  });
});

describe("how it sounds", () => {
  const trouble = { kind: "leg.trouble", legId: "L" as LegId, direction: "from", forMs: 4_000 } as const;
  const stopped = { cause: "stopped", detail: "" } as const;
  const poor = { cause: "poor", detail: "12" } as const;

  test("silence and its end are kept, each cause of it, and poor sound is not", () => {
    const bench = talking();
    expect(bench.leg({ ...trouble, trouble: stopped, before: null })).toEqual(["media.silent"]);
    expect(bench.leg({ ...trouble, trouble: { cause: "lost-on-the-way", detail: "" }, before: "stopped" })).toEqual(["media.silent"]);
    expect(bench.leg({ ...trouble, trouble: null, before: "lost-on-the-way" })).toEqual(["media.heard"]);
    expect(bench.leg({ ...trouble, trouble: poor, before: null })).toEqual([]);
    expect(bench.leg({ ...trouble, trouble: null, before: "poor" })).toEqual([]);
    expect(bench.leg({ ...trouble, trouble: poor, before: "stopped" })).toEqual(["media.heard"]);
    expect(bench.leg({ ...trouble, legId: "nobody's" as LegId, trouble: stopped, before: null })).toEqual([]);
  });

  test("the figures of whoever passed the call on are theirs, although they come after them", () => {
    const bench = talking();
    bench.passesOn("transfer", "1b", person("carol"));
    expect(bench.leg({ kind: "leg.media", legId: "1c" as LegId, verdict: {} as MediaVerdict })).toEqual(["media.measured"]);
    expect([...bench.state.left]).toEqual([["1c" as LegId, "1b" as ParticipantId]]);
  });

  test("is kept with the figures as it went, also after the call's end, and not of who only rang", () => {
    const bench = talking();
    const event = { kind: "leg.media", legId: "L" as LegId, verdict: {} as MediaVerdict } as const;
    const chart = { beganAt: 1 } as SoundChart;
    expect(bench.input({ kind: "leg", event, chart: null })).toEqual(["media.measured"]);
    expect(bench.input({ kind: "leg", event, chart })).toEqual(["media.measured", "media.charted"]);
    bench.ends("L", "hung-up");
    expect(bench.input({ kind: "leg", event, chart })).toEqual(["media.measured", "media.charted"]);
    expect(bench.appended.at(-1)).toMatchObject({ payload: { participantId: "1a", chart } });
  });
});

describe("passing on", () => {
  test("at once: whoever passes on leaves, who stays hears it ring", () => {
    const bench = talking();
    const said = bench.passesOn("transfer", "1b", person("carol"));
    expect(said).toEqual(["party.ended", "hang-up 1c normal", "dialled", "play ringback L", expect.stringMatching(/^dial carol-station/)]);
    const legId = said.at(-1)!.split(" ")[2]!;
    expect(bench.answers(legId)).toEqual(["party.connected", `confirm ${legId}`, "stop-play ringback L", `bridge L ${legId}`]);
  });

  test("at once to somebody who does not take it: who stays hears that, and then it ends", () => {
    const bench = talking();
    const legId = bench.passesOn("transfer", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    expect(bench.ends(legId, "declined", 486)).toEqual(["path.failed", "party.ended", "stop-play ringback L", "play busy L", "timer-set"]);
    expect(bench.state.ended).toBeNull();
    expect(bench.input({ kind: "timer", name: "tone" })).toContain("hang-up L normal");
    expect(bench.state.ended).toBe("busy");
    const leaves = talking();
    const other = leaves.passesOn("transfer", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    leaves.ends(other, "no-answer", 480);
    leaves.ends("L", "hung-up");
    expect(leaves.state.ended).toBe("not-answered");
  });

  test("by the caller: who was called is the one who stays", () => {
    const bench = talking();
    const said = bench.passesOn("transfer", "1a", person("carol"));
    expect(said.slice(0, 4)).toEqual(["party.ended", "hang-up L normal", "dialled", "play ringback 1c"]);
    expect(bench.ends("1c", "hung-up")).toContain("ended");
    expect(bench.state.ended).toBe("abandoned-while-dialling");
  });

  test("to nobody leaves the call as it was", () => {
    const bench = talking();
    const wish = { kind: "transfer", participantId: "1b" as ParticipantId, to: { kind: "number", number: "999" } } as const;
    const before = bench.state;
    expect(bench.input({ kind: "target-found", wish, found: { kind: "nobody", message: "no" } })).toEqual(["transfer.failed"]);
    expect(bench.state).toEqual(before);
  });

  test("into a queue: the caller waits there", () => {
    const bench = talking();
    const wish = { kind: "transfer", participantId: "1b" as ParticipantId, to: { kind: "queue", queueId: "q" as QueueId } } as const;
    const queue = { queueId: "q" as QueueId, queueName: "Q", priority: 0, skillIds: [], languageId: null, inQueueFlow: null };
    expect(bench.input({ kind: "target-found", wish, found: { kind: "queue", queue } })).toEqual([
      "party.ended",
      "hang-up 1c normal",
      "enqueued",
      "flow-start",
    ]);
  });

  test("after a word: the other waits with music, and the two are left together", () => {
    const bench = talking();
    const said = bench.passesOn("consult", "1b", person("carol"));
    expect(said.slice(0, 4)).toEqual(["dialled", "unbridge L", "play hold L", "play ringback 1c"]);
    const legId = said.at(-1)!.split(" ")[2]!;
    expect(bench.answers(legId)).toEqual(["party.connected", `confirm ${legId}`, "stop-play ringback 1c", `bridge 1c ${legId}`]);
    expect(bench.asks("hold", "1b")).toEqual([]);
    expect(bench.asks("complete-transfer", "1b")).toEqual(["party.ended", "stop-play hold L", "hang-up 1c normal", `bridge L ${legId}`]);
    expect(bench.ends(legId, "hung-up")).toContain("ended");
    expect(bench.state.ended).toBe("party-hung-up");
  });

  test("after a word that was not had: back together, whoever ends it", () => {
    const cancelled = talking();
    const legId = cancelled.passesOn("consult", "1a", person("carol")).at(-1)!.split(" ")[2]!;
    expect(cancelled.asks("cancel-transfer", "1a")).toEqual([
      "party.ended",
      "stop-play hold 1c",
      `hang-up ${legId} normal`,
      "stop-play ringback L",
      "bridge L 1c",
    ]);
    const busy = talking();
    const other = busy.passesOn("consult", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    expect(busy.ends(other, "declined", 486)).toEqual(["party.ended", "stop-play hold L", "stop-play ringback 1c", "bridge L 1c"]);
    expect(busy.state.consult).toBeNull();
  });

  test("after a word with whoever has the extension elsewhere, when the first is not found", () => {
    const bench = talking();
    const first = legIn(bench.passesOn("consult", "1b", { ...person("carol"), otherwise: person("dave") }));
    const said = bench.ends(first, "unreachable");
    expect(said.map((word) => word.split(" ").slice(0, 2).join(" "))).toEqual(["party.ended", "dialled", "dial dave-station"]);
    bench.answers(legIn(said));
    expect(bench.state.consult).toMatchObject({ callee: { name: "dave" }, isUp: true });
  });

  test("hanging up in the middle passes it on; before the answer, who waits hears it ring", () => {
    const hungUp = talking();
    const legId = hungUp.passesOn("consult", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    hungUp.answers(legId);
    expect(hungUp.ends("1c", "hung-up")).toContain(`bridge L ${legId}`);
    expect(hungUp.state.ended).toBeNull();
    const early = talking();
    const ringing = early.passesOn("consult", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    expect(early.asks("complete-transfer", "1b")).toEqual([
      "party.ended",
      "stop-play hold L",
      "hang-up 1c normal",
      "stop-play ringback 1c",
      "play ringback L",
    ]);
    expect(early.answers(ringing)).toContain(`bridge L ${ringing}`);
  });

  test("who waits gives up meanwhile: everybody is let go", () => {
    const bench = talking();
    const legId = bench.passesOn("consult", "1b", person("carol")).at(-1)!.split(" ")[2]!;
    bench.answers(legId);
    const said = bench.ends("L", "hung-up");
    expect(said).toContain(`hang-up ${legId} normal`);
    expect(said).toContain("hang-up 1c normal");
  });
});

describe("a desk phone's own transfer key", () => {
  const asks = (bench: Bench, legId: string, number: string): string[] =>
    bench.leg({ kind: "leg.transfer-asked", legId: legId as LegId, number });

  test("is what its person may do by the page, and the phone is told what came of it", () => {
    const bench = talking();
    expect(asks(bench, "1c", "203")).toEqual(["find-target"]);
    const wish = { kind: "transfer", participantId: "1b" as ParticipantId, to: { kind: "number", number: "203" } } as const;
    const said = bench.input({ kind: "target-found", wish, found: { kind: "callee", callee: person("carol") } });
    expect(said.slice(0, 2)).toEqual(["party.ended", "hang-up 1c normal"]);
    expect(bench.results).toEqual(["refer-result 1c 200"]);
  });

  test("to nobody leaves the call as it was, and says so", () => {
    const bench = talking();
    const wish = { kind: "transfer", participantId: "1b" as ParticipantId, to: { kind: "number", number: "999999" } } as const;
    bench.input({ kind: "target-found", wish, found: { kind: "nobody", message: "no" } });
    expect([bench.results, bench.state.party !== null]).toEqual([["refer-result 1c 404"], true]);
  });

  test("of somebody outside is refused: nobody sends our calls elsewhere", () => {
    const bench = new Bench({ kind: "dial", callee: person("bob") }, trunk);
    bench.answers("1c");
    bench.answers("L");
    expect(asks(bench, "L", "+19005551234")).toEqual([]);
    expect(bench.results).toEqual(["refer-result L 403"]);
  });
});
