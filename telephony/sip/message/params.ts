// The small grammar that Via, name-addr and credentials share: tokens, quoted strings, ;parameters and comma lists. Every scan is linear.

/** In order, as written; names are compared without case. */
export type Params = readonly (readonly [name: string, value: string | null])[];

const isToken = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** RFC 3261 §25.1 `token`. */
export function isTokenText(text: string): boolean {
  return isToken.test(text);
}

/** The value of a parameter: null when it has none, undefined when it is absent. */
export function param(params: Params, name: string): string | null | undefined {
  for (const [key, value] of params) if (key === name || key.toLowerCase() === name) return value;
  return undefined;
}

export function skipSpace(text: string, at: number): number {
  let i = at;
  for (let code = text.charCodeAt(i); code === 0x20 || code === 0x09; code = text.charCodeAt(i)) i++;
  return i;
}

/**
 * Without the spaces and tabs around it, which are all the white space of SIP. `trim` would also take the byte A0, with which "à" and many
 * other characters end in UTF-8.
 */
export function trimSpace(text: string): string {
  const start = skipSpace(text, 0);
  let end = text.length;
  while (end > start && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end--;
  return text.slice(start, end);
}

/** The index behind the closing quote of the quoted string that opens at `at`, or -1. A backslash takes its next character along. */
export function quotedEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i + 1;
  }
  return -1;
}

/** A quoted string with its quotes, without them and without the escapes. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\([\s\S])/g, "$1") : inner;
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** `;a;b=c;d="e f"` to the end of the text, or null. Quoted values are returned unquoted. */
export function parseParams(text: string, start: number): Params | null {
  const params: [string, string | null][] = [];
  let at = skipSpace(text, start);
  while (at < text.length) {
    if (text.charCodeAt(at) !== 0x3b) return null;
    at = skipSpace(text, at + 1);
    const nameStart = at;
    while (at < text.length && !';= \t"'.includes(text[at]!)) at++;
    const name = text.slice(nameStart, at);
    if (!isTokenText(name)) return null;
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== 0x3d) {
      params.push([name, null]);
      continue;
    }
    at = skipSpace(text, at + 1);
    if (text.charCodeAt(at) === 0x22) {
      const end = quotedEnd(text, at);
      if (end < 0) return null;
      params.push([name, unquote(text.slice(at, end))]);
      at = skipSpace(text, end);
      continue;
    }
    let end = text.indexOf(";", at);
    if (end < 0) end = text.length;
    const value = trimSpace(text.slice(at, end));
    if (value === "" || /[\s",<>]/.test(value)) return null;
    params.push([name, value]);
    at = end;
  }
  return params;
}

export function formatParams(params: Params): string {
  let text = "";
  for (const [name, value] of params) text += value === null ? `;${name}` : `;${name}=${isPlainValue(value) ? value : quote(value)}`;
  return text;
}

/** Tokens, hosts and IPv6 references need no quotes. */
function isPlainValue(value: string): boolean {
  return /^[A-Za-z0-9\-.!%*_+`'~:[\]]+$/.test(value);
}

/** The members of a comma list; commas inside quotes and angle brackets do not separate. Null when a quote or bracket stays open. */
export function splitList(value: string): string[] | null {
  if (!value.includes(",")) return [trimSpace(value)];
  const members: string[] = [];
  let start = 0;
  let isInBrackets = false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x22 && !isInBrackets) {
      i = quotedEnd(value, i) - 1;
      if (i < 0) return null;
    } else if (code === 0x3c) isInBrackets = true;
    else if (code === 0x3e) isInBrackets = false;
    else if (code === 0x2c && !isInBrackets) {
      members.push(trimSpace(value.slice(start, i)));
      start = i + 1;
    }
  }
  if (isInBrackets) return null;
  members.push(trimSpace(value.slice(start)));
  return members;
}
