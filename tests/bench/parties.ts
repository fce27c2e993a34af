// Both ends of the calls of a load run, as far as SIP goes: callers and phones that answer, each at an address of its own; voice is voices.c's.
import type { udp } from "bun";

type Party = { readonly callId: string; readonly uri: string; readonly from: string; readonly to: string; cseq: number };
/** Where each side of a call is and where the node wants to hear it, as voices.c reads it. */
export type Ends = { readonly callId: string; readonly lines: readonly [string, string] };

const resendMs = 500;

export class Parties {
  /** Calls that the node ended, and others it refused. */
  dropped = 0;
  private readonly replies = new Map<string, (text: string) => void>();
  private readonly up = new Map<string, Party>();
  private invited: ((text: string) => void) | null = null;
  private count = 0;
  private isOver = false;

  private constructor(
    private readonly node: { readonly address: string; readonly port: number },
    private readonly caller: { readonly address: string; readonly port: number },
    private readonly phone: { readonly address: string; readonly port: number },
    private readonly sockets: { caller: udp.Socket<"buffer">; phone: udp.Socket<"buffer"> },
  ) {}

  static async open(node: { address: string; port: number }, callers: string, phones: string): Promise<Parties> {
    const caller = { address: callers, port: 5_061 };
    const phone = { address: phones, port: 5_062 };
    const open = (at: typeof caller) =>
      Bun.udpSocket({
        ...{ hostname: at.address, port: at.port },
        socket: { data: (socket, bytes) => parties.take(bytes.toString("latin1"), socket, at) },
      });
    const parties: Parties = new Parties(node, caller, phone, { caller: await open(caller), phone: await open(phone) });
    return parties;
  }

