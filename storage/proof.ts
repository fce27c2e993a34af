// The log's proof as a file: headers, signed heads, pruned runs and manifests, ids only, for checking on another machine without any key.
//
// Lines of JSON. The first says whose it is and carries the public key; then `head` (a line of checkpoints.log), `pruned`, `event` (a header,
// in order) and `recording` (path and manifest); the last has the counts and the SHA-256 of all before it, signed.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { z } from "zod";
import { ChainWalk } from "./chain-walk.ts";
import { Findings, type Found, type Verdict, verdictLines } from "./finding.ts";
import type { Sql } from "./postgres/connect.ts";
import { linesOf, readHeads, type SignedHead } from "./vault/heads.ts";
import { fingerprintOf, type Keys, type Verifier, verifierOf } from "./vault/keys.ts";
import { recordingFiles } from "./vault/recordings.ts";
import { signedPrunedRuns, storedEvents } from "./verify.ts";

const form = "landline.proof.v1";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const firstLine = z.strictObject({
  form: z.literal(form),
  organizationId: z.uuid(),
  /** Epoch ms. */
  exportedAt: z.number().int(),
  keyId: z.uuid(),
  publicKey: z.string(),
});
const eventLine = z.strictObject({
  seq: z.number().int().min(1),
  at: z.number().int(),
  prev: hash,
  hash,
  id: z.uuid(),
  node: z.uuid(),
  type: z.string(),
  organizationId: z.uuid(),
  divisionId: z.uuid().nullable(),
  actorId: z.string(),
  subjectIds: z.array(z.string()).readonly(),
  payloadDigest: hash,
});
const prunedLine = z.strictObject({ from: z.number(), to: z.number(), prev: hash, hash, partition: z.string(), signature: z.string() });
const recordingLine = z.strictObject({ path: z.string(), manifest: z.string() });
const endLine = z.strictObject({ heads: z.number(), pruned: z.number(), events: z.number(), recordings: z.number(), sha256: hash });
const line = z.union([
  firstLine,
  z.strictObject({ head: z.string() }),
  z.strictObject({ pruned: prunedLine }),
  z.strictObject({ event: eventLine }),
  z.strictObject({ recording: recordingLine }),
  z.strictObject({ end: endLine, signature: z.string() }),
]);
type Counts = Record<"heads" | "pruned" | "events" | "recordings", number>;

export type ProofInput = {
  readonly sql: Sql;
  readonly keys: Keys;
  readonly organizationId: string;
  readonly headFile: string;
  readonly recordingsFolder: string;
  /** Epoch ms. */
  readonly now: number;
};

/** The file's text, piece by piece; whole lines. Heads first, so that whoever reads it once can compare as it goes. */
export async function* exportProof(input: ProofInput): AsyncGenerator<string> {
  const { sql, keys, organizationId, headFile, recordingsFolder, now } = input;
  const sha256 = createHash("sha256");
  const counts: Counts = { heads: 0, pruned: 0, events: 0, recordings: 0 };
  const written = (...lines: readonly z.infer<typeof line>[]): string => {
    const text = lines.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    sha256.update(text);
    return text;
  };
  yield written({ form, organizationId, exportedAt: now, keyId: keys.keyId, publicKey: keys.publicPem });
  const heads = linesOf(headFile);
  counts.heads = heads.length;
  yield written(...heads.map((head) => ({ head })));
  const runs = await signedPrunedRuns(sql);
  counts.pruned = runs.length;
  yield written(...runs.map((pruned) => ({ pruned })));
  for await (const events of storedEvents(sql)) {
    counts.events += events.length;
    yield written(...events.map(({ keyId: _key, body: _body, ...event }) => ({ event })));
  }
  for (const file of recordingFiles(recordingsFolder)) {
    if (!existsSync(`${file}.json`)) continue;
    counts.recordings += 1;
    yield written({ recording: { path: relative(recordingsFolder, file), manifest: readFileSync(`${file}.json`, "utf8") } });
  }
  const end = { ...counts, sha256: sha256.digest("hex") };
  yield `${JSON.stringify({ end, signature: keys.sign("proof", end) })}\n`;
}

export type ProofReport = Verdict & {
  readonly organizationId: string;
  readonly exportedAt: number;
  /** Of the public key that everything was signed with: worth as much as the way by which its reader learned it. */
  readonly fingerprint: string;
  readonly checked: Counts;
};

/** A file that is none, or not to be read as one. */
export class NoProof extends Error {
  override readonly name = "NoProof";
}

/** Checks a proof line by line; needs nothing but the file. @throws NoProof */
export async function checkProof(lines: AsyncIterable<string>): Promise<ProofReport> {
  const findings = new Findings();
  const reading = new Reading(findings.found);
  for await (const text of lines) reading.take(text);
  return { ...reading.end(), findings: findings.listed, findingsTotal: findings.total };
}

/** The signed heads of a proof, for holding an older one against the log as it is. @throws NoProof when it is another key's */
export async function headsOfProof(lines: AsyncIterable<string>, keys: Verifier): Promise<readonly SignedHead[]> {
  const heads: string[] = [];
  for await (const text of lines) {
    const parsed = parseLine(text);
    if (parsed === null) throw new NoProof("a line of it is no line of a proof");
    if ("keyId" in parsed && parsed.keyId !== keys.keyId)
      throw new NoProof(`it was made with key file ${parsed.keyId}, this is ${keys.keyId}`);
    if ("head" in parsed) heads.push(parsed.head);
  }
  return readHeads(heads, keys).heads;
}

