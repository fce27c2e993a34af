// Calls that no robot has placed: while one of them is up, robots keep to themselves. Robots come in by a trunk of their own.
import type { LoggedEvent } from "../events/index.ts";

export class OtherCalls {
  private readonly open = new Set<string>();

  /** Null: no robot calls. */
  constructor(private readonly robotsTrunkId: string | null) {}

  /** How many are up or waiting, on any node. */
  get count(): number {
    return this.open.size;
  }

  /** Every event, in order. */
  onLogged({ type, subjectIds, payload }: Pick<LoggedEvent, "type" | "subjectIds" | "payload">): void {
    const id = subjectIds[0]!;
    if (type === "conversation.ended") this.open.delete(id);
    else if (type === "conversation.started" && (this.robotsTrunkId === null || payload?.trunkId !== this.robotsTrunkId)) this.open.add(id);
  }
}
