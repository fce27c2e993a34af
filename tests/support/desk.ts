// An agent or supervisor without a browser: signs in, posts the desk's forms, reads the live stream, over plain HTTP.
import { password } from "./landline.ts";

export class Desk {
  /** The newest heartbeat's word about what is wrong; undefined until the first one came. */
  problem: string | null | undefined = undefined;
  private readonly stopped = new AbortController();

  private constructor(
    private readonly http: string,
    private readonly cookie: string,
    private readonly csrf: string,
  ) {}

  static async signIn(http: string, email: string): Promise<Desk> {
    const answer = await fetch(`${http}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: http },
      body: new URLSearchParams({ email, password }),
    });
    const cookie = answer.headers.get("set-cookie")?.split(";")[0];
    if (answer.status !== 303 || cookie === undefined) throw new Error(`sign-in of ${email}: ${answer.status}`);
    const page = await (await fetch(`${http}/`, { headers: { cookie } })).text();
    const csrf = /name="csrf" (?:content|value)="([^"]+)"/.exec(page)?.[1];
    if (csrf === undefined) throw new Error("the page carries no form token");
    return new Desk(http, cookie, csrf);
  }

  /** The answer's status. */
  async post(path: string, fields: Readonly<Record<string, string>>): Promise<number> {
    const answer = await fetch(`${this.http}${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: this.cookie, origin: this.http, "x-quiet": "true" },
      body: new URLSearchParams({ ...fields, csrf: this.csrf }),
    });
    return answer.status;
  }

  async get(path: string): Promise<string> {
    return (await this.bytes(path)).toString();
  }

  async bytes(path: string): Promise<Buffer> {
    const answer = await fetch(`${this.http}${path}`, { headers: { cookie: this.cookie } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Listens to the heartbeat that every page's banner shows, until `leave`. */
  watch(): void {
    void this.listen().catch((error: unknown) => {
      if (!this.stopped.signal.aborted) console.error(`the live stream ended: ${String(error)}`);
    });
  }

  leave(): void {
    this.stopped.abort();
  }

  private async listen(): Promise<void> {
    const answer = await fetch(`${this.http}/live`, { headers: { cookie: this.cookie }, signal: this.stopped.signal });
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of answer.body!) {
      text += decoder.decode(bytes, { stream: true });
      const messages = text.split("\n\n");
      text = messages.pop()!;
      for (const message of messages) {
        const beat = /^event: beat\ndata: (.*)$/m.exec(message)?.[1];
        if (beat !== undefined) this.problem = (JSON.parse(beat) as { problem: string | null }).problem;
      }
    }
  }
}