  /** One call, up at both ends; one after the other, so that it is known whose phone rings. */
  async call(service: string, mediaPort: number): Promise<Ends> {
    const n = ++this.count;
    const callId = `load-${n}`;
    const branch = `z9hG4bKload${n}`;
    const { node, caller, phone } = this;
    const uri = `sip:${service}@${node.address}:${node.port}`;
    const from = `<sip:caller@${caller.address}>;tag=c${n}`;
    const reply = this.reply(branch);
    const rung = new Promise<string>((done) => {
      this.invited = done;
    });
    const head = (method: string, target: string, to: string, via: string, cseq: number): string[] => [
      ...[`${method} ${target} SIP/2.0`, `Via: SIP/2.0/UDP ${caller.address}:${caller.port};branch=${via}`, "Max-Forwards: 70"],
      ...[`From: ${from}`, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`],
      `Contact: <sip:caller@${caller.address}:${caller.port}>`,
    ];
    const invite = message(
      [...head("INVITE", uri, `<${uri}>`, branch, 1), "Content-Type: application/sdp"],
      sdp(caller.address, mediaPort),
    );
    const resend = this.again(() => this.sockets.caller.send(invite, node.port, node.address));
    // A queue answers before anybody's phone rings, and goes on with the ACK.
    const answered = reply.then((text) => {
      resend();
      if (!text.startsWith("SIP/2.0 200")) throw new Error(`${service}: ${text.split("\r\n")[0]}`);
      const party: Party = { callId, uri: contactOf(text) ?? uri, from, to: field(text, "To"), cseq: 1 };
      this.up.set(callId, party);
      this.sockets.caller.send(message(head("ACK", party.uri, party.to, `${branch}a`, 1)), node.port, node.address);
      return { text, party };
    });
    const ringing = rung.then((invite) => {
      this.invited = null;
      this.answer(invite, this.sockets.phone, phone, 200, `p${n}`, sdp(phone.address, mediaPort));
      return invite;
    });
    const [{ text, party }, incoming] = await Promise.all([answered, ringing]);
    this.up.set(field(incoming, "Call-ID"), party);
    const line = (own: string, description: string): string =>
      `${own} ${mediaPort} ${connectionOf(description)} ${audioPortOf(description)}`;
    return { callId, lines: [line(caller.address, text), line(phone.address, incoming)] };
  }

  /** The caller hangs up. */
  async hangUp(callId: string): Promise<void> {
    const party = this.up.get(callId);
    if (party === undefined) return;
    for (const [id, one] of this.up) if (one === party) this.up.delete(id);
    const { node, caller } = this;
    const branch = `z9hG4bKbye${callId}`;
    const bye = message([
      ...[`BYE ${party.uri} SIP/2.0`, `Via: SIP/2.0/UDP ${caller.address}:${caller.port};branch=${branch}`, "Max-Forwards: 70"],
      ...[`From: ${party.from}`, `To: ${party.to}`, `Call-ID: ${callId}`, `CSeq: ${++party.cseq} BYE`],
    ]);
    const answered = this.reply(branch);
    const resend = this.again(() => this.sockets.caller.send(bye, node.port, node.address));
    await answered;
    resend();
  }

  close(): void {
    this.isOver = true;
    for (const socket of Object.values(this.sockets)) socket.close();
  }

  private take(text: string, socket: udp.Socket<"buffer">, at: { readonly address: string; readonly port: number }): void {
    if (this.isOver) return;
    if (text.startsWith("SIP/2.0")) {
      const branch = /branch=([^;\r]+)/.exec(text)?.[1] ?? "";
      if (!text.startsWith("SIP/2.0 1")) this.replies.get(branch)?.(text);
      return;
    }
    const [method] = text.split(" ", 1);
    const isWithin = /^To:.*;tag=/im.test(text);
    if (method === "ACK") return;
    if (method === "INVITE" && !isWithin) {
      this.invited?.(text);
      return;
    }
    const party = this.up.get(field(text, "Call-ID"));
    if (method === "BYE" && party !== undefined) {
      this.dropped += 1;
      for (const [id, one] of this.up) if (one === party) this.up.delete(id);
    }
    // A refresh changes nothing.
    const offered = /^m=audio/m.test(text) ? sdp(at.address, Number(this.portOf.get(field(text, "Call-ID")) ?? 9)) : "";
    this.answer(text, socket, at, 200, "", offered);
  }

  private readonly portOf = new Map<string, number>();

  private answer(
    request: string,
    socket: udp.Socket<"buffer">,
    at: { readonly address: string; readonly port: number },
    status: number,
    tag: string,
    body: string,
  ): void {
    const callId = field(request, "Call-ID");
    const port = /^m=audio (\d+)/m.exec(body)?.[1];
    if (port !== undefined) this.portOf.set(callId, Number(port));
    const copied = request.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq|Record-Route):/i.test(line));
    const lines = [
      ...[`SIP/2.0 ${status} OK`, ...copied, `To: ${field(request, "To")}${tag === "" ? "" : `;tag=${tag}`}`],
      ...[`Contact: <sip:phone@${at.address}:${at.port}>`, ...(body === "" ? [] : ["Content-Type: application/sdp"])],
    ];
    socket.send(message(lines, body), this.node.port, this.node.address);
  }

  private reply(branch: string): Promise<string> {
    return new Promise((done) => {
      this.replies.set(branch, (text) => {
        this.replies.delete(branch);
        done(text);
      });
    });
  }

  private again(send: () => unknown): () => void {
    send();
    const timer = setInterval(send, resendMs);
    return () => clearInterval(timer);
  }
}

function message(lines: readonly string[], body = ""): Buffer {
  return Buffer.from([...lines, `Content-Length: ${body.length}`, "", body].join("\r\n"), "latin1");
}

function sdp(address: string, port: number): string {
  const lines = ["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0", `m=audio ${port} RTP/AVP 0`];
  return `${[...lines, "a=rtpmap:0 PCMU/8000", "a=ptime:20"].join("\r\n")}\r\n`;
}

const field = (text: string, name: string): string => new RegExp(`^${name}: *(.*)$`, "im").exec(text)?.[1]?.trim() ?? "";
const contactOf = (text: string): string | undefined => /^Contact: *<([^>]+)>/im.exec(text)?.[1];
const connectionOf = (text: string): string => /^c=IN IP4 (\S+)/m.exec(text)?.[1] ?? "";
const audioPortOf = (text: string): string => /^m=audio (\d+)/m.exec(text)?.[1] ?? "";
