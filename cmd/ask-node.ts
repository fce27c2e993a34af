// Asks the node that runs here, over loopback: the only request that Landline makes by itself.
import { endpoint } from "./addresses.ts";
import type { Config } from "./config.ts";

/** What it says under the path; null: nobody answers. */
export async function askNode(
  config: Config,
  path: "/healthz" | "/readyz",
): Promise<{ readonly ok: boolean; readonly text: string } | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${endpoint(config.http).port}${path}`, { signal: AbortSignal.timeout(3_000) });
    return { ok: answer.ok, text: (await answer.text()).trim() };
  } catch {
    return null;
  }
}
