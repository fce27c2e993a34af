// The rules of routing, one row each: who wins, in which order conversations are taken, and the one reason that keeps everybody else away.
import { describe, expect, test } from "bun:test";
import type { QueueId, SkillId, UserId } from "../lib/id.ts";
import type { InHand, RoutableAgent } from "./agent.ts";
import { nearest, reasonCounts } from "./assign.ts";
import { type Decision, type ExclusionReason, exclusionReasons, match } from "./match.ts";
import { poolsOf } from "./pool.ts";
import type { Queue, QueueMember } from "./queue.ts";
import type { WaitingConversation } from "./waiting.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const now = 30 * dayMs;

type QueueFacts = Partial<Pick<Queue, "skillEvaluationMethod" | "scoringMethod">>;
/** `idleMs` null: never handled. `skills` by id; `joins` false: a member who has not joined. */
type AgentFacts = {
  readonly idleMs?: number | null;
  readonly onQueueMs?: number;
  readonly skills?: Readonly<Record<string, number>>;
  readonly queues?: readonly string[];
  readonly joined?: boolean;
} & Partial<Pick<RoutableAgent, "presence" | "routingStatus" | "inHand">>;
type WaitingFacts = {
  readonly queue?: string;
  readonly waitedMs?: number;
  readonly priority?: number;
  readonly atHead?: boolean;
  readonly skills?: readonly string[];
  readonly language?: string | null;
};
type Scene = {
  readonly queues?: Readonly<Record<string, QueueFacts>>;
  readonly agents: Readonly<Record<string, AgentFacts>>;
  readonly waiting?: Readonly<Record<string, WaitingFacts>>;
};

function decide(scene: Scene): Decision[] {
  const queues = Object.entries(scene.queues ?? { q: {} }).map(([id, facts]) => queueOf(id, facts));
  const agents = Object.entries(scene.agents).map(([id, facts]) => agentOf(id, facts));
  const waiting = Object.entries(scene.waiting ?? { c: {} }).map(([id, facts]) => waitingOf(id, facts));
  return match({ queues, agents, waiting, asOfSeq: 1 }, now);
}

function queueOf(id: string, facts: QueueFacts): Queue {
  return { id: id as QueueId, skillEvaluationMethod: "ALL", scoringMethod: "TimestampAndPriority", ...facts } as Queue;
}

function agentOf(id: string, facts: AgentFacts): RoutableAgent {
  const { idleMs = minuteMs, onQueueMs = minuteMs, skills = {}, queues = ["q"], joined = true, ...state } = facts;
  return {
    userId: id as UserId,
    presence: "ON_QUEUE",
    presenceAt: now - onQueueMs,
    routingStatus: "IDLE",
    routingStatusAt: now - onQueueMs,
    lastHandledAt: idleMs === null ? null : now - idleMs,
    inHand: { kind: "nothing" },
    skills: Object.entries(skills).map(([skillId, proficiency]) => ({ skillId: skillId as SkillId, proficiency })),
    queues: queues.map((queueId) => ({ queueId: queueId as QueueId, joined })),
    ...state,
  } as Partial<RoutableAgent> as RoutableAgent;
}

function waitingOf(id: string, facts: WaitingFacts): WaitingConversation {
  const { queue = "q", waitedMs = 0, priority = 0, atHead = false, skills = [], language = null } = facts;
  const enteredAt = now - waitedMs;
  return {
    conversationId: id,
    queueId: queue,
    enteredAt,
    baseAt: enteredAt,
    priority,
    atHead,
    skillIds: skills,
    languageId: language,
    state: "waiting",
    alertId: null,
  } as unknown as WaitingConversation;
}

const inHand = (kind: InHand["kind"]): InHand => (kind === "nothing" ? { kind } : ({ kind, id: "x" } as InHand));
const reasonsOf = (decision: Decision): Record<string, string> =>
  Object.fromEntries(decision.excluded.map(({ userId, reason }) => [userId, reason]));

