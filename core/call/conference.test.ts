// Conferences and supervision: who hears whom after every step, who stays with whom, and what crosses on the way.
import { describe, expect, test } from "bun:test";
import { agentLeg, Bench, legIn, person, queueCall } from "../../tests/support/call-bench.ts";
import type { SupervisionMode } from "../conversation/conversation.ts";
import type { LegId, ParticipantId, StationId, UserId } from "../lib/id.ts";
import { conferencePartiesMax, supervisorsPerCallMax } from "../lib/limits.ts";
import type { SpeakTo } from "./state.ts";

const stationId = "priya-station" as StationId;

/** The agent asks somebody, who answers; their leg. */
function consults(bench: Bench, name: string, by = "priya", speakTo: SpeakTo = "DESTINATION"): string {
  const legId = legIn(bench.passesOn("consult", by, person(name), speakTo));
  bench.answers(legId);
  return legId;
}

const turnsTo = (bench: Bench, speakTo: SpeakTo, by = "priya"): string[] =>
  bench.wishes({ kind: "speak-to", participantId: by as ParticipantId, speakTo });

/** Customer, agent and carol, together; carol's leg. */
function conference(): { readonly bench: Bench; readonly carol: string; readonly a: string } {
  const bench = queueCall();
  const carol = consults(bench, "carol");
  turnsTo(bench, "BOTH");
  return { bench, carol, a: agentLeg(bench) };
}

const supervises = (bench: Bench, mode: SupervisionMode, userId = "gareth", participantId = "priya"): string[] =>
  bench.wishes({
    ...{ kind: "supervise", participantId: participantId as ParticipantId, mode, userId: userId as UserId },
    ...{ stationId: `${userId}-station` as StationId, reason: "", shown: "Priya" },
  });

/** Somebody listens to the agent; their leg. */
function listens(bench: Bench, mode: SupervisionMode, userId = "gareth"): string {
  const legId = legIn(supervises(bench, mode, userId));
  bench.answers(legId);
  return legId;
}

describe("a consultation", () => {
  test("turns from the one to the other and back, and whoever waits hears music", () => {
    const bench = queueCall();
    const a = agentLeg(bench);
    const carol = consults(bench, "carol");
    expect(turnsTo(bench, "DESTINATION")).toEqual([]);
    expect(turnsTo(bench, "OBJECT")).toEqual(["consult.updated", "stop-play hold L", `play hold ${carol}`, `bridge L ${a}`]);
    expect(turnsTo(bench, "DESTINATION")).toEqual(["consult.updated", `stop-play hold ${carol}`, "play hold L", `bridge ${a} ${carol}`]);
    expect(turnsTo(bench, "OBJECT")).toContain(`bridge L ${a}`);
    expect(bench.asks("complete-transfer", "priya")).toEqual([
      "agent.ended",
      `stop-play hold ${carol}`,
      "record-stop",
      `hang-up ${a} normal`,
      `bridge L ${carol}`,
    ]);
  });

  test("is ended by the page of whoever is asked", () => {
    const bench = queueCall();
    const carol = consults(bench, "carol");
    expect(bench.asks("disconnect", "carol")).toEqual([
      "party.ended",
      "stop-play hold L",
      `hang-up ${carol} normal`,
      `bridge L ${agentLeg(bench)}`,
    ]);
  });

  test("may be a conference from its first word, or let the agent talk on until then", () => {
    const both = queueCall();
    const carol = legIn(both.passesOn("consult", "priya", person("carol"), "BOTH"));
    expect(both.answers(carol)).toContain(`mix ${carol} > all`);
    const talksOn = queueCall();
    const said = talksOn.passesOn("consult", "priya", person("carol"), "OBJECT");
    expect(said).toEqual(["dialled", expect.stringMatching(/^dial carol-station/)]);
    expect(talksOn.answers(legIn(said))).toEqual([
      "party.connected",
      "consult.updated",
      `play hold ${legIn(said)}`,
      `confirm ${legIn(said)}`,
    ]);
  });
});

