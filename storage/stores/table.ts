// A table with the domain's names: column lists and inserts made from the drizzle schema, run by postgres.js (a third of the cost of drizzle's own).
import { getTableColumns, getTableName } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Session } from "../postgres/connect.ts";

/**
 * `columns` selects every column under its domain name; `insert` takes an object under those names. The type says what the rows are: the
 * schema's column types are the database's, the domain's are narrower.
 */
export class Table<Row extends object> {
  readonly name: string;
  /** `"id", "organization_id" as "organizationId", …` */
  private readonly list: string;
  private readonly fields: readonly { readonly key: string; readonly column: string; readonly json: boolean }[];

  constructor(table: PgTable) {
    this.name = getTableName(table);
    this.fields = Object.entries(getTableColumns(table)).map(([key, column]) => ({
      key,
      column: column.name,
      json: column.columnType === "PgJsonb",
    }));
    this.list = this.fields.map(({ key, column }) => `t."${column}" as "${key}"`).join(", ");
  }

  /** `select … from "name" t`: write the rest behind it. */
  from(sql: Session) {
    return sql`select ${sql.unsafe(this.list)} from ${sql(this.name)} t`;
  }

  /** All columns of the alias `t`, for `returning` and joins. */
  columns(sql: Session) {
    return sql.unsafe(this.list);
  }

  async insert(sql: Session, row: Row): Promise<void> {
    await sql`insert into ${sql(this.name)} ${sql(this.toColumns(sql, row))}`;
  }

  /** The row under its columns' names, json ready to send. */
  toColumns(sql: Session, row: Partial<Row>): Record<string, never> {
    const values: Record<string, unknown> = {};
    for (const { key, column, json } of this.fields) {
      const value = row[key as keyof Row];
      if (value !== undefined) values[column] = json ? sql.json(value as never) : value;
    }
    return values as Record<string, never>;
  }
}

/** The one row, or null. */
export function first<Row>(rows: readonly object[]): Row | null {
  return (rows[0] as Row | undefined) ?? null;
}
