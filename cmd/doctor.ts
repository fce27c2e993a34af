// `doctor`: looks at what usually goes wrong on a machine, measures the disk, and says what to mend.
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { freeBytes } from "../storage/files.ts";
import { connect } from "../storage/postgres/connect.ts";
import { runningTarget } from "../storage/postgres/embedded.ts";
import { checkServer, externalTarget } from "../storage/postgres/external.ts";
import { ownAddresses } from "./addresses.ts";
import { askNode } from "./ask-node.ts";
import type { Config } from "./config.ts";
import { realEnv } from "./env.ts";
import { databaseName } from "./node.ts";
import { portProblem, portsOf } from "./ports.ts";

export type Finding = { readonly ok: boolean; readonly what: string; readonly mend: string };

/** A disk with less than this left stops taking calls soon: an hour of a hundred recorded calls. */
const freeBytesMin = 12 * 1024 ** 3;
const flushes = 50;

export async function doctor(config: Config): Promise<readonly Finding[]> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  return [disk(config), flush(config), await database(config), network(config), ...(await ports(config)), descriptors()];
}

function disk(config: Config): Finding {
  const free = freeBytes(config.data);
  return {
    ok: free >= freeBytesMin,
    what: `${(free / 1024 ** 3).toFixed(1)} GiB free under ${config.data}`,
    mend: "make room, or move --data",
  };
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
  return {
    ok: medianMs <= 5,
    what: `a flush takes ${medianMs.toFixed(2)} ms: at most ${ceiling} commits a second`,
    mend: "use a disk that flushes in 5 ms or less",
  };
}

/** One of the operator's own has to answer now; the built-in one does when a node runs. */
async function database(config: Config): Promise<Finding> {
  try {
    const target = config.database === null ? runningTarget(config.data, databaseName) : externalTarget(config.database);
    if (target === null) return { ok: true, what: "the built-in database starts with `landline serve`", mend: "" };
    const sql = connect(target, { max: 1, name: "landline doctor" });
    try {
      return { ok: true, what: `the database answers: PostgreSQL ${await checkServer(sql)}`, mend: "" };
    } finally {
      await sql.end({ timeout: 1 });
    }
  } catch (error) {
    if (config.database === null)
      return { ok: true, what: "the built-in database does not run now; it starts with `landline serve`", mend: "" };
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, what: "the database does not answer", mend: `${reason}: see that it runs and that --database names it rightly` };
  }
}

function network(config: Config): Finding {
  const addresses = ownAddresses(config);
  return {
    ok: addresses.length > 0,
    what: addresses.length > 0 ? `voice is offered at ${addresses.join(", ")}` : "no address besides loopback",
    mend: "the browser phone needs one: give --public-address",
  };
}

async function ports(config: Config): Promise<Finding[]> {
  const isUp = (await askNode(config, "/healthz")).text === "ok";
  return Promise.all(
    portsOf(config).map(async (port): Promise<Finding> => {
      const problem = await portProblem(port);
      const name = `${port.kind} port ${port.port} (--${port.option})`;
      if (problem === null) return { ok: true, what: `${name} is free`, mend: "" };
      return isUp ? { ok: true, what: `${name} is in use by the running node`, mend: "" } : { ok: false, ...problem };
    }),
  );
}

function descriptors(): Finding {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const open = Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 0);
  return { ok: open >= 8_192, what: `${open} files may be open`, mend: "raise LimitNOFILE: each call of a phone needs four" };
}
