// The image, unpacked, and a node in it: what Landline does on the machine, but as a container engine starts it.
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Landline } from "./landline.ts";
import { processTree } from "./processes.ts";

export const archive = join(import.meta.dir, "../../dist/landline-image.tar");
/** Set by `tests/run.ts NAME --in image`, which makes sure that the image is that of this binary. */
export const isInImage = process.env.LANDLINE_TEST_IMAGE === "1";
const container = join(import.meta.dir, "container.ts");

export type ImageConfig = {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[]; readonly Interval: number; readonly Timeout: number };
};

export class Image {
  private constructor(
    readonly folder: string,
    readonly config: ImageConfig,
    readonly tags: readonly string[],
  ) {}

  /** Docker's archive: manifest.json names the configuration and the layers, oldest first. */
  static unpack(): Image {
    const folder = mkdtempSync(join(tmpdir(), "landline-image-"));
    mkdirSync(join(folder, "root"));
    tar("--extract", "--file", archive, "--directory", folder);
    const [image] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as [
      { readonly Config: string; readonly Layers: readonly string[]; readonly RepoTags: readonly string[] },
    ];
    for (const layer of image.Layers)
      tar("--extract", "--numeric-owner", "--file", join(folder, layer), "--directory", join(folder, "root"));
    const { config } = JSON.parse(readFileSync(join(folder, image.Config), "utf8")) as { config: ImageConfig };
    return new Image(folder, config, image.RepoTags);
  }

  get root(): string {
    return join(this.folder, "root");
  }

  get uid(): number {
    return Number(this.config.User.split(":")[0]);
  }

  /** As `docker run --read-only -v …` would; the environment is the image's and what the caller adds. */
  command(mounts: readonly string[]): string[] {
    return [process.execPath, container, this.root, String(this.uid), mounts.join(" "), "--", ...this.config.Entrypoint];
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A node in a container of the image. Its folders are the two volumes; subcommands run inside it, as by `docker exec`. */
export class ContainedLandline extends Landline {
  /** `network`: the words that start a program in another one. */
  constructor(
    private readonly image: Image,
    private readonly settings: {
      readonly options?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      readonly network?: readonly string[];
      /** Besides the two volumes, as `here:there`; folders. */
      readonly mounts?: readonly string[];
      readonly bootstrap?: boolean;
      /** Errors that the program brings about on purpose. */
      readonly provokes?: readonly RegExp[];
    } = {},
  ) {
    super([], settings.bootstrap, settings.provokes === undefined ? {} : { provokes: settings.provokes });
    for (const path of [this.data, this.keys]) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, image.uid, image.uid);
    }
  }

  override handOver(path: string): void {
    chownSync(path, this.image.uid, this.image.uid);
  }

  get keys(): string {
    return join(this.folder, "keys");
  }

  /** The image's own say where data and keys are. */
  override get options(): string[] {
    return [...(this.settings.options ?? [])];
  }

  protected override get command(): readonly string[] {
    return [...(this.settings.network ?? []), ...this.image.command(this.volumes)];
  }

  protected override passed(name: string): { readonly here: string; readonly seen: string } {
    return { here: join(this.data, name), seen: `/data/${name}` };
  }

  /** Another container with the same volumes and more, for one subcommand. */
  once(words: readonly string[], mounts: readonly string[]): { readonly code: number; readonly text: string } {
    const done = Bun.spawnSync([...this.image.command([...this.volumes, ...mounts]), ...words], { env: this.environment });
    return { code: done.exitCode, text: `${done.stdout}${done.stderr}` };
  }

  private get volumes(): string[] {
    return [`${this.data}:/data`, `${this.keys}:/keys`, ...(this.settings.mounts ?? [])];
  }

  protected override get environment(): Record<string, string> {
    const own = this.image.config.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]);
    return { ...Object.fromEntries(own), ...this.settings.environment };
  }

  /** The program itself: what the engine calls process 1. */
  override get inside(): number {
    return processTree(this.pid).find(({ command }) => command.startsWith(this.image.config.Entrypoint[0]!))!.pid;
  }

  protected override get beside(): readonly string[] {
    // Without a container to go into, one for this alone.
    if (!this.isStarted) return this.command;
    const [program] = this.image.config.Entrypoint;
    const { uid, root } = this.image;
    return [
      "nsenter",
      "--mount",
      "--pid",
      "--ipc",
      "--uts",
      "-t",
      String(this.inside),
      "chroot",
      `--userspec=${uid}:${uid}`,
      root,
      program!,
    ];
  }
}

let unpacked: Image | null = null;

/**
 * A node as the program finds it: the binary, or the same in the image, which stays unpacked until the program ends.
 */
export function landlineHere(
  options: readonly string[],
  { bootstrap = true, provokes = [] }: { readonly bootstrap?: boolean; readonly provokes?: readonly RegExp[] } = {},
): Landline {
  if (!isInImage) return new Landline(options, bootstrap, { provokes });
  if (unpacked === null) {
    const image = Image.unpack();
    unpacked = image;
    process.on("exit", () => image.discard());
  }
  return new ContainedLandline(unpacked, { options, bootstrap, provokes });
}

function tar(...words: string[]): void {
  const done = Bun.spawnSync(["tar", ...words]);
  if (done.exitCode !== 0) throw new Error(`tar ${words.join(" ")}: ${done.stderr.toString().trim()}`);
}
