// Brings the organization's own prompts to the media workers: at the start, and whenever one changes.
import type { App } from "../core/app.ts";
import { promptSounds } from "../core/architect/prompt.ts";
import type { LoggedEvent } from "../core/events/index.ts";

export class PromptFeed {
  private given: ReadonlyMap<string, Uint8Array> = new Map();
  private loading: Promise<void> = Promise.resolve();

  constructor(
    private readonly app: App,
    /** Null: there is no such prompt any more. */
    private readonly give: (name: string, wav: Uint8Array | null) => void,
  ) {}

  /** One after the other, so that an older state never overtakes a newer one. */
  load(): Promise<void> {
    this.loading = this.loading.catch(() => undefined).then(() => this.read());
    return this.loading;
  }

  onLogged(event: LoggedEvent): void {
    if (!event.type.startsWith("architect.prompt.")) return;
    this.load().catch((error: unknown) => this.app.env.log.warn("prompts not reloaded", { reason: String(error) }));
  }

  private async read(): Promise<void> {
    const sounds = await promptSounds(this.app, (prompt) =>
      this.app.env.log.error("a prompt's sound is not what its row says and is not played", { prompt: prompt.id }),
    );
    for (const name of this.given.keys()) if (!sounds.has(name)) this.give(name, null);
    for (const [name, wav] of sounds) this.give(name, wav);
    this.given = sounds;
  }
}
