// Mutated torture messages through the whole SIP stack in virtual time: nothing throws, nothing stays.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { fakeEnv } from "../../support/fake-env.ts";
import { respond } from "../message/respond.ts";
import type { Flow } from "../transport/flow.ts";
import { DialogLayer, type Session } from "./layer.ts";

const corpora = new URL("../../../tests/corpora/", import.meta.url).pathname;
const seeds = ["rfc4475", "rfc5118"].flatMap((folder) =>
  readdirSync(corpora + folder)
    .filter((file) => file.endsWith(".dat"))
    .map((file) => readFileSync(`${corpora}${folder}/${file}`)),
);
const spices = [
  "\r\n",
  "\r\n ",
  "\0",
  ";",
  ",",
  "<",
  ">",
  '"',
  "\\",
  "@",
  ":",
  "%",
  "[",
  "]",
  "Via: ",
  "4294967296",
  "-1",
  "z9hG4bK",
  ";tag=",
  ";lr",
  "\ud83d",
];

function mutate(source: Buffer, below: (limit: number) => number): Buffer {
  let bytes = Buffer.from(source);
  for (let count = 1 + below(4); count > 0; count--) {
    const at = below(bytes.length);
    switch (below(5)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(20))]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(spices[below(spices.length)]!), bytes.subarray(at)]);
        break;
      case 3: {
        const end = Math.min(bytes.length, at + below(80));
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
        break;
      }
      default: {
        const other = seeds[below(seeds.length)]!;
        const from = below(other.length);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + below(200)), bytes.subarray(at)]);
      }
    }
  }
  return bytes;
}

test("DOS-01: twenty thousand mutated messages, answered at random, leave nothing behind", () => {
  const env = fakeEnv(undefined, 4475);
  const below = (limit: number): number => {
    const bytes = env.random.bytes(3);
    return limit === 0 ? 0 : (bytes[0]! * 65_536 + bytes[1]! * 256 + bytes[2]!) % limit;
  };
  let sent = 0;
  const standing: Session[] = [];
  const layer = new DialogLayer(
    env,
    {
      send: (_flow, bytes) => {
        sent++;
        expect(Buffer.from(bytes).toString("latin1")).toMatch(/^(SIP\/2\.0 [1-6][0-9]{2} |[^ \r\n]+ [^ \r\n]+ SIP\/2\.0\r\n)/);
        return below(50) > 0;
      },
      close: () => undefined,
    },
    {
      admit: () => ({ kind: "serve" }),
      incoming: (session) => {
        if (below(2) === 0) session.send({ kind: "reject", status: 404 });
        else session.send({ kind: "accept", body: new Uint8Array(0) });
        standing.push(session);
      },
      event: (session, event) => {
        if (event.kind === "offered") session.send({ kind: "reject-offer", status: 488 });
      },
      register: (transaction) => transaction.respond(respond(transaction.request, 401)),
      mayAnswerBroken: () => true,
      closed: () => undefined,
      nextHop: (_uri, flow) => flow,
    },
  );
  for (let i = 0; i < 20_000; i++) {
    const flow: Flow = {
      transport: "udp",
      connectionId: "",
      local: { address: "127.0.0.1", port: 5060 },
      remote: { address: `127.0.0.${2 + below(8)}`, port: 5060 },
    };
    layer.transactions.transport.datagram(flow, mutate(seeds[below(seeds.length)]!, below));
    env.advance(below(40));
  }
  for (const session of standing) session.send({ kind: "hang-up" });
  env.advance(200_000);
  expect(sent).toBeGreaterThan(5_000);
  expect([layer.size, layer.transactions.size, env.timersLeft()]).toEqual([0, 0, 0]);
});
