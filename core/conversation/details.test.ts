// The figures of a participant: what a queue offered, what an agent spent where, and nothing of what is not over.
import { expect, test } from "bun:test";
import type { Participant, Segment, SegmentType } from "./conversation.ts";
import { metricsOf } from "./details.ts";

const participant = (fields: Partial<Participant>): Participant => ({
  id: "p" as Participant["id"],
  conversationId: "c" as Participant["conversationId"],
  purpose: "agent",
  userId: null,
  queueId: null,
  flowId: null,
  address: "",
  name: "",
  consultedBy: null,
  addedBy: null,
  supervises: null,
  startedAt: 0,
  connectedAt: null,
  endedAt: null,
  disconnectType: null,
  wrapupCode: null,
  heldSince: null,
  ...fields,
});
type Stay = readonly [SegmentType, number, number | null];
const segments = (list: readonly Stay[]): Segment[] =>
  list.map(([type, startedAt, endedAt]) => ({
    participantId: "p" as Segment["participantId"],
    conversationId: "c" as Segment["conversationId"],
    type,
    startedAt,
    endedAt,
  }));
const figures = (of: Participant, list: readonly Stay[]): Record<string, number> =>
  Object.fromEntries(metricsOf(of, segments(list)).map(({ name, value }) => [name, value]));

const table: readonly (readonly [what: string, Participant, readonly Stay[], Record<string, number>])[] = [
  ["a queue whose call waits", participant({ purpose: "acd" }), [], { nOffered: 1 }],
  [
    "a queue whose call was answered",
    participant({ purpose: "acd", endedAt: 9_000, disconnectType: "transfer" }),
    [],
    { nOffered: 1, tAcd: 9_000, tAnswered: 9_000 },
  ],
  [
    "a queue whose call was given up",
    participant({ purpose: "acd", startedAt: 1_000, endedAt: 5_000, disconnectType: "endpoint" }),
    [],
    { nOffered: 1, tAcd: 4_000, tAbandon: 4_000 },
  ],
  ["an agent who is rung", participant({}), [["alert", 0, null]], {}],
  [
    "an agent who did not answer",
    participant({ endedAt: 8_000, disconnectType: "noAnswer" }),
    [["alert", 0, 8_000]],
    { tAlert: 8_000, tNotResponding: 8_000 },
  ],
  [
    "an agent whose caller left meanwhile",
    participant({ endedAt: 3_000, disconnectType: "system" }),
    [["alert", 0, 3_000]],
    { tAlert: 3_000 },
  ],
  [
    "an agent who talks",
    participant({ connectedAt: 2_000 }),
    [
      ["alert", 0, 2_000],
      ["interact", 2_000, null],
    ],
    { tAlert: 2_000 },
  ],
  [
    "an agent who is wrapping up",
    participant({ connectedAt: 2_000, endedAt: 12_000 }),
    [
      ["alert", 0, 2_000],
      ["interact", 2_000, 12_000],
      ["wrapup", 12_000, null],
    ],
    { tAlert: 2_000, tTalk: 10_000 },
  ],
  [
    "an agent who held twice and wrapped up",
    participant({ connectedAt: 2_000, endedAt: 12_000 }),
    [
      ["alert", 0, 2_000],
      ["interact", 2_000, 4_000],
      ["hold", 4_000, 5_000],
      ["interact", 5_000, 10_000],
      ["hold", 10_000, 12_000],
      ["wrapup", 12_000, 20_000],
    ],
    { tAlert: 2_000, tTalk: 7_000, tHeld: 3_000, tAcw: 8_000, tHandle: 18_000 },
  ],
];

test.each(table)("%s", (_what, of, list, expected) => {
  expect(figures(of, list)).toEqual(expected);
});