describe("whoever asks loses their browser", () => {
  test("and finds the one they asked when it is back", () => {
    const bench = queueCall();
    const carol = legIn(bench.passesOn("consult", "priya", person("carol")));
    bench.leg({ kind: "leg.lost", legId: agentLeg(bench) as LegId });
    expect(bench.answers(carol)).toContain(`confirm ${carol}`);
    const back = legIn(bench.input({ kind: "station-registered", stationId }));
    expect(bench.answers(back)).toContain(`bridge ${back} ${carol}`);
  });

  test("and does not come back: who was asked is let go, the caller waits again", () => {
    const bench = queueCall();
    const carol = consults(bench, "carol");
    bench.leg({ kind: "leg.lost", legId: agentLeg(bench) as LegId });
    const said = bench.input({ kind: "timer", name: "agent-lost" });
    expect(said).toEqual(expect.arrayContaining(["party.ended", `hang-up ${carol} normal`, "enqueued", "flow-start"]));
  });
});

describe("a conference", () => {
  test("begins when whoever asks brings all together: each hears the others", () => {
    const bench = queueCall();
    const a = agentLeg(bench);
    const carol = consults(bench, "carol");
    expect(turnsTo(bench, "BOTH")).toEqual(["consult.updated", "stop-play hold L", "mix L > all", `mix ${a} > all`, `mix ${carol} > all`]);
    expect(bench.state.consult).toBeNull();
    expect(bench.state.recording).not.toBeNull();
  });

  test("brings back whoever was on hold before the question", () => {
    const bench = queueCall();
    bench.asks("hold", "priya");
    consults(bench, "carol");
    expect(turnsTo(bench, "BOTH").slice(0, 2)).toEqual(["consult.updated", "resumed"]);
  });

  test("ends where it began when the third leaves, is removed, or loses its device", () => {
    const end = (how: (bench: Bench, carol: string) => string[]): string[] => {
      const { bench, carol, a } = conference();
      const said = how(bench, carol);
      expect(said[0]).toBe("party.ended");
      expect(said.at(-1)).toBe(`bridge L ${a}`);
      expect(bench.state.members).toEqual([]);
      return said;
    };
    expect(end((bench, carol) => bench.ends(carol, "hung-up"))).toHaveLength(2);
    expect(end((bench) => bench.asks("remove", "carol"))[1]).toMatch(/^hang-up/);
    expect(end((bench) => bench.asks("disconnect", "carol"))[1]).toMatch(/^hang-up/);
    end((bench, carol) => bench.leg({ kind: "leg.lost", legId: carol as LegId }));
    end((bench, carol) => bench.ends(carol, "media-failed"));
  });

  test("is left by the agent, who has after-call work and whose recording ends; the others are bridged", () => {
    for (const leaves of [(bench: Bench) => bench.asks("disconnect", "priya"), (bench: Bench, a: string) => bench.ends(a, "hung-up")]) {
      const { bench, carol, a } = conference();
      expect(leaves(bench, a)).toEqual(["agent.ended", "record-stop", `hang-up ${a} normal`, `bridge L ${carol}`]);
      expect(bench.state.ended).toBeNull();
      expect(bench.ends(carol, "hung-up")).toContain("hang-up L normal");
      expect(bench.state.ended).toBe("party-hung-up");
    }
  });

  test("goes on when the customer leaves: the two of ours talk on, unrecorded, and belong in no queue", () => {
    const { bench, carol, a } = conference();
    expect(bench.ends("L", "hung-up")).toEqual(["party.ended", "record-stop", "hang-up L normal", `bridge ${carol} ${a}`]);
    expect(bench.state.ended).toBeNull();
    bench.leg({ kind: "leg.lost", legId: a as LegId });
    expect(bench.input({ kind: "timer", name: "agent-lost" })).toContain(`hang-up ${carol} normal`);
    expect(bench.state.ended).toBe("agent-hung-up");
  });

  test("ends with the customer when nobody would be left to talk with", () => {
    const { bench, carol, a } = conference();
    bench.leg({ kind: "leg.lost", legId: a as LegId });
    expect(bench.ends("L", "hung-up")).toContain(`hang-up ${carol} normal`);
    expect(bench.state.ended).toBe("customer-hung-up");
  });

  test("goes on without an agent whose browser is gone, who comes back into it or does not", () => {
    const { bench, carol, a } = conference();
    expect(bench.leg({ kind: "leg.lost", legId: a as LegId })).toEqual([
      "agent.lost",
      `unbridge ${a}`,
      "timer-set",
      `record-channel ${carol}`,
      `bridge L ${carol}`,
    ]);
    const back = legIn(bench.input({ kind: "station-registered", stationId }));
    const said = bench.answers(back);
    expect(said.filter((word) => word.startsWith("mix"))).toEqual(["mix L > all", `mix ${back} > all`, `mix ${carol} > all`]);
    const stays = conference();
    stays.bench.leg({ kind: "leg.lost", legId: stays.a as LegId });
    const gone = stays.bench.input({ kind: "timer", name: "agent-lost" });
    expect(gone.slice(0, 2)).toEqual(["agent.ended", "record-stop"]);
    expect(gone).not.toContain("enqueued");
    expect(stays.bench.state.party?.participantId).toBe("carol" as ParticipantId);
  });

  test("is held by whoever steps out of it; the others go on, and who is left alone hears music", () => {
    const { bench, carol, a } = conference();
    expect(bench.asks("hold", "priya")).toEqual(["held", `unbridge ${a}`, `record-channel ${carol}`, `bridge L ${carol}`]);
    expect(bench.asks("hold", "carol")).toEqual([
      "held",
      "unbridge L",
      "play hold L",
      `play hold ${a}`,
      `play hold ${carol}`,
      `record-channel ${a}`,
    ]);
    expect(bench.asks("resume", "priya")).toEqual([
      "resumed",
      "stop-play hold L",
      `stop-play hold ${a}`,
      `stop-play hold ${carol}`,
      `bridge L ${a}`,
    ]);
    expect(bench.asks("resume", "carol")).toContain(`mix ${carol} > all`);
  });

  test("is asked out of for a fourth while the others talk on, and then there are four", () => {
    const { bench, carol, a } = conference();
    const said = bench.passesOn("consult", "priya", person("dave"));
    expect(said).toContain(`bridge L ${carol}`);
    expect(said.some((word) => word.startsWith("play hold"))).toBe(false);
    const dave = legIn(said);
    expect(bench.answers(dave)).toContain(`bridge ${a} ${dave}`);
    expect(turnsTo(bench, "BOTH").filter((word) => word.startsWith("mix"))).toHaveLength(4);
    expect(bench.asks("disconnect", "priya").filter((word) => word.startsWith("mix"))).toEqual([]);
    expect([bench.state.party?.legId, bench.state.members.map(({ legId }) => legId)]).toEqual([carol as LegId, [dave as LegId]]);
  });

  test("is left in the middle of asking a fourth: who is there comes in, who is not is not waited for", () => {
    const up = conference();
    const dave = consults(up.bench, "dave");
    const said = up.bench.asks("complete-transfer", "priya");
    expect(said).toContain("agent.ended");
    expect(said).toContain(`mix ${dave} > all`);
    const rings = conference();
    const erin = legIn(rings.bench.passesOn("consult", "priya", person("erin")));
    expect(rings.bench.ends(rings.a, "hung-up")).toEqual(expect.arrayContaining(["party.ended", `hang-up ${erin} normal`, "agent.ended"]));
    expect(rings.bench.state.party?.legId).toBe(rings.carol as LegId);
    expect(rings.bench.answers(erin)).toEqual([`hang-up ${erin} normal`]);
  });

  test("whoever was asked hangs up while they are brought in: nobody is brought in", () => {
    const bench = queueCall();
    const carol = consults(bench, "carol");
    bench.ends(carol, "hung-up");
    expect(turnsTo(bench, "BOTH")).toEqual([]);
    expect(bench.state.members).toEqual([]);
  });

  test("has a limit, no queue, no transfer at once, and is nobody's to enlarge who was brought in", () => {
    const { bench } = conference();
    const wish = { participantId: "priya" as ParticipantId, to: { kind: "number", number: "9" } } as const;
    expect(bench.wishes({ kind: "transfer", ...wish })).toEqual(["transfer.failed"]);
    expect(bench.wishes({ kind: "transfer", ...wish, participantId: "carol" as ParticipantId })).toEqual(["transfer.failed"]);
    for (let n = 3; n < conferencePartiesMax; n += 1) {
      consults(bench, `guest-${n}`);
      turnsTo(bench, "BOTH");
    }
    expect(bench.state.members).toHaveLength(conferencePartiesMax - 2);
    const consult = { kind: "consult", ...wish, speakTo: "DESTINATION", asId: "x" as ParticipantId } as const;
    expect(bench.wishes(consult)).toEqual(["transfer.failed"]);
    bench.asks("remove", "carol");
    expect(bench.wishes(consult)).toEqual(["find-target"]);
  });

  test("between people without a queue goes on whichever of the two leaves", () => {
    const make = (): { bench: Bench; carol: string } => {
      const bench = new Bench({ kind: "dial", callee: person("bob") });
      bench.answers("1c");
      bench.answers("L");
      const carol = consults(bench, "carol", "1a");
      turnsTo(bench, "BOTH", "1a");
      return { bench, carol };
    };
    const called = make();
    expect(called.bench.ends("1c", "hung-up").at(-1)).toBe(`bridge L ${called.carol}`);
    const caller = make();
    expect(caller.bench.asks("disconnect", "1a")).toEqual(["party.ended", "hang-up L normal", `bridge 1c ${caller.carol}`]);
    const removed = make();
    expect(removed.bench.asks("remove", "1b")).toEqual(["party.ended", "hang-up 1c normal", `bridge L ${removed.carol}`]);
  });

  test("is over for everybody when the node stops", () => {
    const { bench, carol, a } = conference();
    const said = bench.input({ kind: "stop", reason: "node-stopped" });
    expect(said).toEqual(expect.arrayContaining(["hang-up L normal", `hang-up ${a} normal`, `hang-up ${carol} normal`]));
  });
});

