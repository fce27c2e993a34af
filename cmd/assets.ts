// Everything the binary carries besides code: the page's script and style, fonts, icons, sounds, and the database server.
import { createHash } from "node:crypto";
import bundle from "../deploy/assets/landline.bundle" with { type: "file" };
import postgres from "../deploy/assets/postgres.tar.zst" with { type: "file" };
import type { Asset } from "../web/ports.ts";

/** Where each file lies in the bundle: made by deploy/build.ts. */
type Entry = { readonly path: string; readonly at: number; readonly size: number };

const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  woff2: "font/woff2",
  wav: "audio/wav",
};

export type Assets = {
  web(path: string): Asset | null;
  /** WAV files by key: `system.welcome`, `music.default`. */
  readonly sounds: Readonly<Record<string, Uint8Array>>;
  postgres(): Promise<Uint8Array>;
};

export async function loadAssets(): Promise<Assets> {
  const bytes = new Uint8Array(await Bun.file(bundle).arrayBuffer());
  // The table of contents comes first, behind its length.
  const size = new DataView(bytes.buffer).getUint32(0);
  const entries = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size))) as readonly Entry[];
  const content = bytes.subarray(4 + size);
  const files = new Map(entries.map((entry) => [entry.path, content.subarray(entry.at, entry.at + entry.size)]));
  const served = new Map<string, Asset>();
  const sounds: Record<string, Uint8Array> = {};
  for (const [path, file] of files) {
    const sound = /^sounds\/(.+)\.wav$/.exec(path)?.[1];
    if (sound !== undefined) {
      sounds[sound] = file;
      continue;
    }
    const etag = `"${createHash("sha256").update(file).digest("base64url").slice(0, 22)}"`;
    served.set(path, { bytes: file, type: types[path.split(".").at(-1)!] ?? "application/octet-stream", etag });
  }
  return {
    web: (path) => served.get(path) ?? null,
    sounds,
    postgres: async () => new Uint8Array(await Bun.file(postgres).arrayBuffer()),
  };
}
