// Asks the node that runs here, over its own addresses: the only requests that Landline makes by itself.
import { hostText } from "../core/lib/ip-address.ts";
import { endpoint } from "./addresses.ts";
import type { Config } from "./config.ts";

/** Its metrics; null: nobody answers, or they are off. */
export async function nodeMetrics({ metrics }: Pick<Config, "metrics">): Promise<string | null> {
  if (metrics === null) return null;
  const { address, port } = endpoint(metrics);
  const host = address === "0.0.0.0" || address === "::" ? "127.0.0.1" : hostText(address);
  try {
    const answer = await fetch(`http://${host}:${port}/metrics`, { signal: AbortSignal.timeout(3_000) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** What it says under the path, or that nobody answers. */
export async function askNode(
  config: Pick<Config, "http">,
  path: "/healthz" | "/readyz",
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const { port } = endpoint(config.http);
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(3_000) });
    return { ok: answer.ok, text: (await answer.text()).trim() };
  } catch {
    return { ok: false, text: `nobody answers on port ${port}` };
  }
}
