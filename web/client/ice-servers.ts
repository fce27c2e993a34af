// The relays that this browser may use (TURN), asked for when they are needed: mostly there are none.

/** A call must not wait for this. */
const patienceMs = 1_000;
let known: { readonly servers: RTCIceServer[]; readonly untilMs: number } | null = null;

/** What was last known when the server does not answer. */
export async function iceServers(): Promise<RTCIceServer[]> {
  if (known !== null && performance.now() < known.untilMs) return known.servers;
  try {
    const answer = await fetch("/network-test/ice-servers", { signal: AbortSignal.timeout(patienceMs) });
    if (!answer.ok) return known?.servers ?? [];
    const { iceServers: servers, goodMs } = (await answer.json()) as { iceServers: RTCIceServer[]; goodMs: number };
    // Long before they end: a call may be long, too.
    known = { servers, untilMs: performance.now() + goodMs / 2 };
    return servers;
  } catch {
    return known?.servers ?? [];
  }
}
