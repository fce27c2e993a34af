// A pool that survives its server. Each connection is a postgres.js client of its own with one socket for one life; the pool hands it to one
// statement or one transaction at a time.
//
// postgres.js's own pool (3.4.9) does not survive: a query in a transaction whose connection has gone is written to a null socket, which ends
// the process; one that comes between the socket's error and its close is never answered; and a lost connection is used again with what was
// left in it. Seen by killing a server under load, see pool.test.ts.
import { connect as dial, type Socket } from "node:net";
import postgres from "postgres";
import { Unavailable } from "../../core/lib/errors.ts";
import { statementsWaitingMax } from "../../core/lib/limits.ts";

type Client = postgres.Sql<Record<string, unknown>>;
/** What `sql` returns for a template: it runs when awaited, by `handler`. */
type Query = Promise<unknown> & { handler: (query: Query) => void; readonly reject: (error: Error) => void };
type Work = (session: Client) => Promise<unknown>;

export type PoolOptions = {
  readonly max: number;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | null;
  /** Everything else that postgres.js wants to know. */
  readonly client: Record<string, unknown>;
};

const dialMs = 5_000;

/** `sql` as postgres.js has it, without `reserve`, `subscribe` and `largeObject`. No connection is made before the first statement. */
export function openPool(options: PoolOptions): Client {
  const pool = new Pool(options);
  const run = (query: Query): void => void pool.statement(query);
  const sql = sessionOf(pool.builder, run);
  const own: Readonly<Record<string, unknown>> = {
    begin: (first: unknown, second?: unknown) =>
      second === undefined ? pool.begin("", first as Work) : pool.begin(String(first), second as Work),
    listen: (...args: Parameters<Client["listen"]>) => pool.listen(...args),
    notify: (channel: string, payload: string) => sql`select pg_notify(${channel}, ${payload})`,
    end: (options?: { readonly timeout?: number }) => pool.end(options?.timeout),
    reserve: undefined,
    subscribe: undefined,
    largeObject: undefined,
  };
  return new Proxy(sql, { get: (target, key) => (typeof key === "string" && key in own ? own[key] : Reflect.get(target, key)) });
}

/** A client whose queries are run by `handler`; fragments and helpers are as `builder` makes them. */
function sessionOf(builder: Client, handler: (query: Query) => void): Client {
  const handled = (made: unknown): unknown => {
    if (typeof made === "object" && made !== null && "handler" in made) (made as Query).handler = handler;
    return made;
  };
  return new Proxy(builder, {
    apply: (target, _self, args: unknown[]) => handled((target as unknown as (...args: unknown[]) => unknown)(...args)),
    get: (target, key) => {
      if (key === "unsafe") return (...args: Parameters<Client["unsafe"]>) => handled(target.unsafe(...args));
      return Reflect.get(target, key);
    },
  });
}

class Pool {
  /** Makes queries, never connects. */
  readonly builder: Client;
  private readonly idle: Connection[] = [];
  private readonly waiting: { readonly take: (connection: Connection) => void; readonly fail: (error: Error) => void }[] = [];
  private readonly connections = new Set<Connection>();
  private ended = false;
  private whenEmpty: () => void = () => undefined;
  private listener: Client | null = null;

  constructor(private readonly options: PoolOptions) {
    this.builder = postgres({ ...options.client, max: 1 }) as unknown as Client;
  }

  async statement(query: Query): Promise<void> {
    try {
      const connection = await this.take();
      await connection.run(query);
      this.giveBack(connection);
    } catch (error) {
      query.reject(error as Error);
    }
  }

  /** Commits what `work` did, or rolls it back and throws what it threw. Nothing of it runs outside its transaction. */
  async begin(how: string, work: Work): Promise<unknown> {
    const connection = await this.take();
    const session = sessionOf(this.builder, (query) => void connection.run(query));
    try {
      // A loss ends it at once, whatever `work` is waiting for.
      return await Promise.race([transaction(session, how, work), connection.loss]);
    } catch (error) {
      await session`rollback`.catch(() => connection.end());
      throw error;
    } finally {
      this.giveBack(connection);
    }
  }

  /** On a connection of its own, which postgres.js makes again by itself: nothing is ever half-written on it. */
  listen(...args: Parameters<Client["listen"]>): ReturnType<Client["listen"]> {
    this.listener ??= postgres({ ...this.options.client, max: 1 }) as unknown as Client;
    return this.listener.listen(...args);
  }

