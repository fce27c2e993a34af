// What many screens show alike: read once after a change, rendered once for a language, sent in those parts alone that changed.
import type { LoggedEvent } from "../../core/events/index.ts";
import { type Board, queueBoard } from "../../core/routing/queries.ts";
import { boardFacts } from "../pages/board/routes.tsx";
import { type BoardParts, boardParts } from "../pages/board/views.tsx";
import { queuesOf } from "../pages/desk/routes.tsx";
import { YourQueues } from "../pages/desk/views.tsx";
import type { WebPorts } from "../ports.ts";
import { inLanguage, type Language } from "../ui/text.ts";

/** Many changes in one moment are one rendering; and so often at most, as people do not read faster. */
const coalesceMs = 60;
const everyMs = 250;
/** After a reading that failed. */
const retryMs = 1_000;

export const aboutRouting =
  /^(conversation\.(started|enqueued|alert|agent|held|resumed|answered|ended|data|wrapup|dialled|party|transfer)|routing\.|user\.(presence|created|skills))/;

/** An open page with something that others show too. */
export type Screen = {
  readonly kind: "board" | "desk";
  readonly userId: string | null;
  readonly language: Language;
  readonly send: (message: Uint8Array) => void;
};

const encoder = new TextEncoder();

/** One message of the stream; `seq`: the newest event that it includes. Each top-level element takes the place of the one with its id. */
export function fragmentMessage(seq: number, html: string): Uint8Array {
  return encoder.encode(`event: fragment\nid: ${seq}\ndata: ${html.replaceAll("\n", "\ndata: ")}\n\n`);
}

/** One for a node: it follows the log as long as any screen is open. */
export class SharedScreens {
  private readonly screens = new Set<Screen>();
  /** Who has not had the whole yet. */
  private readonly fresh = new Set<Screen>();
  /** What the others have, by language. */
  private readonly sent = new Map<string, ReadonlyMap<string, string>>();
  private board: Promise<Board> | null = null;
  private seq = 0;
  private isDue = false;
  private isScheduled = false;
  private renderedAt = Number.NEGATIVE_INFINITY;
  private unsubscribe: (() => void) | null = null;

  constructor(private readonly ports: WebPorts) {}

  /** Everything at first, then what changes. Returns how to leave. */
  join(screen: Screen): () => void {
    // What was read while nobody followed the log is of no use.
    if (this.screens.size === 0) this.isDue = true;
    this.screens.add(screen);
    this.fresh.add(screen);
    this.unsubscribe ??= this.ports.subscribe((event) => this.onLogged(event));
    this.schedule();
    return () => {
      this.screens.delete(screen);
      this.fresh.delete(screen);
      if (this.screens.size > 0) return;
      this.unsubscribe?.();
      this.unsubscribe = null;
      this.sent.clear();
    };
  }

  /** The figures that screens show now. */
  figures(): Promise<Board> {
    return this.screens.size === 0 || this.board === null ? queueBoard(this.ports.app) : this.board;
  }

  private onLogged(event: LoggedEvent): void {
    this.seq = Math.max(this.seq, event.seq);
    if (!aboutRouting.test(event.type)) return;
    this.isDue = true;
    this.schedule();
  }

  // One at a time: what comes while one renders is in the next.
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const { clock, log } = this.ports.app.env;
    clock.after(Math.max(coalesceMs, this.renderedAt + everyMs - clock.monotonic()), () => {
      this.renderedAt = clock.monotonic();
      this.render().then(
        () => {
          this.isScheduled = false;
          if (this.isDue || this.fresh.size > 0) this.schedule();
        },
        (error: unknown) => {
          log.warn("fragment not rendered", { reason: String(error) });
          this.isDue = true;
          clock.after(retryMs, () => {
            this.isScheduled = false;
            if (this.screens.size > 0) this.schedule();
          });
        },
      );
    });
  }

  private async render(): Promise<void> {
    const { seq, isDue } = this;
    const fresh = new Set(this.fresh);
    this.isDue = false;
    if (isDue || this.board === null) {
      const reading = queueBoard(this.ports.app);
      const board = await reading;
      this.board = reading;
      await this.renderBoards(board, seq, fresh);
      await this.renderDesks(board, seq, this.screens);
    } else {
      const board = await this.board;
      await this.renderBoards(board, seq, fresh);
      await this.renderDesks(board, seq, fresh);
    }
    for (const screen of fresh) this.fresh.delete(screen);
  }

  private async renderBoards(board: Board, seq: number, fresh: ReadonlySet<Screen>): Promise<void> {
    const watching = [...this.screens].filter(({ kind }) => kind === "board");
    if (watching.length === 0) return this.sent.clear();
    const facts = await boardFacts(this.ports, board);
    for (const [language, screens] of Map.groupBy(watching, (screen) => screen.language)) {
      const now = await inLanguage(language, () => boardParts(facts));
      const before = this.sent.get(language.tag);
      const whole = [fragmentMessage(seq, now.whole)];
      const changes = before === undefined ? null : changedParts(before, now)?.map((html) => fragmentMessage(seq, html));
      this.sent.set(language.tag, now.parts);
      for (const screen of screens) for (const message of fresh.has(screen) ? whole : (changes ?? whole)) screen.send(message);
    }
  }

  private async renderDesks(board: Board, seq: number, screens: Iterable<Screen>): Promise<void> {
    const rendered = new Map<string, Uint8Array>();
    for (const screen of screens) {
      if (screen.kind !== "desk") continue;
      const queues = queuesOf(board, screen.userId);
      const key = `${screen.language.tag} ${queues.map(({ queue }) => queue.id).join(" ")}`;
      let message = rendered.get(key);
      if (message === undefined) {
        const html = await inLanguage(screen.language, async () => String(await (<YourQueues queues={queues} asOf={board.asOf} />)));
        message = fragmentMessage(seq, html);
        rendered.set(key, message);
      }
      screen.send(message);
    }
  }
}

/** Null: there are other parts than before, and only the whole will do. Rows of tables do not stand beside other elements. */
function changedParts(before: ReadonlyMap<string, string>, { parts }: BoardParts): readonly string[] | null {
  if (before.size !== parts.size || [...parts.keys()].some((id) => !before.has(id))) return null;
  const changed = [...parts].filter(([id, html]) => before.get(id) !== html);
  const joined = (isRow: boolean): string =>
    changed
      .filter(([, html]) => html.startsWith("<tr") === isRow)
      .map(([, html]) => html)
      .join("");
  return [joined(false), joined(true)].filter((html) => html !== "");
}