describe("the agent", () => {
  type Row = readonly [rule: string, scene: Scene, winner: string | null];
  const asked = { c: { skills: ["x", "y"] } };
  const rows: readonly Row[] = [
    ["D2 the one longest idle", { agents: { a: { idleMs: 10 }, b: { idleMs: 30 }, c: { idleMs: 20 } } }, "b"],
    [
      "D2 idle is counted from the last handling, not from the last change of status",
      { agents: { a: { idleMs: 10, onQueueMs: 900 }, b: { idleMs: 30, onQueueMs: 1 } } },
      "b",
    ],
    ["O3 never handled comes before a day ago", { agents: { a: { idleMs: dayMs }, b: { idleMs: null } } }, "b"],
    [
      "O3 never handled counts as seven days: a millisecond less loses to it",
      { agents: { a: { idleMs: 7 * dayMs - 1, onQueueMs: 9 }, b: { idleMs: null, onQueueMs: 1 } } },
      "b",
    ],
    [
      "O3 more than seven days is no more than seven days",
      { agents: { a: { idleMs: 7 * dayMs, onQueueMs: 9 }, b: { idleMs: 20 * dayMs, onQueueMs: 1 } } },
      "a",
    ],
    ["O4 equally idle: longer on queue", { agents: { a: { onQueueMs: 1 }, b: { onQueueMs: 2 } } }, "b"],
    ["O4 equal in both: the lower id", { agents: { b: {}, a: {} } }, "a"],
    ["O4 ids compare by code unit", { agents: { a: {}, Z: {} } }, "Z"],
    [
      "D3 ALL ignores proficiency",
      { agents: { a: { skills: { x: 5, y: 5 }, idleMs: 1 }, b: { skills: { x: 0, y: 1 }, idleMs: 2 } }, waiting: asked },
      "b",
    ],
    [
      "D3 ALL demands all skills",
      { agents: { a: { skills: { x: 1, y: 1 }, idleMs: 1 }, b: { skills: { x: 5 }, idleMs: 2 } }, waiting: asked },
      "a",
    ],
    ["O5 proficiency 0 is held", { agents: { a: { skills: { x: 0, y: 0 } } }, waiting: asked }, "a"],
    [
      "D3 BEST takes the highest average",
      {
        queues: { q: { skillEvaluationMethod: "BEST" } },
        agents: { a: { skills: { x: 5, y: 1 }, idleMs: 9 }, b: { skills: { x: 3, y: 4 }, idleMs: 1 } },
        waiting: asked,
      },
      "b",
    ],
    [
      "D3 BEST averages over the requested skills only",
      {
        queues: { q: { skillEvaluationMethod: "BEST" } },
        agents: { a: { skills: { x: 3, y: 3 }, idleMs: 1 }, b: { skills: { x: 2, y: 2, z: 5 }, idleMs: 9 } },
        waiting: asked,
      },
      "a",
    ],
    [
      "D3 BEST averages the language too",
      {
        queues: { q: { skillEvaluationMethod: "BEST" } },
        agents: { a: { skills: { x: 4, de: 1 }, idleMs: 9 }, b: { skills: { x: 3, de: 5 }, idleMs: 1 } },
        waiting: { c: { skills: ["x"], language: "de" } },
      },
      "b",
    ],
    [
      "D3 BEST demands all skills",
      {
        queues: { q: { skillEvaluationMethod: "BEST" } },
        agents: { a: { skills: { x: 1, y: 1 } }, b: { skills: { x: 5 } } },
        waiting: asked,
      },
      "a",
    ],
    [
      "D3 BEST, equal averages: the longest idle",
      {
        queues: { q: { skillEvaluationMethod: "BEST" } },
        agents: { a: { skills: { x: 5, y: 1 }, idleMs: 1 }, b: { skills: { x: 3, y: 3 }, idleMs: 2 } },
        waiting: asked,
      },
      "b",
    ],
    [
      "O6 BEST with nothing requested: the longest idle",
      { queues: { q: { skillEvaluationMethod: "BEST" } }, agents: { a: { skills: { x: 5 }, idleMs: 1 }, b: { idleMs: 2 } } },
      "b",
    ],
    [
      "D3 NONE ignores skills",
      {
        queues: { q: { skillEvaluationMethod: "NONE" } },
        agents: { a: { skills: { x: 5, y: 5 }, idleMs: 1 }, b: { idleMs: 2 } },
        waiting: asked,
      },
      "b",
    ],
    [
      "O7 NONE demands the language",
      {
        queues: { q: { skillEvaluationMethod: "NONE" } },
        agents: { a: { skills: { de: 1 }, idleMs: 1 }, b: { idleMs: 2 } },
        waiting: { c: { language: "de" } },
      },
      "a",
    ],
    [
      "D3 ALL demands the language",
      { agents: { a: { skills: { de: 0 }, idleMs: 1 }, b: { idleMs: 2 } }, waiting: { c: { language: "de" } } },
      "a",
    ],
    ["nobody when nobody may", { agents: { a: { joined: false } } }, null],
    ["nobody when there is nobody", { agents: {} }, null],
  ];
  for (const [rule, scene, winner] of rows) {
    test(rule, () => expect(decide(scene)[0]!.userId).toBe(winner as UserId | null));
  }

  test("D3 BEST looks at the hundred longest idle only", () => {
    const crowd = Object.fromEntries(
      Array.from({ length: 101 }, (_, i): [string, AgentFacts] => [
        `u${String(i).padStart(3, "0")}`,
        { skills: { x: i === 0 ? 5 : i === 1 ? 4 : 1 }, idleMs: i },
      ]),
    );
    const [decision] = decide({ queues: { q: { skillEvaluationMethod: "BEST" } }, agents: crowd, waiting: { c: { skills: ["x"] } } });
    expect(decision!.userId).toBe("u001" as UserId);
    expect(reasonsOf(decision!).u000).toBe("BEYOND_POOL");
    expect(reasonCounts(decision!)).toEqual({ BEYOND_POOL: 1, OUTRANKED: 99 });
  });
});

