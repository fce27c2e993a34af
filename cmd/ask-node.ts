// Asks the node that runs here, over its own addresses: the only requests that Landline makes by itself.
import { hostText } from "../core/lib/ip-address.ts";
import { endpoint } from "./addresses.ts";
import type { Config } from "./config.ts";

const patienceMs = 3_000;

/** Its metrics; null: nobody answers, or they are off. */
export async function nodeMetrics({ metrics }: Pick<Config, "metrics">): Promise<string | null> {
  if (metrics === null) return null;
  const { address, port } = endpoint(metrics);
  const answer = await answered(address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address, port, "/metrics");
  return answer?.ok ? answer.text : null;
}

/** What it says under the path, or that nobody answers. */
export async function askNode(config: Pick<Config, "http">, path: "/healthz" | "/readyz"): Promise<Answer> {
  const { port } = endpoint(config.http);
  return (await answered("127.0.0.1", port, path)) ?? { ok: false, text: `nobody answers on port ${port}` };
}

type Answer = { readonly ok: boolean; readonly text: string };

async function answered(address: string, port: number, path: string): Promise<Answer | null> {
  try {
    const answer = await fetch(`http://${hostText(address)}:${port}${path}`, { signal: AbortSignal.timeout(patienceMs) });
    return { ok: answer.ok, text: (await answer.text()).trim() };
  } catch {
    return null;
  }
}
