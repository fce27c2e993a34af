// The robots of a measurement, in a process of their own: agents with phones, and callers that hold so many calls until they are told to end.
import { loadAssets } from "../../cmd/assets.ts";
import { loadConfig } from "../../cmd/config.ts";
import { robotAgents, robotDesk } from "../../cmd/demo.ts";
import { realEnv } from "../../cmd/env.ts";
import { attachNode } from "../../cmd/node.ts";
import { demoAgentsAddress, demoCallersAddress } from "../../core/demo/centre.ts";
import { loadCallerPrefix, loadNumber } from "../../core/demo/load-centre.ts";
import { between } from "../../telephony/robots/draw.ts";
import { type CallReport, Robots } from "../../telephony/robots/robots.ts";
import { defaultRealm } from "../../telephony/start.ts";

const [data, keyFile, port, calls] = process.argv.slice(2) as [string, string, string, string];
const rampMs = 100;
const env = realEnv("error");
const { random } = env;
const node = await attachNode(env, loadConfig({ data, "key-file": keyFile }, {}, null), await loadAssets());
const robots = await Robots.open({
  env,
  server: { address: "127.0.0.1", port: Number(port) },
  addresses: { callers: demoCallersAddress, agents: demoAgentsAddress },
  rtpPorts: [30_000, 32_700],
  realm: defaultRealm,
  agents: await robotAgents(node),
  desk: robotDesk(node),
  planAgent: () => ({
    ...{ answerMs: between(random, [200, 2_000]), talkMs: 3_600_000, wrapUpMs: between(random, [500, 4_000]), breakMs: null },
  }),
  answered: () => undefined,
});
const reports: CallReport[] = [];
let over = false;
process.once("SIGTERM", () => {
  over = true;
  void end();
});
await robots.startAgents();
await Promise.all(Array.from({ length: Number(calls) }, (_, index) => hold(index)));

async function hold(index: number): Promise<void> {
  await Bun.sleep(index * rampMs);
  for (let n = 0; !over; n++) {
    const number = `${loadCallerPrefix}${String(index * 1_000 + n).padStart(6, "0")}`;
    const plan = {
      number,
      name: "Load test",
      called: loadNumber,
      keys: [],
      hears: "agent",
      patienceMs: 30_000,
      talkMs: between(random, [15_000, 30_000]),
    };
    const report = await robots.call(plan as Parameters<Robots["call"]>[0]);
    reports.push(report);
    if (report.outcome !== "talked") await Bun.sleep(1_000);
  }
}

/** What came of the calls that were over by then, as one line of JSON. */
async function end(): Promise<void> {
  const talked = reports.filter(({ outcome }) => outcome === "talked").length;
  console.log(JSON.stringify({ tried: reports.length, talked, up: robots.callsUp }));
  await robots.stop();
  await node.close();
  process.exit(0);
}
