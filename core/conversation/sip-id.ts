// How SIP names a call: Call-ID, exact as it is, and Session-ID (RFC 7989), 32 hexadecimal digits however somebody writes them.

/** What to look for, when somebody pastes one of them: with a header's name, both halves, dashes or brackets. Null: it is neither. */
export function sipIdOf(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^(call-id|i|session-id)\s*:\s*/i, "")
    .replace(/^<(.*)>$/, "$1");
  const session = /^([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?:;.*)?$/i.exec(bare)?.[1];
  if (session !== undefined) return session.replaceAll("-", "").toLowerCase();
  // A Call-ID is one word; a shorter one is no more than a number or a name.
  return /^\S{8,255}$/.test(bare) ? bare : null;
}
