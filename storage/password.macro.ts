// Reads the argon2 addon while the binary is built; Bun puts it into the bundle as text. (Importing it `with { type: "file" }` fails from source.)
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** For both processors we build for: a build for the other one runs this macro on ours. Base64. */
export function embedAddons(): { readonly x64: string; readonly arm64: string } {
  const prebuilds = join(import.meta.dir, "../node_modules/argon2/prebuilds");
  const read = (path: string): string => readFileSync(join(prebuilds, path)).toString("base64");
  return { x64: read("linux-x64/argon2.glibc.node"), arm64: read("linux-arm64/argon2.armv8.glibc.node") };
}