describe("the reason", () => {
  const other: AgentFacts = { idleMs: 9 * minuteMs };
  type Row = readonly [reason: ExclusionReason, what: string, agent: AgentFacts, waiting?: WaitingFacts, queue?: QueueFacts];
  const rows: readonly Row[] = [
    ["NOT_JOINED", "a member who has not joined", { joined: false }],
    ["OFF_QUEUE", "another presence", { presence: "AVAILABLE", routingStatus: "OFF_QUEUE" }],
    ["OFF_QUEUE", "a break with work still in hand", { presence: "BREAK", routingStatus: "INTERACTING", inHand: inHand("conversation") }],
    ["OFF_QUEUE", "a status that lags behind", { routingStatus: "OFF_QUEUE" }],
    ["NOT_RESPONDING", "did not take the last alert", { routingStatus: "NOT_RESPONDING" }],
    ["ALERTING", "rings already", { inHand: inHand("alert") }],
    ["CAPACITY", "talks", { routingStatus: "INTERACTING", inHand: inHand("conversation") }],
    ["CAPACITY", "writes the last one up", { routingStatus: "INTERACTING", inHand: inHand("after-call-work") }],
    ["CAPACITY", "is on a call of another kind", { routingStatus: "COMMUNICATING" }],
    ["LANGUAGE", "does not speak it", { skills: { x: 5 } }, { skills: ["x"], language: "de" }],
    ["LANGUAGE", "does not speak it, and skills do not count", {}, { language: "de" }, { skillEvaluationMethod: "NONE" }],
    ["SKILL", "lacks one of two", { skills: { x: 5 } }, { skills: ["x", "y"] }],
    ["SKILL", "lacks it where the best is sought", { skills: { y: 5 } }, { skills: ["x"] }, { skillEvaluationMethod: "BEST" }],
    ["OUTRANKED", "may, and another is better", { idleMs: 1, skills: { x: 1, y: 1, de: 1 } }, { skills: ["x", "y"], language: "de" }],
  ];
  for (const [reason, what, agent, waiting = {}, queue = {}] of rows) {
    test(`${reason}: ${what}`, () => {
      const agents = { it: agent, winner: { ...other, skills: { x: 1, y: 1, de: 1 } } };
      const [decision] = decide({ queues: { q: queue }, agents, waiting: { c: waiting } });
      expect(decision!.userId).toBe("winner" as UserId);
      expect(decision!.excluded).toEqual([{ userId: "it" as UserId, reason }]);
    });
  }

  test("is the first that applies: each row below adds the reason before the one above", () => {
    let agent: AgentFacts = { idleMs: 1 };
    const layers: readonly [ExclusionReason, AgentFacts][] = [
      ["OUTRANKED", { skills: { x: 1, de: 1 } }],
      ["SKILL", { skills: { de: 1 } }],
      ["LANGUAGE", { skills: {} }],
      ["CAPACITY", { inHand: inHand("conversation") }],
      ["ALERTING", { inHand: inHand("alert") }],
      ["NOT_RESPONDING", { routingStatus: "NOT_RESPONDING" }],
      ["OFF_QUEUE", { presence: "AWAY" }],
      ["NOT_JOINED", { joined: false }],
    ];
    for (const [reason, more] of layers) {
      agent = { ...agent, ...more };
      const agents = { it: agent, winner: { ...other, skills: { x: 1, de: 1 } } };
      expect(reasonsOf(decide({ agents, waiting: { c: { skills: ["x"], language: "de" } } })[0]!).it).toBe(reason);
    }
  });

  test("ALERTING: was given another conversation in this very pass", () => {
    const [first, second] = decide({ agents: { a: {} }, waiting: { old: { waitedMs: 2 }, young: { waitedMs: 1 } } });
    expect([first!.conversationId, first!.userId]).toEqual(["old", "a" as UserId]);
    expect([second!.conversationId, second!.userId]).toEqual(["young", null]);
    expect(reasonsOf(second!)).toEqual({ a: "ALERTING" });
  });

  // NOT_MEMBER is for agents who are named (last agent, direct), which are not built: candidates are the members.
  test("nobody outside the queue is a candidate", () => {
    const [decision] = decide({ queues: { q: {}, r: {} }, agents: { a: {}, b: { queues: ["r"] } } });
    expect(decision!.excluded).toEqual([]);
  });

  test("excluded are listed by id, by code unit", () => {
    const agents = { b: {}, a: { joined: false }, Z: { idleMs: 1 }, winner: other };
    expect(decide({ agents })[0]!.excluded.map(({ userId }) => String(userId))).toEqual(["Z", "a", "b"]);
  });
});

