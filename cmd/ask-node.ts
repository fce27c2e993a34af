// Asks the node that runs here, over loopback: the only request that Landline makes by itself.
import { endpoint } from "./addresses.ts";
import type { Config } from "./config.ts";

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
