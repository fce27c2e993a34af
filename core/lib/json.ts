// JSON that somebody else may have written.

/** Null when it is none: whoever has a schema for it says what is wrong. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