  /** What waits is told; what runs may finish, for some seconds. */
  async end(timeoutSeconds = 5): Promise<void> {
    this.ended = true;
    for (const { fail } of this.waiting.splice(0)) fail(gone());
    for (const connection of this.idle.splice(0)) this.drop(connection);
    if (this.connections.size > 0) {
      const empty = new Promise<void>((done) => {
        this.whenEmpty = done;
      });
      // At the end of a process no clock is at hand any more.
      AbortSignal.timeout(timeoutSeconds * 1_000).addEventListener("abort", () => this.whenEmpty());
      await empty;
      for (const connection of this.connections) connection.end();
    }
    await this.listener?.end({ timeout: 1 });
  }

  private async take(): Promise<Connection> {
    if (this.ended) throw gone();
    const idle = this.idle.pop();
    if (idle !== undefined) return idle;
    if (this.connections.size < this.options.max) return this.open();
    if (this.waiting.length >= statementsWaitingMax) throw new Unavailable("Too much waits for the database.", 2_000, "database.busy");
    return new Promise((take, fail) => this.waiting.push({ take, fail }));
  }

  private giveBack(connection: Connection): void {
    if (!connection.lost && !this.ended) {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(connection);
      else next.take(connection);
      return;
    }
    this.drop(connection);
    const next = this.waiting.shift();
    if (next !== undefined) next.take(this.open());
  }

  private open(): Connection {
    const connection = new Connection(this.options, () => {
      const at = this.idle.indexOf(connection);
      if (at < 0) return;
      this.idle.splice(at, 1);
      this.drop(connection);
    });
    this.connections.add(connection);
    return connection;
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection);
    connection.end();
    if (this.connections.size === 0) this.whenEmpty();
  }
}

async function transaction(session: Client, how: string, work: Work): Promise<unknown> {
  await session.unsafe(`begin ${how}`);
  const value = await work(session);
  const { command } = await session`commit`;
  // A statement that failed and was swallowed has aborted the transaction; the server then answers COMMIT with ROLLBACK.
  if (command !== "COMMIT") throw new Error("a statement of the transaction had failed; nothing was committed");
  return value;
}

/** One socket, one life. Once it is lost every query is refused, those under way and those to come. */
class Connection {
  lost = false;
  /** Rejects when the connection is lost. */
  readonly loss: Promise<never>;
  private readonly client: Client;
  private readonly dispatch: (query: Query) => void;
  private readonly running = new Set<Query>();
  private reject: (error: Error) => void = () => undefined;

  constructor(
    { host, port, socketPath, client }: PoolOptions,
    private readonly onLost: () => void,
  ) {
    this.loss = new Promise((_, reject) => {
      this.reject = reject;
    });
    this.loss.catch(() => undefined);
    let dialled = false;
    this.client = postgres({
      ...client,
      max: 1,
      onclose: () => this.lose(gone()),
      // Asked again means: the connection was lost. A second one would carry statements of a transaction that is no more.
      socket: async () => {
        try {
          if (dialled) throw gone();
          dialled = true;
          return await openSocket(host, port, socketPath);
        } catch (error) {
          this.lose(error as Error);
          throw error;
        }
      },
    } as postgres.Options<Record<string, never>>) as unknown as Client;
    this.dispatch = (this.client`` as unknown as Query).handler;
  }

  /** Resolves when the query is settled, whichever way. */
  async run(query: Query): Promise<void> {
    if (this.lost) return query.reject(gone());
    this.running.add(query);
    this.dispatch(query);
    // Not query.then(): that would run it again.
    await Promise.prototype.then.call(query, settled, settled);
    this.running.delete(query);
  }

  end(): void {
    this.lose(gone());
    this.client.end({ timeout: 0 }).catch(() => undefined);
  }

  private lose(error: Error): void {
    if (this.lost) return;
    this.lost = true;
    for (const query of this.running) query.reject(error);
    this.reject(error);
    this.onLost();
  }
}

function settled(): void {
  // Only that it is.
}

function openSocket(host: string, port: number, socketPath: string | null): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = socketPath === null ? dial({ host, port }) : dial({ path: socketPath });
    AbortSignal.timeout(dialMs).addEventListener("abort", () => {
      if (socket.connecting) socket.destroy(Object.assign(new Error("the database does not answer"), { code: "ETIMEDOUT" }));
    });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      done(socket);
    });
  });
}

function gone(): Error {
  return Object.assign(new Error("the connection to the database is gone"), { code: "CONNECTION_CLOSED" });
}
