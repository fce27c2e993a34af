// Which rows the log describes whole: table, and the events whose `after` is the row. The allow-list of the database is in the migrations.
import * as schema from "./schema/tables.ts";
import { Table } from "./stores/table.ts";

type Row = Record<string, unknown>;

export const audited: readonly { readonly table: Table<Row>; readonly types: RegExp }[] = [
  { table: new Table<Row>(schema.queue), types: /^routing\.queue\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.organization), types: /^organization\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.user), types: /^user\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.oauthClient), types: /^oauth\.client\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.trunk), types: /^telephony\.trunk\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.station), types: /^telephony\.station\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.ivr), types: /^architect\.ivr\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.skill), types: /^routing\.skill\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.wrapupCode), types: /^routing\.wrapup-code\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.presenceDefinition), types: /^presence\.definition\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.conferenceRoom), types: /^telephony\.conference-room\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.rateTable), types: /^telephony\.rate-table\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.callAlarm), types: /^telephony\.call-alarm\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.didPool), types: /^telephony\.did-pool\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.site), types: /^telephony\.site\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.numberPlan), types: /^telephony\.number-plan\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.outboundRoute), types: /^telephony\.outbound-route\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.prompt), types: /^architect\.prompt\.(created|updated|deleted)$/ },
  { table: new Table<Row>(schema.flow), types: /^architect\.flow\.(created|updated|published|deleted)$/ },
];
