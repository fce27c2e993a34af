// The operator's own PostgreSQL: its URL, its TLS, and whether it is new enough.
import { readFileSync } from "node:fs";
import { AppError } from "../../core/lib/errors.ts";
import type { ConnectTarget, Session, TlsOptions } from "./connect.ts";

/** What we need is in 15 and later; older ones near their end of life. */
export const postgresMajorMin = 15;

/** A database that cannot serve us: one sentence that says what to change. */
export class DatabaseError extends AppError {
  override readonly name = "DatabaseError";
  constructor(message: string) {
    super("database.unusable", message, 500);
  }
}

/** Reads `postgres://user:password@host:port/database?sslmode=…`. Host may be a socket folder, percent-encoded. @throws DatabaseError */
export function externalTarget(url: string): ConnectTarget {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new DatabaseError("database: a URL like postgres://user:password@host:5432/landline is needed");
  }
  const query = new Map(parsed.searchParams);
  const take = (key: string): string | undefined => {
    const value = query.get(key);
    query.delete(key);
    return value;
  };
  const host = take("host") ?? decodeURIComponent(parsed.hostname.replace(/^\[(.*)\]$/, "$1"));
  const port = Number(take("port") ?? (parsed.port === "" ? 5432 : parsed.port));
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (host === "" || database === "") throw new DatabaseError("database: the URL names no host or no database");
  const tls = tlsOf(take("sslmode") ?? "prefer", take("sslrootcert"), take("sslcert"), take("sslkey"), host);
  return {
    host,
    socketPath: host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : null,
    port,
    database,
    user: decodeURIComponent(parsed.username) || "landline",
    password: decodeURIComponent(parsed.password),
    tls: host.startsWith("/") ? false : tls,
    parameters: Object.fromEntries(query),
  };
}

// libpq's meanings (PostgreSQL documentation, "SSL Mode Descriptions"): only verify-… checks who answers.
function tlsOf(
  mode: string,
  rootFile: string | undefined,
  certFile: string | undefined,
  keyFile: string | undefined,
  host: string,
): ConnectTarget["tls"] {
  const files: Omit<TlsOptions, "rejectUnauthorized"> & { servername?: string } = {
    ...(rootFile === undefined || rootFile === "system" ? {} : { ca: pem(rootFile, "sslrootcert") }),
    ...(certFile === undefined ? {} : { cert: pem(certFile, "sslcert") }),
    ...(keyFile === undefined ? {} : { key: pem(keyFile, "sslkey") }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  };
  switch (mode) {
    case "disable":
      return false;
    case "allow":
    case "prefer":
      return "prefer";
    case "require":
      // As libpq: with a root certificate, `require` means `verify-ca`.
      return rootFile === undefined ? { ...files, rejectUnauthorized: false } : tlsOf("verify-ca", rootFile, certFile, keyFile, host);
    case "verify-ca":
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case "verify-full":
      return { ...files, rejectUnauthorized: true };
    default:
      throw new DatabaseError(`database: sslmode=${mode} is not known (disable, allow, prefer, require, verify-ca, verify-full)`);
  }
}

function pem(path: string, key: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new DatabaseError(`database: ${key}: ${path} cannot be read`);
  }
}

/** Refuses a server that is too old, a standby, or a database that is not UTF-8. Returns its version text. @throws DatabaseError */
export async function checkServer(sql: Session): Promise<string> {
  const [row] = await sql<{ number: number; version: string; encoding: string; standby: boolean }[]>`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
           current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby`;
  const { number, version, encoding, standby } = row!;
  if (Math.floor(number / 10_000) < postgresMajorMin) {
    throw new DatabaseError(`database: the server is PostgreSQL ${version}; ${postgresMajorMin} or newer is needed`);
  }
  if (standby) throw new DatabaseError("database: the server is a standby and takes no writes; give the primary's address");
  if (encoding !== "UTF8") throw new DatabaseError(`database: the database's encoding is ${encoding}; create it with encoding UTF8`);
  return version;
}