describe("supervision", () => {
  test("is heard by nobody, by one, or by everybody, and can change among them", () => {
    const bench = queueCall();
    const a = agentLeg(bench);
    const said = supervises(bench, "monitoring");
    const s = legIn(said);
    expect(said).toEqual(["supervision.started", `dial gareth-station ${s}`]);
    expect(bench.answers(s)).toEqual(["supervision.connected", `confirm ${s}`, "mix L > all", `mix ${a} > all`, `mix ${s} > nobody`]);
    expect(supervises(bench, "coaching")).toEqual(["supervision.switched", `mix ${s} > ${a}`]);
    expect(supervises(bench, "barging")).toEqual(["supervision.switched", `mix ${s} > all`]);
    expect(supervises(bench, "barging")).toEqual([]);
    expect(supervises(bench, "monitoring")).toEqual(["supervision.switched", `mix ${s} > nobody`]);
    expect(bench.ends(s, "hung-up")).toEqual(["supervision.ended", `bridge L ${a}`]);
    expect(bench.state.ended).toBeNull();
  });

  test("follows the one beside whom it is: into a question, and not onto hold, unless they are spoken to", () => {
    const bench = queueCall();
    const a = agentLeg(bench);
    const s = listens(bench, "monitoring");
    expect(bench.asks("hold", "priya")).toEqual(["held", "unbridge L", `unbridge ${a}`, `unbridge ${s}`, "play hold L"]);
    expect(supervises(bench, "coaching")).toEqual(["supervision.switched", `mix ${a} > all`, `mix ${s} > all`]);
    bench.asks("resume", "priya");
    supervises(bench, "monitoring");
    const carol = consults(bench, "carol");
    expect(bench.state.music.has("L" as LegId)).toBe(true);
    const back = bench.asks("cancel-transfer", "priya");
    expect(back).toContain(`hang-up ${carol} normal`);
    expect(back).toContain("mix L > all");
  });

  test("of a conference hears all of it; the coach is heard by one alone, also by no other supervisor", () => {
    const { bench, carol, a } = conference();
    const coach = listens(bench, "coaching");
    const said = legIn(supervises(bench, "monitoring", "helen"));
    expect(bench.answers(said)).toEqual(["supervision.connected", `confirm ${said}`, `mix ${said} > nobody`]);
    expect(bench.state.supervisors.map(({ legId }) => legId)).toEqual([coach as LegId, said as LegId]);
    expect(bench.asks("disconnect", "carol").filter((word) => word.startsWith("mix") || word.startsWith("bridge"))).toEqual([]);
    expect([carol, a].every((leg) => leg !== coach)).toBe(true);
  });

  test("ends with the call, also while the station still rings", () => {
    const up = queueCall();
    const s = listens(up, "barging");
    expect(up.ends("L", "hung-up")).toEqual(expect.arrayContaining(["supervision.ended", `hang-up ${s} normal`]));
    const rings = queueCall();
    const r = legIn(supervises(rings, "monitoring"));
    expect(rings.ends("L", "hung-up")).toEqual(expect.arrayContaining(["supervision.ended", `hang-up ${r} normal`]));
    expect(rings.answers(r)).toEqual([`hang-up ${r} normal`]);
  });

  test("ends when the one beside whom it is leaves: nobody is taken along to others", () => {
    const bench = queueCall();
    const carol = consults(bench, "carol");
    const s = listens(bench, "monitoring");
    const said = bench.asks("complete-transfer", "priya");
    expect(said).toEqual(expect.arrayContaining(["supervision.ended", `hang-up ${s} normal`]));
    expect(said.at(-1)).toBe(`bridge L ${carol}`);
  });

  test("leaves the call alone when its station does not answer, or is lost, or its person leaves by the page", () => {
    const silent = queueCall();
    expect(silent.ends(legIn(supervises(silent, "monitoring")), "no-answer", 480)).toEqual(["supervision.ended"]);
    const lost = queueCall();
    const s = listens(lost, "monitoring");
    expect(lost.leg({ kind: "leg.lost", legId: s as LegId })).toEqual([
      "supervision.ended",
      `hang-up ${s} normal`,
      `bridge L ${agentLeg(lost)}`,
    ]);
    const leaves = queueCall();
    listens(leaves, "monitoring");
    expect(leaves.asks("disconnect", leaves.state.supervisors[0]!.participantId)[0]).toBe("supervision.ended");
    expect(leaves.state.ended).toBeNull();
  });

  test("waits beside an agent whose browser is gone, and hears them again", () => {
    const bench = queueCall();
    const s = listens(bench, "monitoring");
    bench.leg({ kind: "leg.lost", legId: agentLeg(bench) as LegId });
    expect(bench.state.supervisors).toHaveLength(1);
    const back = legIn(bench.input({ kind: "station-registered", stationId }));
    expect(bench.answers(back)).toEqual(expect.arrayContaining([`mix ${back} > all`, `mix ${s} > nobody`]));
  });

  test("is not told to be silent: what a supervisor says is theirs to say", () => {
    const bench = queueCall();
    const legId = listens(bench, "monitoring") as LegId;
    const trouble = { kind: "leg.trouble", legId, trouble: { cause: "only-silence", detail: "" }, before: null, forMs: 5_000 } as const;
    expect(bench.leg({ ...trouble, direction: "from" })).toEqual([]);
    expect(bench.leg({ ...trouble, direction: "to" })).toEqual(["media.silent"]);
  });

  test("may turn before its station has answered", () => {
    const bench = queueCall();
    const s = legIn(supervises(bench, "monitoring"));
    expect(supervises(bench, "coaching")).toEqual(["supervision.switched"]);
    expect(bench.answers(s)).toContain(`mix ${s} > ${agentLeg(bench)}`);
  });

  test("is refused to whoever is in the call, beside nobody of ours, and to one too many", () => {
    const { bench } = conference();
    expect(supervises(bench, "monitoring", "carol")).toEqual(["supervision.refused"]);
    expect(supervises(bench, "monitoring", "gareth", "nobody")).toEqual(["supervision.refused"]);
    expect(supervises(bench, "monitoring", "gareth", bench.state.customer.participantId)).toEqual(["supervision.refused"]);
    for (let n = 0; n < supervisorsPerCallMax; n += 1) listens(bench, "monitoring", `supervisor-${n}`);
    expect(supervises(bench, "monitoring", "gareth")).toEqual(["supervision.refused"]);
  });
});
