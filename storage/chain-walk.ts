// Walks headers in order of sequence and says where the chain breaks: for the database itself and for a proof taken to another machine.
import { firstPrev, headerHash } from "../core/events/chain.ts";
import type { PlainHeader } from "../core/events/event.ts";
import type { Found } from "./finding.ts";
import { instantText } from "./postgres/connect.ts";
import type { SignedHead } from "./vault/heads.ts";

/** Heads are signed every minute; events this much younger than the newest head are no longer explained by that. */
const unsignedMsMax = 5 * 60_000;

/** A run of sequences that was removed with its month: what is signed of it, and all that is left. */
export type PrunedRun = {
  readonly from: number;
  readonly to: number;
  readonly prev: string;
  readonly hash: string;
  readonly partition: string;
};

export class ChainWalk {
  /** How far it came. */
  seq = 0;
  events = 0;
  /** Events in the runs that were passed. */
  prunedEvents = 0;
  /** Sequences that are missing and named as that. */
  gaps = 0;
  private hash = firstPrev;
  private firstAt = 0;
  private lastAt = 0;
  private readonly headsBySeq: ReadonlyMap<number, readonly SignedHead[]>;
  private readonly newest: SignedHead | null;
  private lastMatching: SignedHead | null = null;
  private readonly pruned: PrunedRun[];

  /** `heads` and `pruned` (in order) are signed by us: whoever reads them has checked that. */
  constructor(
    heads: readonly SignedHead[],
    pruned: readonly PrunedRun[],
    private readonly found: Found,
  ) {
    this.headsBySeq = Map.groupBy(heads, (head) => head.seq);
    this.newest = heads.reduce<SignedHead | null>((max, head) => (max === null || head.seq > max.seq ? head : max), null);
    this.pruned = [...pruned];
  }

  /** The newest event that a head was signed for; 0: none. */
  get signedSeq(): number {
    return this.newest?.seq ?? 0;
  }

  take(header: PlainHeader): void {
    this.passPruned();
    const place = `event ${header.seq}`;
    if (header.seq <= this.seq) this.found("chain-double", place, "it stands where another does, or where all was pruned");
    else if (header.seq !== this.seq + 1) {
      this.gaps += header.seq - this.seq - 1;
      const gap = header.seq === this.seq + 2 ? `event ${this.seq + 1} is` : `events ${this.seq + 1} to ${header.seq - 1} are`;
      this.found("chain-gap", place, `${gap} missing before it`);
    } else if (header.prev !== this.hash) this.found("chain-link", place, `it does not follow event ${this.seq} as that is now`);
    if (headerHash(header) !== header.hash) this.found("chain-hash", place, "its header was changed after it was hashed");
    this.compareHeads(header);
    if (this.events === 0) this.firstAt = header.at;
    this.lastAt = header.at;
    this.events += 1;
    ({ seq: this.seq, hash: this.hash } = header);
  }

  /** After the last header: what was pruned at the end, and whether the chain reaches as far as it was signed. */
  end(): void {
    this.passPruned();
    for (const { from, to } of this.pruned) this.found("chain-gap", `pruned events ${from} to ${to}`, "they do not lie in the chain");
    const { newest, seq, lastAt } = this;
    if (newest === null) {
      if (lastAt - this.firstAt > unsignedMsMax)
        this.found("head-missing", "signed heads", "there is none, though the node signs one every minute");
    } else if (newest.seq > seq) {
      const cut = `${newest.seq - seq} events were cut off`;
      this.found(
        "chain-cut",
        `event ${seq}`,
        `the chain ends here, but event ${newest.seq} was signed at ${instantText(newest.at)}: ${cut}`,
      );
    } else if (seq > newest.seq && lastAt - newest.at > unsignedMsMax) {
      const until = `though events went on until ${instantText(lastAt)}`;
      this.found("head-late", `event ${newest.seq}`, `no head was signed after ${instantText(newest.at)}, ${until}`);
    }
  }

  /** Over what was pruned right after where it stands, as long as it links. */
  private passPruned(): void {
    while (this.pruned[0]?.from === this.seq + 1) {
      const run = this.pruned.shift()!;
      if (run.prev !== this.hash)
        this.found("chain-link", `pruned events ${run.from} to ${run.to}`, `they do not follow event ${this.seq} as that is now`);
      this.prunedEvents += run.to - run.from + 1;
      ({ to: this.seq, hash: this.hash } = run);
    }
  }

  private compareHeads(header: PlainHeader): void {
    for (const head of this.headsBySeq.get(header.seq) ?? []) {
      if (head.hash === header.hash) this.lastMatching = head;
      else {
        const since = this.lastMatching === null ? "before or at it" : `after event ${this.lastMatching.seq}`;
        const message = `it is not the event whose hash was signed at ${instantText(head.at)}: the chain was written anew ${since}`;
        this.found("head-mismatch", `event ${header.seq}`, message);
      }
    }
  }
}
