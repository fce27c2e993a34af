// What many screens show alike: read once after a change, rendered once for a language, sent in those parts alone that changed.
import type { LoggedEvent } from "../../core/events/index.ts";
import { type Board, queueBoard } from "../../core/routing/queries.ts";
import { boardFacts } from "../pages/board/routes.tsx";
import { type BoardParts, boardParts } from "../pages/board/views.tsx";
import { queuesOf } from "../pages/desk/routes.tsx";
import { YourQueues } from "../pages/desk/views.tsx";
import type { WebPorts } from "../ports.ts";
import { inLanguage, type Language } from "../ui/text.ts";
import { Renderer } from "./renderer.ts";

/** So often at most: people do not read faster. */
const everyMs = 250;

export const aboutRouting =
  /^(conversation\.(started|enqueued|alert|agent|held|resumed|answered|ended|data|wrapup|dialled|party|transfer|consult|supervision)|routing\.|user\.(presence|created|skills))/;

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
  /** Whether what was read is no longer so. */
  private isOld = false;
  private readonly renderer: Renderer;
  private unsubscribe: (() => void) | null = null;

  constructor(private readonly ports: WebPorts) {
    this.renderer = new Renderer(ports.app.env, () => this.render(), everyMs);
  }

  /** Everything at first, then what changes. Returns how to leave. */
  join(screen: Screen): () => void {
    // What was read while nobody followed the log is of no use.
    if (this.screens.size === 0) this.isOld = true;
    this.screens.add(screen);
    this.fresh.add(screen);
    this.unsubscribe ??= this.ports.subscribe((event) => this.onLogged(event));
    this.renderer.due();
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
    this.isOld = true;
    this.renderer.due();
  }

  private async render(): Promise<void> {
    if (this.screens.size === 0) return;
    const { seq, isOld } = this;
    const fresh = new Set(this.fresh);
    this.isOld = false;
    try {
      const reading = isOld || this.board === null ? queueBoard(this.ports.app) : this.board;
      const board = await reading;
      this.board = reading;
      await this.renderBoards(board, seq, fresh);
      await this.renderDesks(board, seq, isOld ? this.screens : fresh);
    } catch (error) {
      this.isOld = true;
      throw error;
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
