// Writes a message as bytes. Content-Length is always ours and always last; no value can carry a line break out.
import type { Draft } from "./message.ts";

export function serialise(message: Draft): Uint8Array {
  let head =
    message.kind === "request"
      ? `${oneLine(message.method)} ${oneLine(message.uriText)} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${oneLine(message.reason)}\r\n`;
  for (const { name, value } of message.headers) head += `${oneLine(name)}: ${oneLine(value)}\r\n`;
  head += `Content-Length: ${message.body.length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + message.body.length);
  bytes.write(head, 0, "latin1");
  bytes.set(message.body, head.length);
  return bytes;
}

/** Header injection ends here, whatever a caller handed in. */
function oneLine(text: string): string {
  return text.includes("\r") || text.includes("\n") ? text.replace(/[\r\n]+/g, " ") : text;
}
