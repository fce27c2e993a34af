// Between what a form holds and what is kept: seconds and percent for people, arrays from lines and boxes, JSON from text.
import { createHash } from "node:crypto";
import { type CivicAddress, civicText } from "../../../core/telephony/civic-address.ts";
import { civicOf } from "../../ui/civic.tsx";
import type { Control, FieldSpec } from "./object-page.ts";

/** What the form's fields mean; an entry that cannot be read is left for the schema to refuse. */
export function readForm<Settings>(fields: readonly FieldSpec<Settings>[], form: FormData): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, control }) => [name, readField(control, name, form)]));
}

function readField(control: Control, name: string, form: FormData): unknown {
  const text = String(form.get(name) ?? "");
  switch (control.kind) {
    case "text":
      return control.mayBeEmpty === true && text.trim() === "" ? null : text;
    case "pem":
      // A form's line ends are CRLF, whatever was pasted.
      return text.replaceAll("\r\n", "\n").trim();
    case "quantity":
      return text.trim() === "" ? Number.NaN : clean(Number(text.replace(",", ".")) * control.scale);
    case "kept":
      return text;
    case "choice":
      return text === "" && control.none !== undefined ? null : text;
    case "picks":
      return form.getAll(name).map(String);
    case "ranked":
      return form
        .getAll(name)
        .map(String)
        .filter((entry) => entry !== "");
    case "lines":
      return linesOf(text);
    case "ranges":
      return linesOf(text).map(rangeOf);
    case "span": {
      const { start, end } = rangeOf(text);
      return start === "" ? null : { start: Number(start), end: Number(end) };
    }
    case "civic":
      return civicOf(name, form);
    case "document":
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
  }
}

function linesOf(text: string): string[] {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function rangeOf(text: string): Range {
  const [start = "", end = start] = text.split("-").map((part) => part.trim());
  return { start, end };
}

type Range = { readonly start: string | number; readonly end: string | number };

function rangeText({ start, end }: Range): string {
  return start === end ? String(start) : `${start}-${end}`;
}

/** Documents that are no JSON, with the parser's word on where. */
export function unreadable<Settings>(fields: readonly FieldSpec<Settings>[], form: FormData): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.flatMap(({ name, control }) => {
      if (control.kind !== "document") return [];
      try {
        JSON.parse(String(form.get(name) ?? ""));
        return [];
      } catch (error) {
        return [[name, `This is not JSON: ${error instanceof Error ? error.message : String(error)}.`]];
      }
    }),
  );
}

/** What an input shows of a kept value. */
export function inputText(control: Control, value: unknown): string {
  if (value === null || value === undefined) return "";
  switch (control.kind) {
    case "quantity":
      return typeof value === "number" && !Number.isNaN(value) ? String(clean(value / control.scale)) : "";
    case "lines":
      return (value as readonly string[]).join("\n");
    case "ranges":
      return (value as readonly Range[]).map(rangeText).join("\n");
    case "span":
      return rangeText(value as Range);
    case "document":
      return JSON.stringify(value, null, 2);
    default:
      return String(value);
  }
}

/** One line for people: what History, Preview and CSV say of a value. `labels` are those of choices. */
export function saidOf(control: Control, value: unknown, labels: ReadonlyMap<string, string>): string {
  if (value === null || value === undefined || value === "") return control.kind === "choice" ? (control.none ?? "–") : "–";
  switch (control.kind) {
    case "quantity":
      return `${inputText(control, value)} ${control.unit}`;
    case "ranges":
      return (value as readonly Range[]).map(rangeText).join(", ") || "–";
    case "span":
      return rangeText(value as Range);
    case "ranked":
      return (value as readonly string[]).map((entry) => labels.get(entry) ?? entry).join(" → ") || "–";
    case "picks":
    case "lines":
      return (value as readonly string[]).map((entry) => labels.get(entry) ?? entry).join(", ") || "–";
    case "pem": {
      const digest = createHash("sha256").update(String(value)).digest("hex").slice(0, 12);
      return `${String(value).split("-----BEGIN").length - 1} × PEM, SHA-256 ${digest}…`;
    }
    case "choice":
    case "kept":
      return labels.get(String(value)) ?? String(value);
    case "civic":
      return civicText(value as CivicAddress);
    case "document":
      return JSON.stringify(value, null, 2);
    default:
      return String(value);
  }
}

// 0.8 × 100 is 80, not 80.00000000000001.
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** One line of CSV (RFC 4180). What a spreadsheet would take for a formula is written as text. */
export function csvLine(cells: readonly string[]): string {
  const safe = cells.map((cell) => (/^[=@\t\r]|^[+-](?![\d ]*$)/.test(cell) ? `'${cell}` : cell));
  return `${safe.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\r\n`;
}
