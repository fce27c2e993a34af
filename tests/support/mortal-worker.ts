// A media worker that dies as it is told: the real one, with a way to be asked for each kind of death.
import "../../cmd/media-worker.ts";
import type { ToWorker } from "../../telephony/media/worker-plane.ts";

declare const self: Worker;

const real = self.onmessage!;
self.onmessage = (event: MessageEvent<ToWorker>) => {
  const { data } = event;
  const last = data.kind === "commands" ? data.commands.at(-1) : undefined;
  const death = last?.kind === "stop-play" ? last.playId : "";
  if (death === "exit") process.exit(1);
  if (death === "throw") throw new Error("told to");
  if (death === "reject") void Promise.reject(new Error("told to"));
  if (death === "hang") for (;;);
  real.call(self, event);
};