class Reading {
  private number = 0;
  private first: z.infer<typeof firstLine> | null = null;
  private verifier: Verifier | null = null;
  private readonly heads: string[] = [];
  private readonly runs: z.infer<typeof prunedLine>[] = [];
  private walk: ChainWalk | null = null;
  private readonly counts: Counts = { heads: 0, pruned: 0, events: 0, recordings: 0 };
  private readonly sha256 = createHash("sha256");
  private isEnded = false;

  constructor(private readonly found: Found) {}

  take(text: string): void {
    this.number += 1;
    const place = `line ${this.number}`;
    const parsed = parseLine(text);
    if (this.first === null) return this.begin(parsed, text);
    if (parsed === null) return this.found("proof-line", place, "it is no line of a proof");
    if (this.isEnded) return this.found("proof-line", place, "it stands after the end");
    if ("end" in parsed) return this.close(parsed.end, parsed.signature);
    this.sha256.update(`${text}\n`);
    if ("head" in parsed) {
      this.counts.heads += 1;
      this.heads.push(parsed.head);
    } else if ("pruned" in parsed) {
      this.counts.pruned += 1;
      this.runs.push(parsed.pruned);
    } else if ("event" in parsed) {
      this.counts.events += 1;
      this.chain().take(parsed.event);
    } else if ("recording" in parsed) {
      this.counts.recordings += 1;
      this.recording(parsed.recording);
    } else this.found("proof-line", place, "a second beginning");
    if (this.walk !== null && ("head" in parsed || "pruned" in parsed))
      this.found("proof-line", place, "heads and pruned runs stand before events");
  }

  end(): Omit<ProofReport, "findings" | "findingsTotal"> {
    const { first, counts } = this;
    if (first === null) throw new NoProof("it is empty");
    const walk = this.chain();
    walk.end();
    if (!this.isEnded) this.found("proof-cut", `line ${this.number}`, "the file ends here, but the proof does not");
    return {
      organizationId: first.organizationId,
      exportedAt: first.exportedAt,
      fingerprint: fingerprintOf(first.publicKey),
      checked: counts,
      remains: [
        "the fingerprint is that of the key in this file: compare it with the one that was noted when the centre was set up",
        "whoever held the key file could sign a history of their own: compare this proof with an earlier one (landline verify --against)",
        "what the events said is not in a proof, only its digests; whether recordings are as they were is checked where they lie",
        ...(walk.signedSeq < walk.seq ? [`events ${walk.signedSeq + 1} to ${walk.seq} were linked, but not yet signed`] : []),
        ...(walk.prunedEvents > 0 ? [`${walk.prunedEvents} events were pruned; only the signed hashes at their ends are left`] : []),
      ],
    };
  }

  private begin(parsed: z.infer<typeof line> | null, text: string): void {
    if (parsed === null || !("form" in parsed)) throw new NoProof("its first line is not that of a proof of this version");
    this.first = parsed;
    this.verifier = verifierOf(parsed.keyId, parsed.publicKey);
    if (this.verifier === null) throw new NoProof("its public key cannot be read");
    this.sha256.update(`${text}\n`);
  }

  /** The walk begins with the first event: what it is held against stands before it. */
  private chain(): ChainWalk {
    if (this.walk !== null) return this.walk;
    const { heads, findings } = readHeads(this.heads, this.verifier!);
    for (const { code, place, message } of findings) this.found(code, place, message);
    for (const { signature, ...run } of this.runs) {
      if (!this.verifier!.verify("pruned", run, signature))
        this.found("pruned-signature", `events ${run.from} to ${run.to}`, `their removal with ${run.partition} is not signed by this key`);
    }
    this.walk = new ChainWalk(heads, this.runs, this.found);
    return this.walk;
  }

  private recording({ path, manifest }: z.infer<typeof recordingLine>): void {
    try {
      const { signature, ...statement } = JSON.parse(manifest) as { signature: string; path: string };
      if (!this.verifier!.verify("recording", statement, signature))
        this.found("manifest-unsigned", path, "the manifest is not signed by this key");
      else if (statement.path !== path) this.found("manifest-changed", path, `the manifest is that of ${statement.path}`);
    } catch {
      this.found("manifest-unsigned", path, "the manifest is not even JSON");
    }
  }

  private close(end: z.infer<typeof endLine>, signature: string): void {
    this.isEnded = true;
    const { sha256, ...counts } = end;
    if (!this.verifier!.verify("proof", end, signature)) this.found("proof-signature", "the last line", "it is not signed by this key");
    if (sha256 !== this.sha256.digest("hex"))
      this.found("proof-changed", "the last line", "the lines before it are not those that were signed");
    for (const name of ["heads", "pruned", "events", "recordings"] as const) {
      if (counts[name] !== this.counts[name])
        this.found("proof-changed", "the last line", `${name}: ${this.counts[name]} are here, ${counts[name]} were signed`);
    }
  }
}

function parseLine(text: string): z.infer<typeof line> | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The report as lines for people; the last one is the verdict. */
export function proofLines(report: ProofReport): string[] {
  const { checked, fingerprint } = report;
  return [
    `${checked.events} events, ${checked.heads} signed heads, ${checked.recordings} manifests of recordings`,
    `signed with the key ${fingerprint}`,
    ...verdictLines(report),
  ];
}
