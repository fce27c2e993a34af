// What a caller hears in a queue when no in-queue flow is named: place, estimate and music, in turn.
import { type FlowDocument, parseFlow } from "../architect/document.ts";
import { assert } from "../lib/machine.ts";

const parsed = parseFlow({
  name: "Default in-queue",
  type: "INQUEUECALL",
  start: "music",
  actions: {
    music: { type: "holdMusic", name: "Music", audio: "music.default", forMs: 20_000, outputs: { next: "position" } },
    position: { type: "playPosition", name: "Place in the queue", outputs: { next: "estimate" } },
    estimate: { type: "playEstimatedWait", name: "Estimated wait", outputs: { next: "music" } },
  },
});
assert(parsed.ok, "the default in-queue flow is valid");

export const defaultInQueueFlow: FlowDocument = parsed.flow;
