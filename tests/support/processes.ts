// A running node's processes, found by their parents: killed as by a power cut, frozen, thawed.
import { readdirSync, readFileSync } from "node:fs";

export type Process = { readonly pid: number; readonly command: string };

/** The process and all below it, parents first; zombies are nobody. */
export function processTree(root: number): Process[] {
  const all = readdirSync("/proc").flatMap((name) => {
    try {
      const stat = /^\d+$/.test(name) ? /^\d+ \(.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8")) : null;
      if (stat === null || stat[1] === "Z") return [];
      return [{ pid: Number(name), parent: Number(stat[2]), command: commandOf(Number(name)) }];
    } catch {
      return [];
    }
  });
  const tree = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < tree.length; i++) tree.push(...all.filter(({ parent }) => parent === tree[i]!.pid));
  return tree;
}

/** kill -9 of every process of the tree. The parent is frozen first: what it would start meanwhile must not get away. */
export async function killTree(root: number): Promise<void> {
  signal(root, "SIGSTOP");
  const tree = processTree(root);
  for (const { pid } of tree) signal(pid, "SIGKILL");
  while (tree.some(({ pid }) => isAlive(pid))) await Bun.sleep(5);
}

export function signal(pid: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
}