describe("the order of conversations", () => {
  type Row = readonly [
    rule: string,
    waiting: Readonly<Record<string, WaitingFacts>>,
    order: string,
    queues?: Readonly<Record<string, QueueFacts>>,
  ];
  const both = { p: { scoringMethod: "PriorityOnly" }, q: {} } as const;
  const rows: readonly Row[] = [
    ["D1 the oldest first", { a: { waitedMs: 1 }, b: { waitedMs: 3 }, c: { waitedMs: 2 } }, "b c a"],
    ["D1 a point is a minute: less loses", { a: { waitedMs: minuteMs + 1 }, b: { priority: 1 } }, "a b"],
    ["D1 a point is a minute: more wins", { a: { waitedMs: minuteMs - 1 }, b: { priority: 1 } }, "b a"],
    [
      "D1 a negative priority holds back",
      { a: { priority: -2 }, b: { waitedMs: 1 }, c: { waitedMs: 3 * minuteMs, priority: -2 } },
      "c b a",
    ],
    ["O8 equal score: the earlier base", { a: { priority: 1 }, b: { waitedMs: minuteMs } }, "b a"],
    ["O8 equal in both: the lower id", { b: {}, a: {}, Z: {} }, "Z a b"],
    [
      "a head comes before everything",
      { a: { waitedMs: 90 * minuteMs, priority: 100 }, b: { atHead: true }, p: { queue: "p", priority: 9 } },
      "b p a",
      both,
    ],
    ["two heads: by score", { a: { atHead: true, waitedMs: 1 }, b: { atHead: true, waitedMs: 2 } }, "b a"],
    [
      "D1 PriorityOnly queues come before the others",
      { a: { waitedMs: 90 * minuteMs, priority: 100 }, b: { queue: "p", priority: 0 } },
      "b a",
      both,
    ],
    [
      "D1 PriorityOnly: age does not count",
      { a: { queue: "p", waitedMs: 90 * minuteMs, priority: 1 }, b: { queue: "p", priority: 2 } },
      "b a",
      both,
    ],
    ["O8 PriorityOnly, equal priority: the earlier base", { a: { queue: "p", waitedMs: 1 }, b: { queue: "p", waitedMs: 2 } }, "b a", both],
    ["O8 PriorityOnly, equal in both: the lower id", { b: { queue: "p" }, a: { queue: "p" } }, "a b", both],
  ];
  for (const [rule, waiting, order, queues = { q: {} }] of rows) {
    test(rule, () => {
      const decisions = decide({ queues, agents: {}, waiting });
      expect(decisions.map(({ conversationId }) => conversationId).join(" ")).toBe(order);
    });
  }

  test("O9 each takes its best agent in turn, without looking ahead", () => {
    const agents = { only: { skills: { x: 1 }, idleMs: 2 }, any: { idleMs: 1 } };
    const decisions = decide({ agents, waiting: { first: { waitedMs: 2 }, second: { waitedMs: 1, skills: ["x"] } } });
    expect(decisions.map(({ userId }) => userId)).toEqual(["only" as UserId, null]);
  });

  test("queues of one pool share their agents", () => {
    const agents = { shared: { queues: ["q", "r"], idleMs: 9 }, alone: { queues: ["r"], idleMs: 1 } };
    const decisions = decide({
      queues: { q: {}, r: {} },
      agents,
      waiting: { a: { queue: "q", waitedMs: 2 }, b: { queue: "r", waitedMs: 1 } },
    });
    expect(decisions.map(({ conversationId, userId }) => `${conversationId} ${userId}`)).toEqual(["a shared", "b alone"]);
  });

  test("whoever waits in a queue of another pool is not looked at", () => {
    expect(decide({ agents: { a: {} }, waiting: { c: { queue: "elsewhere" } } })).toEqual([]);
  });

  test("D1 the score is minutes waited plus priority, not rounded; with PriorityOnly the priority", () => {
    const waiting = { a: { waitedMs: 8_000, priority: 2 }, b: { queue: "p", waitedMs: 8_000, priority: -3 } };
    const scores = Object.fromEntries(
      decide({ queues: both, agents: {}, waiting }).map(({ conversationId, score }) => [conversationId, score]),
    );
    expect(scores).toEqual({ a: 8_000 / 60_000 + 2, b: -3 });
  });
});

