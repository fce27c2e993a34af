// Another real SIP phone: linphonec, which speaks a file, writes down what it hears, and knows two calls at once.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./steps.ts";
import { toneWav } from "./tones.ts";

export class Linphone {
  private static readonly running = new Set<Linphone>();

  private readonly child: ChildProcess;
  private dumps = 0;

  /** `hz` is the tone it speaks. It registers by UDP with `registrar`, and again every minute. */
  constructor(
    private readonly folder: string,
    readonly address: string,
    hz: number,
    private readonly account: { readonly username: string; readonly secret: string; readonly registrar: string },
  ) {
    // Without a place for its database it takes no account.
    mkdirSync(join(folder, ".local/share/linphone"), { recursive: true });
    writeFileSync(join(folder, "spoken.wav"), toneWav(hz, 180, { onMs: 300, offMs: 500 }));
    writeFileSync(
      join(folder, "rc"),
      [
        ...["[sip]", "sip_port=5090", "sip_tcp_port=0", "sip_tls_port=0", `bind_address=${address}`, "use_ipv6=0"],
        ...["[rtp]", "audio_rtp_port=33000-33199"],
        "",
      ].join("\n"),
    );
    const log = openSync(join(folder, "log"), "a");
    // What a runtime gives as standard input is a socket, of which it reads one line and then stands still.
    this.child = spawn("sh", ["-c", 'cat | linphonec -c "$0"', join(folder, "rc")], {
      ...{ stdio: ["pipe", log, log], env: { ...process.env, HOME: folder } },
      detached: true,
    });
    Linphone.running.add(this);
    this.type("soundcard use files");
    this.type(`play ${join(folder, "spoken.wav")}`);
    const { username, secret, registrar } = account;
    this.type(`register sip:${username}@${registrar} sip:${registrar} ${secret}`);
  }

  /** Registered. */
  async ready(): Promise<void> {
    const isRegistered = (): boolean => {
      this.type("status register");
      return /registered, identity=/.test(this.log);
    };
    await eventually("linphonec is registered", isRegistered, 20_000, 500);
  }

  get log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  /** How many calls were received, were connected (also after a hold) and are over. */
  get incoming(): number {
    return this.log.split(/Receiving new incoming call|is contacting you/).length - 1;
  }

  get established(): number {
    return this.log.split(/Call \d+ with .* connected/).length - 1;
  }

  get terminated(): number {
    return this.log.split(/Call \d+ with .* ended/).length - 1;
  }

  dial(number: string): void {
    this.type(`call sip:${number}@${this.account.registrar}`);
  }

  accept(): void {
    this.type("answer");
  }

  press(digit: string): void {
    this.type(digit);
  }

  hold(): void {
    this.type("pause");
  }

  resume(): void {
    this.type("resume 1");
  }

  transfer(number: string): void {
    this.type(`transfer sip:${number}@${this.account.registrar}`);
  }

  hangUp(): void {
    this.type("terminate");
  }

  /** What it has heard so far, 8 kHz, call after call. */
  heard(): Int16Array {
    const calls = readdirSync(this.folder)
      .filter((name) => name.startsWith("heard-"))
      .sort()
      .map((name) => readFileSync(join(this.folder, name)))
      .filter(({ length }) => length > 44)
      // G.711 as it comes: the header is written at the end alone.
      .map((bytes) => Int16Array.from({ length: (bytes.length - 44) >> 1 }, (_, i) => bytes.readInt16LE(44 + i * 2)));
    const all = new Int16Array(calls.reduce((sum, { length }) => sum + length, 0));
    calls.reduce((at, call) => {
      all.set(call, at);
      return at + call.length;
    }, 0);
    return all;
  }

  static quitAll(): void {
    for (const phone of Linphone.running) phone.quit();
  }

  quit(): void {
    process.kill(-this.child.pid!, "SIGKILL");
    Linphone.running.delete(this);
  }

  /** Each call leaves a file of its own, which is to be named while there is none: named in a call that rings, it crashes. */
  listen(): void {
    this.type(`record ${join(this.folder, `heard-${++this.dumps}.wav`)}`);
  }

  private type(text: string): void {
    this.child.stdin?.write(`${text}\n`);
  }
}
