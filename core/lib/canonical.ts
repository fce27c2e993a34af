// RFC 8785 canonical JSON: one value, one text, so that a digest over it can be checked by anybody.
import { AppError } from "./errors.ts";

/** Deeper than any payload of ours; a bound so that no value can exhaust the stack. */
const depthMax = 64;

/** A value that has no canonical text: not JSON, not finite, not well-formed, or nested too deep. */
export class NotCanonical extends AppError {
  override readonly name = "NotCanonical";
  constructor(what: string) {
    super("json.not.canonical", `This value has no canonical JSON: ${what}.`, 400);
  }
}

/**
 * Members with the value `undefined` are left out. Numbers and strings are written as ECMAScript writes them (RFC 8785 §3.2.2), keys
 * sorted by UTF-16 code units (§3.2.3), lone surrogates refused (§3.2.2.2). @throws NotCanonical
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > depthMax) throw new NotCanonical(`nested deeper than ${depthMax}`);
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") {
    // §3.2.2.3: NaN and Infinity are errors; -0 becomes 0, as JSON.stringify does.
    if (!Number.isFinite(value)) throw new NotCanonical(`the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(",")}]`;
  if (typeof value === "object" && isPlain(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, member]) => `${writeString(key)}:${write(member, depth + 1)}`).join(",")}}`;
  }
  throw new NotCanonical(`a ${typeof value}`);
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw new NotCanonical("text with half a surrogate pair");
  return JSON.stringify(text);
}

// Dates, maps and buffers would be written as something else than they are.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
