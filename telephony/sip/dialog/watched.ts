// What a subscription tells: the dialogs of a line (RFC 4235) or the messages that wait (RFC 3842), as bodies of NOTIFY. Pure.

export type LineDialog = {
  /** Unique on this node, and nothing else. */
  readonly id: string;
  /** Who began it: the line itself, or whoever calls it. */
  readonly direction: "initiator" | "recipient";
  readonly state: "early" | "confirmed";
  /** Cleaned; null: the watcher may not know. */
  readonly party: { readonly number: string; readonly name: string } | null;
  /** It may be taken from there (RFC 3891): its id then stands as Call-ID and in both tags. They are no dialog's of ours, and hold for this one alone. */
  readonly mayBeTaken: boolean;
};

/** What Replaces has to say for a call that we have told of. */
export function takingTags(id: string): { readonly local: string; readonly remote: string } {
  return { local: `${id}.local`, remote: `${id}.remote` };
}

export type Watched =
  | { readonly package: "dialog"; readonly entity: string; readonly dialogs: readonly LineDialog[] }
  | { readonly package: "message-summary"; readonly account: string; readonly fresh: number; readonly heard: number };

export type EventPackage = Watched["package"];

/** By package: the type of what is told. */
export const watchedTypes: Readonly<Record<EventPackage, string>> = {
  dialog: "application/dialog-info+xml",
  "message-summary": "application/simple-message-summary",
};
export const allowEvents = Object.keys(watchedTypes).join(", ");

/** `before`: what the watcher has been told last; null: everything is told anew. `version` counts the NOTIFYs (RFC 4235 §4.1). */
export function watchedBody(before: Watched | null, now: Watched, version: number): Uint8Array {
  const text = now.package === "dialog" ? dialogInfo(before?.package === "dialog" ? before : null, now, version) : messageSummary(now);
  return Buffer.from(text, "utf8");
}

export function tellsTheSame(a: Watched, b: Watched): boolean {
  return Buffer.compare(watchedBody(null, a, 0), watchedBody(null, b, 0)) === 0;
}

/** RFC 3842 §5.2. No message is urgent. */
function messageSummary({ account, fresh, heard }: Extract<Watched, { package: "message-summary" }>): string {
  const waiting = fresh > 0 ? "yes" : "no";
  return `Messages-Waiting: ${waiting}\r\nMessage-Account: ${account}\r\nVoice-Message: ${fresh}/${heard} (0/0)\r\n`;
}

type Line = Extract<Watched, { package: "dialog" }>;

/** RFC 4235 §4: what has changed, and what is gone as terminated. */
function dialogInfo(before: Line | null, { entity, dialogs }: Line, version: number): string {
  const host = entity.slice(entity.indexOf("@") + 1);
  const told = new Map(before?.dialogs.map((dialog) => [dialog.id, dialogXml(dialog, host)]));
  const changed = dialogs
    .map((dialog) => ({ id: dialog.id, text: dialogXml(dialog, host) }))
    .filter(({ id, text }) => told.get(id) !== text);
  const gone = (before?.dialogs ?? [])
    .filter(({ id }) => !dialogs.some((dialog) => dialog.id === id))
    .map(({ id, direction }) => `<dialog id="${xml(id)}" direction="${direction}"><state>terminated</state></dialog>\n`);
  const state = before === null ? "full" : "partial";
  const head = `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="${state}" entity="${xml(entity)}">`;
  return `<?xml version="1.0"?>\n${head}\n${changed.map((one) => one.text).join("")}${gone.join("")}</dialog-info>\n`;
}

function dialogXml({ id, direction, state, party, mayBeTaken }: LineDialog, host: string): string {
  const { local, remote: other } = takingTags(id);
  const taking = mayBeTaken ? ` call-id="${xml(id)}" local-tag="${xml(local)}" remote-tag="${xml(other)}"` : "";
  return `<dialog id="${xml(id)}"${taking} direction="${direction}"><state>${state}</state>${party === null ? "" : remote(party, host)}</dialog>\n`;
}

/** A number stands in our own domain: the watcher calls it back by us. */
function remote({ number, name }: NonNullable<LineDialog["party"]>, host: string): string {
  const uri = number === "" ? "sip:anonymous@anonymous.invalid" : `sip:${encodeURIComponent(number)}@${host}`;
  return `<remote><identity${name === "" ? "" : ` display="${xml(name)}"`}>${xml(uri)}</identity></remote>`;
}

function xml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
