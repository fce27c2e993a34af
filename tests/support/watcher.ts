// A phone's busy lamps: subscribes to lines with a digest of its own making, over UDP, TCP or TLS, and keeps what it is told.
import { createHash, randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { eventually } from "./steps.ts";

export type Message = { readonly start: string; readonly headers: readonly (readonly [string, string])[]; readonly body: string };

export function header({ headers }: Message, name: string): string {
  return headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? "";
}
export const statusOf = ({ start }: Message): number => Number(start.split(" ")[1]);

type Wire = { readonly local: { readonly address: string; readonly port: number }; send(text: string): void; close(): void };
export type Account = { readonly username: string; readonly secret: string };
export type Subscription = { readonly callId: string; readonly to: string; readonly uri: string; readonly event: string; cseq: number };

/** `replaces`: as a header in a URI names this call. `refer`: its transfer key; `told`: what came of it, and a BYE. */
export type Call = {
  readonly answer: Message;
  packets(): number;
  replaces(): string;
  refer(to: string): Promise<Message>;
  told(): readonly Message[];
  hangUp(): Promise<Message>;
};

export class Watcher {
  /** Newest last. */
  readonly notified: Message[] = [];
  /** What NOTIFYs are answered with; null: nothing. */
  answers: number | null = 200;
  private readonly responses: Message[] = [];
  private wire!: Wire;

  private constructor(
    readonly account: Account,
    private readonly node: { readonly address: string; readonly port: number },
    private readonly transport: "udp" | "tcp" | "tls",
  ) {}

  static async open(
    account: Account,
    node: { readonly address: string; readonly port: number },
    transport: "udp" | "tcp" | "tls",
    from: string,
  ): Promise<Watcher> {
    const watcher = new Watcher(account, node, transport);
    watcher.wire = transport === "udp" ? await watcher.datagrams(from) : await watcher.stream(from);
    return watcher;
  }

  close(): void {
    this.wire.close();
  }

  /** The answer to a SUBSCRIBE, its challenge met; `within`: a refresh. */
  async subscribe(
    named: string,
    event: string,
    options: { readonly expires?: number; readonly within?: Subscription; readonly more?: readonly string[] } = {},
  ): Promise<{ readonly answer: Message; readonly subscription: Subscription }> {
    const { within, expires, more = [] } = options;
    const fresh: Subscription = {
      callId: randomBytes(8).toString("hex"),
      to: "",
      uri: `sip:${named}@${this.node.address}`,
      event,
      cseq: 0,
    };
    const subscription = within ?? fresh;
    const lines = [`Event: ${event}`, ...(expires === undefined ? [] : [`Expires: ${expires}`]), ...more];
    const answer = await this.request("SUBSCRIBE", subscription, lines);
    return { answer, subscription: { ...subscription, to: header(answer, "To") } };
  }

  /** Sent, challenged, and sent again with an answer. */
  async request(method: string, about: Subscription, lines: readonly string[], body = ""): Promise<Message> {
    const first = await this.exchange(method, about, lines, body);
    if (statusOf(first) !== 401) return first;
    const challenge = first.headers.filter(([name]) => /^www-authenticate$/i.test(name)).find(([, value]) => /SHA-256/.test(value))![1];
    const [, nonce] = /nonce="([^"]+)"/.exec(challenge)!;
    const [, realm] = /realm="([^"]+)"/.exec(challenge)!;
    const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
    const { username, secret } = this.account;
    const [ha1, ha2] = [hash(`${username}:${realm}:${secret}`), hash(`${method}:${about.uri}`)];
    const response = hash(`${ha1}:${nonce}:00000001:c:auth:${ha2}`);
    const proof = `Authorization: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${about.uri}", qop=auth, nc=00000001, cnonce="c", algorithm=SHA-256, response="${response}"`;
    return this.exchange(method, about, [proof, ...lines], body);
  }

  /** Calls, and sends no sound; what comes is counted. The call is up when its answer is a 200; `hangUp` ends it. */
  async call(named: string, lines: readonly string[] = []): Promise<Call> {
    let packets = 0;
    const { address } = this.wire.local;
    const voice = await Bun.udpSocket({ hostname: address, port: 0, socket: { data: () => void packets++ } });
    const sdp = [
      ...["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0"],
      ...[`m=audio ${voice.port} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", ""],
    ].join("\r\n");
    const about: Subscription = {
      callId: randomBytes(8).toString("hex"),
      to: "",
      uri: `sip:${named}@${this.node.address}`,
      event: "",
      cseq: 0,
    };
    const answer = await this.request("INVITE", about, ["Content-Type: application/sdp", ...lines], sdp);
    if (statusOf(answer) !== 200) voice.close();
    const call = { ...about, to: header(answer, "To") };
    const hangUp = async (): Promise<Message> => {
      voice.close();
      return this.exchange("BYE", call, [], "");
    };
    const replaces = (): string => {
      const [, theirs] = /;tag=([^;>\s]+)/.exec(call.to) ?? [];
      return encodeURIComponent(`${call.callId};to-tag=${theirs};from-tag=w`);
    };
    const refer = async (to: string): Promise<Message> => this.exchange("REFER", call, [`Refer-To: <${to}>`], "");
    return { answer, packets: () => packets, replaces, refer, told: () => this.told(call), hangUp };
  }

  /** NOTIFYs of a subscription, oldest first. */
  told({ callId }: Subscription): readonly Message[] {
    return this.notified.filter((message) => header(message, "Call-ID") === callId);
  }

  private async exchange(method: string, about: Subscription, lines: readonly string[], body: string): Promise<Message> {
    about.cseq += 1;
    const branch = `z9hG4bK${randomBytes(8).toString("hex")}`;
    const { address, port } = this.wire.local;
    const contact = `<sip:${this.account.username}@${address}:${port};transport=${this.transport}>`;
    const text = [
      `${method} ${about.uri} SIP/2.0`,
      `Via: SIP/2.0/${this.transport.toUpperCase()} ${address}:${port};branch=${branch};rport`,
      "Max-Forwards: 70",
      `From: <sip:${this.account.username}@${this.node.address}>;tag=w`,
      `To: ${about.to === "" ? `<${about.uri}>` : about.to}`,
      `Call-ID: ${about.callId}`,
      `CSeq: ${about.cseq} ${method}`,
      `Contact: ${contact}`,
      ...lines,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ];
    this.wire.send(text.join("\r\n"));
    const isFinal = (one: Message): boolean => header(one, "Via").includes(branch) && statusOf(one) >= 200;
    const answer = await eventually(`an answer to ${method}`, () => this.responses.find(isFinal), 10_000, 5);
    if (method === "INVITE") {
      // RFC 3261 §17.1.1.3: the ACK to a refusal belongs to the INVITE's transaction, the one to a 200 does not.
      const kept = text.slice(1, 5).map((line) => (line.startsWith("To:") ? `To: ${header(answer, "To")}` : line));
      const via = statusOf(answer) < 300 ? kept[0]!.replace(branch, `${branch}a`) : kept[0]!;
      const ack = [via, ...kept.slice(1), `Call-ID: ${about.callId}`, `CSeq: ${about.cseq} ACK`, "Content-Length: 0", "", ""];
      this.wire.send([`ACK ${about.uri} SIP/2.0`, ...ack].join("\r\n"));
    }
    return answer;
  }

  private take(text: string): void {
    const [head = "", body = ""] = text.split("\r\n\r\n", 2);
    const [start = "", ...lines] = head.split("\r\n");
    const headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const);
    const message: Message = { start, headers, body };
    if (start.startsWith("SIP/2.0 ")) {
      this.responses.push(message);
      return;
    }
    this.notified.push(message);
    if (this.answers === null) return;
    const echoed = headers.filter(([name]) => /^(via|from|to|call-id|cseq)$/i.test(name)).map(([name, value]) => `${name}: ${value}`);
    this.wire.send([`SIP/2.0 ${this.answers} Said`, ...echoed, "Content-Length: 0", "", ""].join("\r\n"));
  }

  private async datagrams(from: string): Promise<Wire> {
    const { address, port } = this.node;
    const socket = await Bun.udpSocket({
      hostname: from,
      port: 0,
      socket: { data: (_socket, bytes) => this.take(bytes.toString()), error: () => undefined },
    });
    return {
      local: { address: from, port: socket.port },
      send: (text) => void socket.send(text, port, address),
      close: () => socket.close(),
    };
  }

  private async stream(from: string): Promise<Wire> {
    const where = { host: this.node.address, port: this.node.port, localAddress: from };
    // Whose certificate it is, is secure.e2e.ts's to prove.
    const socket = this.transport === "tls" ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where);
    await new Promise<void>((resolve, reject) =>
      socket.once(this.transport === "tls" ? "secureConnect" : "connect", resolve).once("error", reject),
    );
    let buffer = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      buffer += bytes.toString("latin1");
      for (;;) {
        const end = buffer.indexOf("\r\n\r\n");
        const length = Number(/^Content-Length: *(\d+)/im.exec(buffer)?.[1] ?? 0);
        if (end < 0 || buffer.length < end + 4 + length) return;
        this.take(buffer.slice(0, end + 4 + length));
        buffer = buffer.slice(end + 4 + length);
      }
    });
    return {
      local: { address: from, port: socket.localPort! },
      send: (text) => void socket.write(text),
      close: () => socket.destroy(),
    };
  }
}
