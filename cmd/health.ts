// What is wrong with a running node, in a sentence for everybody's page that says what to do too. The worst comes first.

/** Also keys of the catalogue of languages. */
const sentences = {
  stopping: "This server is stopping: it takes no new calls. Wait until it is back; pages find it again by themselves.",
  journalFull:
    "The disk is full or the journal cannot be written: new calls are refused. Make room on the disk of the data folder; all goes on by itself then.",
  databaseAway:
    "The database is away: calls go on, new work is not assigned until it is back. If that lasts, see that PostgreSQL runs and has room on its disk.",
  diskLow: "The disk is nearly full: make room on the disk of the data folder, or new calls will be refused when it is full.",
  clockChanged: "This server's clock was changed: times of calls may be wrong. See that its time is kept by the network (NTP).",
  callsStopped:
    "An alarm has stopped all calls outside: an administrator releases them on the page of their costs. Calls for help go through.",
} as const;
export type Ailment = keyof typeof sentences;

/** With these a node is not ready for new calls. */
const disabling: ReadonlySet<Ailment> = new Set(["stopping", "journalFull", "databaseAway"]);

/** `problem`: something does not work; `warning`: it will not, or is not right. Null: nothing of the kind. */
export function said(ailing: Readonly<Record<Ailment, boolean>>): { readonly problem: string | null; readonly warning: string | null } {
  const worst = (Object.keys(sentences) as Ailment[]).find((ailment) => ailing[ailment]);
  if (worst === undefined) return { problem: null, warning: null };
  return disabling.has(worst) ? { problem: sentences[worst], warning: null } : { problem: null, warning: sentences[worst] };
}
