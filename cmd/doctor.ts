// `doctor`: looks at what usually goes wrong on a machine and in its network, measures the disk, and says what to mend.
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { freeBytes } from "../storage/files.ts";
import { connect, type Sql } from "../storage/postgres/connect.ts";
import { runningTarget } from "../storage/postgres/embedded.ts";
import { checkServer, externalTarget } from "../storage/postgres/external.ts";
import { postgresStores } from "../storage/stores/index.ts";
import { machineNames } from "../telephony/net/resolve.ts";
import { askNode, nodeMetrics } from "./ask-node.ts";
import { type Config, turnOf } from "./config.ts";
import { browserPathFindings, hopFindings, networkFindings, turnFindings } from "./doctor-network.ts";
import { realEnv } from "./env.ts";
import { type Finding, fine, look, mend } from "./finding.ts";
import { databaseName } from "./node.ts";
import { portProblem, portsOf } from "./ports.ts";

/** A disk with less than this left stops taking calls soon: an hour of a hundred recorded calls. */
const freeBytesMin = 12 * 1024 ** 3;
const flushes = 50;

export async function doctor(config: Config): Promise<readonly Finding[]> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const isUp = (await askNode(config, "/healthz")).text === "ok";
  return [
    ...[disk(config), flush(config), ...(await database(config)), descriptors()],
    ...(await ports(config, isUp)),
    ...networkFindings(config, realEnv().clock, isUp),
    ...(await turnFindings(turnOf(config), realEnv())),
    ...(isUp ? browserPathFindings(config["media-ports"], config["media-tcp-ports"], await nodeMetrics(config)) : []),
  ];
}

function disk(config: Config): Finding {
  const free = freeBytes(config.data);
  const what = `${(free / 1024 ** 3).toFixed(1)} GiB free under ${config.data}`;
  return free >= freeBytesMin ? fine(what) : mend(what, "make room, or move --data");
}

/** The log's lock is held through the commit's flush, so one flush time is the ceiling of commits for the whole cluster. */
function flush(config: Config): Finding {
  const path = join(config.data, `.doctor-${process.pid}`);
  const fd = openSync(path, "w", 0o600);
  const { clock } = realEnv();
  const times = Array.from({ length: flushes }, () => {
    const started = clock.monotonic();
    writeSync(fd, "landline");
    fdatasyncSync(fd);
    return clock.monotonic() - started;
  }).sort((a, b) => a - b);
  closeSync(fd);
  rmSync(path);
  const medianMs = times[flushes >> 1]!;
  const ceiling = Math.floor(1_000 / Math.max(0.01, medianMs));
  const what = `a flush takes ${medianMs.toFixed(2)} ms: at most ${ceiling} commits a second`;
  return medianMs <= 5 ? fine(what) : mend(what, "use a disk that flushes in 5 ms or less");
}

/** One of the operator's own has to answer now; the built-in one does when a node runs. What is configured in it is looked at, too. */
async function database(config: Config): Promise<Finding[]> {
  try {
    const target = config.database === null ? runningTarget(config.data, databaseName) : externalTarget(config.database);
    if (target === null) return [fine("the built-in database starts with `landline serve`")];
    const sql = connect(target, { max: 1, name: "landline doctor" });
    try {
      return [fine(`the database answers: PostgreSQL ${await checkServer(sql)}`), ...(await nextHops(sql))];
    } finally {
      await sql.end({ timeout: 1 });
    }
  } catch (error) {
    if (config.database === null) return [fine("the built-in database does not run now; it starts with `landline serve`")];
    const reason = error instanceof Error ? error.message : String(error);
    return [mend("the database does not answer", `${reason}: see that it runs and that --database names it rightly`)];
  }
}

async function nextHops(sql: Sql): Promise<Finding[]> {
  // Before the first start there are no tables.
  const [is] = await sql<{ made: boolean }[]>`select to_regclass('trunk') is not null as made`;
  if (!is!.made) return [];
  const stores = postgresStores(sql);
  const trunks = await Promise.all((await stores.organizations.list()).map(({ id }) => stores.trunks.all(id)));
  // In which order they would be tried makes no difference here.
  const names = machineNames(() => 0);
  return hopFindings(trunks.flat(), names, realEnv().clock);
}

async function ports(config: Config, isUp: boolean): Promise<Finding[]> {
  return Promise.all(
    portsOf(config).map(async (port): Promise<Finding> => {
      const problem = await portProblem(port);
      const name = `${port.kind} port ${port.port} (--${port.option})`;
      if (problem === null)
        return isUp
          ? look(`${name} is not in use, though a node runs here`, "give doctor the options that it was started with")
          : fine(`${name} is free`);
      return isUp ? fine(`${name} is in use by the running node`) : mend(problem.what, problem.mend);
    }),
  );
}

function descriptors(): Finding {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const open = Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 0);
  const what = `${open} files may be open`;
  return open >= 8_192 ? fine(what) : mend(what, "raise LimitNOFILE: each call of a phone needs four");
}