describe("what is kept of a decision", () => {
  const nearness: readonly ExclusionReason[] = [
    "OUTRANKED",
    "BEYOND_POOL",
    "SKILL",
    "LANGUAGE",
    "CAPACITY",
    "ALERTING",
    "NOT_RESPONDING",
    "OFF_QUEUE",
    "NOT_JOINED",
    "NOT_MEMBER",
  ];
  const decisionWith = (reasons: readonly ExclusionReason[]): Decision => ({
    conversationId: "c",
    queueId: "q" as QueueId,
    userId: null,
    score: 0,
    excluded: reasons.map((reason, i) => ({ userId: `u${String(i).padStart(2, "0")}` as UserId, reason })),
  });

  test("the losers nearest to winning come first, and every reason has its place", () => {
    expect([...nearness].sort()).toEqual([...exclusionReasons].sort());
    expect(nearest(decisionWith([...nearness].reverse())).map(({ reason }) => reason)).toEqual([...nearness]);
  });

  test("ten of them are kept, by id among equals", () => {
    const kept = nearest(decisionWith([...Array<ExclusionReason>(8).fill("OFF_QUEUE"), ...Array<ExclusionReason>(4).fill("SKILL")]));
    expect(kept.map(({ userId }) => userId).join(" ")).toBe("u08 u09 u10 u11 u00 u01 u02 u03 u04 u05");
  });

  test("all are counted, by reason", () => {
    const reasons = [...Array<ExclusionReason>(12).fill("OFF_QUEUE"), "SKILL", "SKILL", "ALERTING"] as const;
    expect(reasonCounts(decisionWith(reasons))).toEqual({ OFF_QUEUE: 12, SKILL: 2, ALERTING: 1 });
  });
});

describe("a pool", () => {
  type Row = readonly [what: string, members: string, pools: string];
  const rows: readonly Row[] = [
    ["is one queue when nobody is shared", "u:a v:b", "a=a b=b c=c d=d"],
    ["is the queues that a member shares, under the lowest id", "u:b u:a", "a=a b=a c=c d=d"],
    ["reaches as far as members lead", "u:c u:d v:b v:c w:a w:b", "a=a b=a c=a d=a"],
    ["does not depend on the order of its members", "w:b w:a v:c v:b u:d u:c", "a=a b=a c=a d=a"],
    ["passes over queues that are gone", "u:a u:gone v:gone v:b", "a=a b=b c=c d=d"],
  ];
  for (const [what, members, pools] of rows) {
    test(what, () => {
      const list = members.split(" ").map((entry): QueueMember => {
        const [userId, queueId] = entry.split(":") as [UserId, QueueId];
        return { userId, queueId, joined: true };
      });
      const found = poolsOf(["a", "b", "c", "d"] as QueueId[], list);
      expect([...found].map(([queueId, pool]) => `${queueId}=${pool}`).join(" ")).toBe(pools);
    });
  }
});
