// What node:fs leaves to us: writing all of it, and making sure that it is on disk. Plain descriptors: a forgotten FileHandle throws when collected.
import { closeSync, constants, fdatasync, fsyncSync, openSync, statfsSync, write } from "node:fs";
import { promisify } from "node:util";

const writeSome = promisify(write);

/** Off the main thread. */
export const flushData: (fd: number) => Promise<void> = promisify(fdatasync);

/** A new file; whatever is written to it is on disk when the write returns, as if `flushData` came after it, in one call to the kernel instead of two. */
export function openFlushed(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC, 0o600);
}

/** All bytes at their place, off the main thread; `write` may take fewer at a time. */
export async function writeAll(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await writeSome(fd, bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}

/** What we may still write where the folder lies, in bytes. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** fsync of a file or folder; after creating or renaming, the folder needs one of its own. */
export function flushPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
