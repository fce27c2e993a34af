// One way to open connections, whether the server is ours or the operator's: same types, same session settings.
import type postgres from "postgres";
import { AppError, Unavailable } from "../../core/lib/errors.ts";
import { openPool } from "./pool.ts";

/** Where a server is and how to get in. Built by embedded.ts or external.ts. */
export type ConnectTarget = {
  /** Host name, or the folder of the unix socket. */
  readonly host: string;
  /** Full path of the unix socket; null: TCP. */
  readonly socketPath: string | null;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: false | "prefer" | TlsOptions;
  /** Further session parameters of the operator's URL. */
  readonly parameters: Readonly<Record<string, string>>;
};
export type TlsOptions = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
  /** `verify-ca` accepts any name of a known issuer. */
  readonly checkServerIdentity?: () => undefined;
};

const types = {
  /** Sequences and sizes: exact in a number up to 2^53. */
  bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: (text: string) => Number(text) },
  /** Sums of bigint columns come as numeric. */
  numeric: { to: 1700, from: [1700], serialize: (value: number) => String(value), parse: (text: string) => Number(text) },
  /** Epoch ms outside, timestamptz inside. Sessions run in UTC, so the text always ends in +00. */
  instant: { to: 1184, from: [1184], serialize: instantText, parse: parseInstant },
  /** The arrays that our statements carry. postgres.js would ask every new connection for all types, and what it asks in vain ends the process. */
  bigints: { to: 1016, from: [1016], serialize: arrayText, parse: (text: string) => parseArray(text).map(Number) },
  texts: { to: 1009, from: [1009, 2951], serialize: arrayText, parse: parseArray },
};
export type Sql = Omit<postgres.Sql<Converted>, "reserve" | "subscribe" | "largeObject"> & postgres.ISql<Converted>;
/** A pool or one transaction of it. */
export type Session = postgres.ISql<Converted>;
type Converted = { bigint: number; numeric: number; instant: number; bigints: number[]; texts: string[] };

/** Opens a pool lazily: no connection is made before the first query. `max` statements or transactions at once, and one more for listening. */
export function connect(target: ConnectTarget, options: { readonly max: number; readonly name: string }): Sql {
  const client = {
    host: target.host,
    ...(target.socketPath === null ? { port: target.port } : { path: target.socketPath }),
    database: target.database,
    user: target.user,
    pass: target.password,
    ssl: target.tls,
    types,
    fetch_types: false,
    // A server that is away must be told within seconds: the journal and "please hold" take over then.
    connect_timeout: 5,
    // For the listener alone: the pool's own connections are never made twice.
    backoff: (retries: number) => Math.min(0.1 * 2 ** Math.min(retries, 6), 2),
    // Connections live until they break: a rotation would only add latency spikes.
    max_lifetime: null,
    connection: {
      ...target.parameters,
      application_name: options.name,
      TimeZone: "UTC",
      // The append asserts this too: anything else forks the chain.
      default_transaction_isolation: "read committed",
      // A client that died mid-transaction must not keep the log's lock.
      idle_in_transaction_session_timeout: 30_000,
      // What is read as text is read in these forms.
      DateStyle: "ISO",
      bytea_output: "hex",
    },
    onnotice: () => undefined,
  };
  const { host, port, socketPath } = target;
  return openPool({ max: options.max, host, port, socketPath, client }) as unknown as Sql;
}

/** `2026-11-25 10:35:48.123+00`, from epoch ms. */
export function instantText(at: number | string): string {
  return typeof at === "string" ? at : Temporal.Instant.fromEpochMilliseconds(at).toString({ smallestUnit: "millisecond" });
}

export function parseInstant(text: string): number {
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/[+]00$/, "Z")}`);
}

/** One dimension, no nulls, every element in quotes. PostgreSQL documentation, "Array Input and Output Syntax". */
export function arrayText(elements: readonly (string | number)[]): string {
  return `{${elements.map((element) => `"${String(element).replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

export function parseArray(text: string): string[] {
  const elements = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs);
  return Array.from(elements, ([, quoted, bare]) => quoted?.replace(/\\(.)/gs, "$1") ?? bare!);
}

// Classes 08, 53, 57, 58 (connection, resources, operator, system) and a read-only server: the statement itself is not to blame.
const away =
  /^(08|53|57|58)...$|^25006$|^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$|^CONNECT/;

/** Whether the error says that the server is not there (or just left), so that trying again may help. */
export function isAway(error: unknown): boolean {
  return away.test(codeOf(error));
}

/** Serialization failure or deadlock: the transaction did nothing and may run again. */
export function isRetryable(error: unknown): boolean {
  return /^40(001|P01)$/.test(codeOf(error));
}

/** SQLSTATE or system error code; "" when it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof AppError || typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}

/** The same error, or Unavailable when the database is what is missing. */
export function asUnavailable(error: unknown): unknown {
  return isAway(error) ? new Unavailable("The database does not answer at the moment.", 2_000, "database.unavailable") : error;
}
