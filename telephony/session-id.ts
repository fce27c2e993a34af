// Session-ID (RFC 7989): one name for a call from end to end, through every box that changes Call-IDs. Random, and nothing of ours is in it.
import type { Random } from "../core/env/env.ts";
import { type Draft, type Header, header, headerValues } from "./sip/message/message.ts";

/** Of a side that is not known yet (§5). */
const nil = "0".repeat(32);

/** The sender's own half of what it says; null: it says none, or several, or nothing that is one. */
export function sessionIdOf(message: Draft): string | null {
  const values = headerValues(message, "session-id");
  const id = (values[0] ?? "").split(";")[0]!.trim().toLowerCase();
  return values.length === 1 && /^[0-9a-f]{32}$/.test(id) && id !== nil ? id : null;
}

/** A random UUID (RFC 9562 §5.4) as Session-ID writes it. */
export function newSessionId(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex");
}

/** `local`: whom the receiver talks to, at the other end of us. `remote`: the receiver itself; null: it has not said. */
export function sessionIdHeader(local: string, remote: string | null): Header {
  return header("Session-ID", `${local};remote=${remote ?? nil}`);
}
