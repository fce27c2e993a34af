// What the command line says of a failure: ours and the system's in a sentence, what nobody foresaw with its place.
import { AppError } from "../core/lib/errors.ts";

const mends: Readonly<Record<string, string>> = {
  ENOSPC: "no room is left on the disk: make room, or move --data",
  EDQUOT: "this user's share of the disk is used up: make room, or move --data",
  EACCES: "this user may not: see who owns the file and its folder",
  EPERM: "this user may not: see who owns the file and its folder",
  EROFS: "the disk can only be read: mount it for writing, or move --data",
  ENOENT: "there is no such file: see that the option names it rightly",
  EISDIR: "that is a folder, a file is needed: see that the option names it rightly",
  ENOTDIR: "a part of the path is a file: see that the option names it rightly",
  EMFILE: "too many files are open: raise LimitNOFILE",
  EIO: "the disk reports errors: look at the system's log before anything else",
};

/** Lines for standard error. A stack is of use for those alone that have no sentence. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return `landline: ${String(error)}`;
  // As a child of ours says it.
  const isFull = /no space left on device/i.test(error.message);
  if (error instanceof AppError) return `landline: ${error.message}${isFull ? `\nlandline: ${mends.ENOSPC!}` : ""}`;
  const { code, path } = error as NodeJS.ErrnoException;
  const known = code !== undefined && Object.hasOwn(mends, code) ? code : isFull ? "ENOSPC" : null;
  if (known !== null) return `landline: ${path === undefined ? "" : `${path}: `}${mends[known]!}`;
  return `landline: this should not have happened: ${error.message}\n${error.stack ?? ""}`;
}
