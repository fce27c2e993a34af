// A ClientHello of any version, as no library would send it any more, and what a server says to it.
import { connect } from "node:net";

/** RFC 5246 §7.4.1.2, with the curve, the signatures and the suites of then and now; 0x0303 is TLS 1.2. */
export function hello(version: number): Buffer {
  const word = (value: number): number[] => [value >> 8, value & 255];
  const sized = (bytes: readonly number[]): number[] => [...word(bytes.length), ...bytes];
  const extension = (type: number, bytes: readonly number[]): number[] => [...word(type), ...sized(bytes)];
  const extensions = [extension(10, sized([0, 23])), extension(11, [1, 0]), extension(13, sized([4, 3, 2, 3, 4, 1, 2, 1]))].flat();
  const random = Array.from({ length: 32 }, (_, n) => n);
  const body = [...word(version), ...random, 0, ...sized([0xc0, 0x2b, 0xc0, 0x09, 0xc0, 0x0a, 0, 0x2f, 0, 5]), 1, 0, ...sized(extensions)];
  return Buffer.from([22, 3, version === 0x0300 ? 0 : 1, ...sized([1, 0, ...sized(body)])]);
}

/** `served 303`, `refused 70` (RFC 5246 §7.2: the alert), or `closed`. */
export function answerToHello(port: number, version: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(hello(version)));
    socket.on("data", (bytes: Buffer) => {
      resolve(bytes[0] === 22 ? `served ${bytes.readUInt16BE(9).toString(16)}` : `refused ${bytes[6]}`);
      socket.destroy();
    });
    socket.on("close", () => resolve("closed"));
    socket.on("error", () => resolve("closed"));
  });
}
