// Cuts a byte stream into SIP messages (RFC 3261 §18.3) and answers keep-alives (RFC 5626 §3.5.1). What is doubtful ends the connection.
import { sipBodyBytesMax, sipHeadBytesMax } from "../../../core/lib/limits.ts";
import { complete, type Head, isPlausibleStartLine, latin1, type Parsed, parseHead, type Rejected, reject } from "../message/parser.ts";

export type Frame =
  | { readonly kind: "message"; readonly result: Parsed | Rejected; readonly bytes: Uint8Array }
  /** CRLF CRLF: to be answered with CRLF. */
  | { readonly kind: "ping" }
  /**
   * Nobody knows where the next message begins: answer what can be answered, then close. Bytes behind this point are never read,
   * or a body could be taken for a request (smuggling).
   */
  | { readonly kind: "lost"; readonly rejected: Rejected | null };

const crlf = 0x0d0a;

export class Framer {
  private buffer = Buffer.alloc(0);
  private used = 0;
  /** Where the search for the end of the head goes on; every byte is looked at once. */
  private searched = 0;
  private isLineRead = false;
  private head: { readonly head: Head; readonly bodyStart: number; readonly end: number } | null = null;
  private isLost = false;

  /** Everything that is complete now, in order. After `lost` nothing comes any more. */
  push(chunk: Uint8Array): Frame[] {
    if (this.isLost) return [];
    this.append(chunk);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== null; frame = this.next()) {
      frames.push(frame);
      if (frame.kind === "lost") {
        this.isLost = true;
        this.buffer = Buffer.alloc(0);
        this.used = 0;
        break;
      }
    }
    return frames;
  }

  /** Whether a message has begun and not ended. Two bytes of a possible keep-alive are not a message. */
  get isHalf(): boolean {
    return this.used > 0 && !(this.used <= 3 && this.buffer[0] === 0x0d);
  }

  private next(): Frame | null {
    if (this.head === null) {
      if (this.skipBlank() === "ping") return { kind: "ping" };
      if (this.used === 0 || !this.isHalf) return null;
      const lost = this.readHead();
      if (lost !== null) return lost;
    }
    if (this.head === null || this.used < this.head.end) return null;
    const { head, bodyStart, end } = this.head;
    const bytes = Uint8Array.prototype.slice.call(this.buffer, 0, end);
    this.consume(end);
    return { kind: "message", result: complete(head, bytes.subarray(bodyStart)), bytes };
  }

  /** RFC 3261 §7.5: CRLFs before a start line are ignored; two of them are a ping. */
  private skipBlank(): "ping" | null {
    while (this.used >= 2 && this.buffer.readUInt16BE(0) === crlf) {
      if (this.used === 2) return null;
      if (this.buffer[2] !== 0x0d) this.consume(2);
      else if (this.used < 4) return null;
      else {
        const isPing = this.buffer.readUInt16BE(2) === crlf;
        this.consume(isPing ? 4 : 2);
        if (isPing) return "ping";
      }
    }
    return null;
  }

  private readHead(): Frame | null {
    const bytes = this.buffer.subarray(0, this.used);
    if (!this.isLineRead) {
      const lineEnd = bytes.indexOf("\r\n", Math.max(0, this.searched - 1), "latin1");
      if (lineEnd >= 0 && !isPlausibleStartLine(latin1(bytes.subarray(0, lineEnd)))) return { kind: "lost", rejected: null };
      this.isLineRead = lineEnd >= 0;
    }
    const end = bytes.indexOf("\r\n\r\n", Math.max(0, this.searched - 3), "latin1");
    this.searched = this.used;
    if (end < 0) {
      if (this.used <= sipHeadBytesMax) return null;
      return { kind: "lost", rejected: reject(parseHead(latin1(bytes.subarray(0, 4096))), 513, "Message Too Large") };
    }
    const head = parseHead(latin1(bytes.subarray(0, end)));
    const length = head.contentLength;
    if (end > sipHeadBytesMax) return { kind: "lost", rejected: reject(head, 513, "Message Too Large") };
    // RFC 3261 §20.14: mandatory on a stream; without it there is no telling.
    if (length === null || length === "bad") {
      return { kind: "lost", rejected: reject(head, 400, length === null ? "Content-Length Missing" : "Bad Content-Length") };
    }
    if (length > sipBodyBytesMax) return { kind: "lost", rejected: reject(head, 513, "Message Too Large") };
    this.head = { head, bodyStart: end + 4, end: end + 4 + length };
    return null;
  }

  private append(chunk: Uint8Array): void {
    const needed = this.used + chunk.length;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2, 4096));
      grown.set(this.buffer.subarray(0, this.used));
      this.buffer = grown;
    }
    this.buffer.set(chunk, this.used);
    this.used = needed;
  }

  private consume(count: number): void {
    this.buffer.copyWithin(0, count, this.used);
    this.used -= count;
    this.searched = 0;
    this.isLineRead = false;
    this.head = null;
    // A large message must not hold its memory for the rest of a quiet connection's life.
    if (this.used === 0 && this.buffer.length > 64 * 1024) this.buffer = Buffer.alloc(0);
  }
}
