// Signed heads: where the chain stood, every minute and at stop, in a file outside the database; whoever has a copy can prove a cut.
import { createHash } from "node:crypto";
import { closeSync, existsSync, fdatasyncSync, fstatSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Env, Timer } from "../../core/env/env.ts";
import type { EventLog } from "../../core/events/log.ts";
import { canonicalJson } from "../../core/lib/canonical.ts";
import { headEveryMs } from "../../core/lib/limits.ts";
import { flushPath } from "../files.ts";
import type { Finding } from "../finding.ts";
import type { Keys, Verifier } from "./keys.ts";

const headSchema = z.strictObject({
  v: z.literal(1),
  organization: z.string(),
  seq: z.number().int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.number().int(),
  node: z.string(),
  keyId: z.string(),
  /** Of the line before, with its line break; zeros for the first. */
  prevLineSha256: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string(),
});
export type SignedHead = z.infer<typeof headSchema>;

export class Heads {
  private timer: Timer | null = null;
  private lastSeq = -1;
  /** What was signed last in this life of the node. */
  last: { readonly seq: number; readonly at: number; readonly keyId: string } | null = null;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly env: Env,
    /** `<data>/checkpoints.log`. */
    readonly path: string,
    private readonly keys: Keys,
    private readonly log: Pick<EventLog, "head">,
    private readonly owner: { readonly organizationId: string; readonly nodeId: string },
  ) {}

  /** Signs now and every minute; a head that did not move is not signed again. */
  start(): void {
    this.working = this.sign().catch((error: unknown) => this.env.log.warn("the head was not signed", { reason: String(error) }));
    this.timer = this.env.clock.after(headEveryMs, () => this.start());
  }

  /** Signs the last head. */
  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.working;
    await this.sign();
  }

  async sign(): Promise<void> {
    const { seq, hash } = await this.log.head();
    if (seq === this.lastSeq) return;
    const isNew = !existsSync(this.path);
    const fd = openSync(this.path, "a+", 0o600);
    try {
      const tail = readTail(fd);
      // A crash may have left half a line: it is closed, and passed over by whoever reads.
      const lineBreak = tail === "" || tail.endsWith("\n") ? "" : "\n";
      const unsigned = {
        v: 1 as const,
        organization: this.owner.organizationId,
        seq,
        hash,
        at: this.env.clock.now(),
        node: this.owner.nodeId,
        keyId: this.keys.keyId,
        prevLineSha256: lastLineSha256(tail),
      };
      writeSync(fd, `${lineBreak}${canonicalJson({ ...unsigned, signature: this.keys.sign("head", unsigned) })}\n`);
      fdatasyncSync(fd);
      if (isNew) flushPath(dirname(this.path));
      this.lastSeq = seq;
      this.last = { seq, at: unsigned.at, keyId: unsigned.keyId };
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * The signed heads among these lines of `checkpoints.log`, and what is wrong with them. A line that is no head is what a crash leaves: it is passed
 * over, as a head that was garbled is missed by the next one.
 */
export function readHeads(
  lines: readonly string[],
  keys: Verifier,
): { readonly heads: readonly SignedHead[]; readonly findings: readonly Finding[] } {
  const heads: SignedHead[] = [];
  const findings: Finding[] = [];
  let prev = firstLine;
  lines.forEach((line, i) => {
    const head = parseHead(line);
    if (head === null) return;
    const place = `checkpoints.log line ${i + 1}`;
    const { signature, ...unsigned } = head;
    if (head.keyId !== keys.keyId) {
      findings.push({ code: "head-key", place, message: `the head of event ${head.seq} was signed with another key file (${head.keyId})` });
    } else if (!keys.verify("head", unsigned, signature)) {
      findings.push({ code: "head-signature", place, message: `the head of event ${head.seq} is not signed by our key` });
    } else {
      if (head.prevLineSha256 !== prev)
        findings.push({ code: "head-order", place, message: "a line before this one is missing or was changed" });
      heads.push(head);
    }
    prev = lineSha256(line);
  });
  return { heads, findings };
}

/** Whole lines of a file that may not be there. */
export function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

const firstLine = "0".repeat(64);

function parseHead(line: string): SignedHead | null {
  try {
    return headSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function lineSha256(line: string): string {
  return createHash("sha256").update(`${line}\n`).digest("hex");
}

function lastLineSha256(tail: string): string {
  const last = tail
    .split("\n")
    .slice(0, -1)
    .findLast((line) => parseHead(line) !== null);
  return last === undefined ? firstLine : lineSha256(last);
}

// The last lines are enough; the file grows by half a kilobyte a minute.
function readTail(fd: number): string {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, 16 * 1024));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  return tail.toString("utf8");
}
