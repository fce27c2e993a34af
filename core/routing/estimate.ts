// The estimated wait: how long a conversation at a given place of a queue will wait, or null when nothing is known.

/** Used until a queue has handled something itself. Minutes are what a first estimate can honestly be off by. */
const defaultHandleMs = 300_000;

/**
 * EWT-1: position × average handle time ÷ agents on queue, in ms. `position` counts from 1; the average covers what the queue handled in
 * the last hour, or five minutes when it handled nothing. Null when nobody is on queue: there is nothing honest to say.
 */
export function estimateWaitMs(
  position: number,
  handled: { readonly count: number; readonly sumMs: number },
  agentsOnQueue: number,
): number | null {
  if (agentsOnQueue === 0) return null;
  const averageMs = handled.count === 0 ? defaultHandleMs : handled.sumMs / handled.count;
  return Math.round((position * averageMs) / agentsOnQueue);
}
