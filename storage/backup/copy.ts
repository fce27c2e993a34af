// Copies one file and tells its SHA-256: of what was read, so that the copy can be held against it afterwards.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const chunkBytes = 1024 * 1024;

/** SHA-256 in hex and size of what was read; the copy is on disk when it returns. `mode` is given to the new file. */
export function copyFile(from: string, to: string, mode: number): { readonly sha256: string; readonly sizeBytes: number } {
  const fd = openSync(to, "wx", mode);
  try {
    const read = digestFile(from, (bytes) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    });
    fsyncSync(fd);
    return read;
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 in hex and size; every piece goes through `take` too. */
export function digestFile(path: string, take: (bytes: Uint8Array) => void = () => undefined): { sha256: string; sizeBytes: number } {
  const fd = openSync(path, "r");
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let sizeBytes = 0;
  try {
    for (;;) {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) return { sha256: hash.digest("hex"), sizeBytes };
      const bytes = buffer.subarray(0, length);
      hash.update(bytes);
      take(bytes);
      sizeBytes += length;
    }
  } finally {
    closeSync(fd);
  }
}
