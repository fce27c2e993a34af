// The two things node:fs leaves to us: making sure that a file, or a folder's list of files, is on disk.
import { closeSync, fsyncSync, openSync } from "node:fs";

/** fsync of a file or folder; after creating or renaming, the folder needs one of its own. */
export function flushPath(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
