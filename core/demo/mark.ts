// What marks an object of the demo: its name says so, wherever it is shown.

const mark = " (Demo)";
/** Nobody has mail there: RFC 2606 keeps `.invalid` free for ever. */
export const demoMailDomain = "demo.invalid";

export function marked(name: string): string {
  return `${name}${mark}`;
}

export function isDemo(object: { readonly name: string }): boolean {
  return object.name.endsWith(mark);
}
