// A real SIP phone on the caller's side: baresip, speaking a file and writing down what it hears.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./steps.ts";
import { readWav, toneWav } from "./tones.ts";

const modules = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];

/** Modules, each of one codec, and at how many samples a second, in how many channels, it wants what it speaks. */
const codecs = { g711: [8_000, 1], g722: [16_000, 1], opus: [48_000, 2] } as const;

export class Baresip {
  private static readonly running = new Set<Baresip>();

  private readonly child: ChildProcess;

  /** Ready to dial a moment after. `hz` is the tone it speaks for two minutes. */
  constructor(
    private readonly folder: string,
    readonly address: string,
    hz: number,
    options: {
      readonly displayName?: string;
      readonly port?: number;
      readonly rtpPorts?: string;
      /** The network device that has its address, where that is not the machine's first. */
      readonly device?: string;
      /** Numbers at which it can be called, besides its own. */
      readonly numbers?: readonly string[];
      /** An agent's phone: registers, and picks up by itself or by `accept`. */
      readonly account?: {
        readonly username: string;
        readonly secret: string;
        readonly answers: "auto" | "manual";
        /** Where it registers, with a port where that is another than the transport's; its own address without one. */
        readonly registrar?: string;
        readonly transport?: "udp" | "tls";
        /** Whose certificates it believes, a file: by TLS it asks for the registrar's name in one of them. */
        readonly ca?: string;
      };
      /** SRTP by SDES: beside plain RTP, or without which there is no call. Without it the phone knows of none. */
      readonly encryption?: "srtp" | "srtp-mand";
      /** The proxy by which it registers and calls, `host:port`. */
      readonly outbound?: string;
      /** Asks whether messages wait (RFC 3842). */
      readonly asksForMessages?: true;
      /** The only codec that it has; without it G.711. */
      readonly codec?: keyof typeof codecs;
    } = {},
  ) {
    mkdirSync(folder, { recursive: true });
    const codec = options.codec ?? "g711";
    const spoken = join(folder, "spoken.wav");
    writeFileSync(spoken, toneWav(hz, 180, { onMs: 300, offMs: 500 }, ...codecs[codec]));
    const modulePath = modules.find((path) => Bun.spawnSync(["test", "-d", path]).exitCode === 0) ?? modules[0];
    writeFileSync(
      join(folder, "config"),
      [
        `module_path ${modulePath}`,
        ...["stdio.so", `${codec}.so`, "sndfile.so", "aufile.so", "uuid.so"].map((name) => `module ${name}`),
        ...(options.encryption === undefined ? [] : ["module srtp.so"]),
        ...["account.so", "contact.so", "menu.so", ...(options.asksForMessages ? ["mwi.so"] : [])].map((name) => `module_app ${name}`),
        `sip_listen ${address}:${options.port ?? 5070}`,
        ...(options.device === undefined ? [] : [`net_interface ${options.device}`]),
        ...(options.account?.ca === undefined ? [] : [`sip_cafile ${options.account.ca}`]),
        `audio_source aufile,${spoken}`,
        // The filter writes down what is decoded, whether or not anybody plays it.
        `snd_path ${folder}`,
        "audio_alert none,none",
        "audio_txmode thread",
        `rtp_ports ${options.rtpPorts ?? "30000-30999"}`,
        "rtp_timeout 0",
        "",
      ].join("\n"),
    );
    const { account, displayName = "Margaret Ellison", encryption } = options;
    const voice = encryption === undefined ? "" : `;mediaenc=${encryption}`;
    const line =
      account === undefined
        ? `"${displayName}" <sip:07700900342@${address};transport=udp>;regint=0;answermode=manual${voice}`
        : `<sip:${account.username}@${account.registrar ?? address};transport=${account.transport ?? "udp"}>;auth_user=${account.username};auth_pass=${account.secret};regint=60;answermode=${account.answers}${voice}${options.outbound === undefined ? "" : `;outbound="sip:${options.outbound}"`}`;
    const more = (options.numbers ?? []).map((number) => `<sip:${number}@${address};transport=udp>;regint=0;answermode=manual${voice}`);
    writeFileSync(join(folder, "accounts"), `${[line, ...more].join("\n")}\n`);
    writeFileSync(join(folder, "contacts"), "");
    const log = openSync(join(folder, "log"), "a");
    this.child = spawn("baresip", ["-f", folder], { stdio: ["pipe", log, log] });
    Baresip.running.add(this);
  }

  /** Started, and listening to its keys. */
  async ready(): Promise<void> {
    await eventually("the phone is ready", () => this.log.includes("ready"), 15_000);
  }

  /** How many calls have ended so far. */
  get terminated(): number {
    // Its own summary of a call comes only when that lasted a second.
    return this.log.split(/terminate call '|session closed/).length - 1;
  }

  dial(uri: string): void {
    this.type(`d${uri}\n`);
  }

  /** RFC 4733, as the keys of the phone. */
  press(digits: string): void {
    for (const digit of digits) this.type(digit);
  }

  /** Takes the call that rings. */
  accept(): void {
    this.type("a");
  }

  /** Its transfer key, and whom to (REFER). */
  transfer(uri: string): void {
    this.type(`t${uri}\n`);
  }

  /** Its hold key, by a re-INVITE. */
  hold(): void {
    this.type("x");
  }

  resume(): void {
    this.type("X");
  }

  hangUp(): void {
    this.type("b");
  }

  /** How many calls were established so far. */
  get established(): number {
    return this.log.split("Call established").length - 1;
  }

  get log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  /** What it has heard so far, 8 kHz, call after call: each leaves a file of its own. */
  heard(): Int16Array {
    const dumps = readdirSync(this.folder).filter((name) => name.startsWith("dump-") && name.endsWith("-dec.wav"));
    const calls = dumps.sort().map((name) => narrow(readWav(readFileSync(join(this.folder, name)))));
    const all = new Int16Array(calls.reduce((sum, { length }) => sum + length, 0));
    calls.reduce((at, call) => {
      all.set(call, at);
      return at + call.length;
    }, 0);
    return all;
  }

  /** Stands still, as a phone does whose network is gone: no sound, no report, no answer. */
  freeze(): void {
    this.child.kill("SIGSTOP");
  }

  thaw(): void {
    this.child.kill("SIGCONT");
  }

  /** However a test ends: a phone that stays would keep its ports. */
  static quitAll(): void {
    for (const phone of Baresip.running) phone.quit();
  }

  quit(): void {
    this.child.kill("SIGKILL");
    Baresip.running.delete(this);
  }

  private type(text: string): void {
    this.child.stdin?.write(text);
  }
}

/** As 8 kHz. */
function narrow({ left, rate }: ReturnType<typeof readWav>): Int16Array {
  const every = rate / 8_000;
  return Int16Array.from({ length: Math.floor(left.length / every) }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < every; k++) sum += left[every * i + k]!;
    return sum / every;
  });
}
