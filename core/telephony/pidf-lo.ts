// A civic address as a document that travels with a call (PIDF-LO: RFC 4119, civic elements of RFC 5139): written, and read back strictly.
import { isoInstant } from "../lib/calendar.ts";
import type { CivicAddress } from "./civic-address.ts";

export const pidfLoType = "application/pidf+xml";

const pidf = "urn:ietf:params:xml:ns:pidf";
const geopriv = "urn:ietf:params:xml:ns:pidf:geopriv10";
const policy = "urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy";
const civicAddr = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr";

/** In the schema's order (RFC 5139 §3). */
const elements: readonly (readonly [element: string, part: keyof CivicAddress])[] = [
  ["country", "country"],
  ["A1", "region"],
  ["A3", "city"],
  ["RD", "street"],
  ["HNO", "houseNumber"],
  ["LOC", "extra"],
  ["PC", "postalCode"],
];

/**
 * `entity`: whose place it is, a URI. It may be passed on (RFC 4119 §2.2.2): who answers has to have it. `at`: when this was said, epoch ms.
 */
export function writePidfLo(address: CivicAddress, entity: string, at: number): string {
  const civic = elements
    .filter(([, part]) => address[part] !== "")
    .map(([element, part]) => `<ca:${element}>${escaped(address[part])}</ca:${element}>`)
    .join("");
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<presence xmlns="${pidf}" xmlns:gp="${geopriv}" xmlns:gbp="${policy}" xmlns:ca="${civicAddr}" entity="${escaped(entity)}">`,
    `<tuple id="place"><status><gp:geopriv><gp:location-info><ca:civicAddress>${civic}</ca:civicAddress></gp:location-info>`,
    "<gp:usage-rules><gbp:retransmission-allowed>true</gbp:retransmission-allowed></gp:usage-rules><gp:method>Manual</gp:method>",
    `</gp:geopriv></status><timestamp>${isoInstant(at)}</timestamp></tuple></presence>`,
    "",
  ].join("\r\n");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Documents are small; what is longer is none. */
const charactersMax = 16_384;
const depthMax = 16;

/**
 * The first civic address in it; null: it is no such document. Of XML it knows elements, namespaces, text and references to characters; document
 * types, comments, instructions and whatever else could mean more than it says make it none.
 */
export function readPidfLo(text: string): CivicAddress | null {
  const root = text.length > charactersMax ? null : parse(text);
  if (root?.name !== `${pidf} presence`) return null;
  const info = find(root, [`${pidf} tuple`, `${pidf} status`, `${geopriv} geopriv`, `${geopriv} location-info`]);
  const civic = info?.children.find(({ name }) => name === `${civicAddr} civicAddress`);
  if (civic === undefined) return null;
  const address: Record<string, string> = {};
  for (const [element, part] of elements) {
    const found = civic.children.filter(({ name }) => name === `${civicAddr} ${element}`);
    if (found.length > 1 || found.some(({ children }) => children.length > 0)) return null;
    address[part] = found[0]?.text.trim() ?? "";
  }
  return address as CivicAddress;
}

/** `name`: namespace, a space, local name. */
type Element = { readonly name: string; readonly children: Element[]; text: string };
type Open = { readonly element: Element; readonly tag: string; readonly prefixes: ReadonlyMap<string, string> };

function find(from: Element, path: readonly string[]): Element | null {
  const [next, ...rest] = path;
  if (next === undefined) return from;
  for (const child of from.children) {
    const found = child.name === next ? find(child, rest) : null;
    if (found !== null) return found;
  }
  return null;
}

const nameOf = "[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?";
const tagPattern = new RegExp(`^<(/?)(${nameOf})((?:\\s+${nameOf}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`);
const attributePattern = new RegExp(`(${nameOf})\\s*=\\s*("[^"<]*"|'[^'<]*')`, "g");

function parse(document: string): Element | null {
  let rest = document.replace(/^\ufeff?(?:<\?xml\s[^?<>]*\?>)?\s*/, "").trimEnd();
  const open: Open[] = [];
  let root: Element | null = null;
  while (rest !== "") {
    const top = open.at(-1);
    if (rest[0] !== "<") {
      const end = rest.indexOf("<");
      const text = plain(end < 0 ? rest : rest.slice(0, end));
      if (top === undefined || text === null) return null;
      top.element.text += text;
      rest = end < 0 ? "" : rest.slice(end);
      continue;
    }
    const match = tagPattern.exec(rest);
    if (match === null) return null;
    const [whole, closing, tag, attributes, empty] = match as unknown as [string, string, string, string, string];
    rest = rest.slice(whole.length);
    if (closing === "/") {
      if (top?.tag !== tag || attributes !== "" || empty !== "") return null;
      open.pop();
      continue;
    }
    const prefixes = declared(attributes, top?.prefixes ?? new Map());
    const name = prefixes === null ? null : resolved(tag, prefixes);
    if (name === null || open.length >= depthMax || (top === undefined && root !== null)) return null;
    const element: Element = { name, children: [], text: "" };
    if (top === undefined) root = element;
    else top.element.children.push(element);
    if (empty === "") open.push({ element, tag, prefixes: prefixes! });
  }
  return open.length === 0 ? root : null;
}

function declared(attributes: string, outer: ReadonlyMap<string, string>): ReadonlyMap<string, string> | null {
  const prefixes = new Map(outer);
  const seen = new Set<string>();
  for (const [, name = "", quoted = ""] of attributes.matchAll(attributePattern)) {
    const value = plain(quoted.slice(1, -1));
    if (seen.has(name) || value === null) return null;
    seen.add(name);
    if (name === "xmlns") prefixes.set("", value);
    else if (name.startsWith("xmlns:")) prefixes.set(name.slice(6), value);
  }
  return prefixes;
}

function resolved(tag: string, prefixes: ReadonlyMap<string, string>): string | null {
  const [local = "", prefix = ""] = tag.split(":").toReversed();
  const namespace = prefixes.get(prefix);
  return namespace === undefined ? null : `${namespace} ${local}`;
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Null: a reference to what nobody has declared, or to no character. */
function plain(text: string): string | null {
  let isBroken = false;
  const read = text.replace(/&([^;&]{0,12};?)/g, (_, reference: string) => {
    const number = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));$/.exec(reference);
    const code = number === null ? null : Number.parseInt(number[1] ?? number[2]!, number[1] === undefined ? 10 : 16);
    const isCharacter = code !== null && code <= 0x10ffff && (code >= 0x20 || code === 9 || code === 10 || code === 13);
    const char = isCharacter && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : named[reference.replace(/;$/, "")];
    if (char === undefined || !reference.endsWith(";")) isBroken = true;
    return char ?? "";
  });
  return isBroken ? null : read;
}
