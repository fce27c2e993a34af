// A SIP caller that says exactly what it is told, byte for byte: for what no honest phone would send. Text is latin1, so that every byte can be said.
import { eventually } from "./steps.ts";

export type RawCall = {
  readonly called: string;
  readonly callId?: string;
  /** As it stands in From, before the address. */
  readonly from?: string;
  /** Whole lines, with their names. */
  readonly headers?: readonly string[];
  /** Lines at the end of its description. */
  readonly attributes?: readonly string[];
  /** Pressed once the call is up, each in an INFO, as phones do that know no RFC 4733. */
  readonly digits?: string;
};

export class RawSip {
  private readonly inbox: string[] = [];
  private count = 0;

  private constructor(
    private readonly socket: Bun.udp.Socket<"buffer">,
    private readonly address: string,
    private readonly node: { readonly address: string; readonly port: number },
    inbox: string[],
  ) {
    this.inbox = inbox;
  }

  static async open(address: string, node: { readonly address: string; readonly port: number }): Promise<RawSip> {
    const inbox: string[] = [];
    const socket = await Bun.udpSocket({
      hostname: address,
      port: 0,
      socket: { data: (_socket, bytes) => void inbox.push(bytes.toString("latin1")) },
    });
    return new RawSip(socket, address, node, inbox);
  }

  close(): void {
    this.socket.close();
  }

  /** The final status of a request outside a dialog, sent once. */
  async ask(method: "OPTIONS" | "REGISTER", user: string): Promise<number> {
    return statusOf(await this.answerTo(method, user));
  }

  /** The digest algorithms that a REGISTER without credentials is offered, best first; empty when it is not challenged. */
  async challenge(user: string): Promise<string[]> {
    const answer = await this.answerTo("REGISTER", user);
    return [...answer.matchAll(/^WWW-Authenticate:.*algorithm="?([\w-]+)/gim)].map(([, name]) => name!);
  }

  private answerTo(method: "OPTIONS" | "REGISTER", user: string): Promise<string> {
    const { callId, branch } = this.fresh();
    this.send([...this.head(method, `sip:${user}@${this.node.address}`, branch, callId, `1 ${method}`, "<sip:asker@localhost>", null)]);
    return this.final(branch);
  }

  /** INVITE, ACK, a moment, BYE. The final status of the INVITE; null: never answered. */
  async call(call: RawCall, forMs: number): Promise<number | null> {
    const fresh = this.fresh();
    const callId = call.callId ?? fresh.callId;
    const uri = `sip:${call.called}@${this.node.address}`;
    const from = call.from ?? "<sip:caller@localhost>";
    const sdp = [
      "v=0",
      `o=- 1 1 IN IP4 ${this.address}`,
      "s=-",
      `c=IN IP4 ${this.address}`,
      "t=0 0",
      "m=audio 40000 RTP/AVP 0",
      "a=rtpmap:0 PCMU/8000",
      ...(call.attributes ?? []),
      "",
    ].join("\r\n");
    const offer = ["Content-Type: application/sdp", `Contact: <sip:caller@${this.address}:${this.socket.port}>`, ...(call.headers ?? [])];
    this.send(this.head("INVITE", uri, fresh.branch, callId, "1 INVITE", from, null, offer), sdp);
    const answer = await this.final(fresh.branch).catch(() => null);
    if (answer === null) return null;
    const status = statusOf(answer);
    const to = /^To[ \t]*:[ \t]*(.*)$/im.exec(answer)?.[1] ?? "";
    // RFC 3261 §17.1.1.3: the ACK to a refusal belongs to the INVITE's transaction, the one to a 200 does not.
    const ackBranch = status < 300 ? this.fresh().branch : fresh.branch;
    this.send(this.head("ACK", uri, ackBranch, callId, "1 ACK", from, to));
    if (status >= 300) return status;
    let cseq = 1;
    const within = async (method: string, more: readonly string[] = [], body = ""): Promise<void> => {
      const { branch } = this.fresh();
      this.send(this.head(method, uri, branch, callId, `${++cseq} ${method}`, from, to, more), body);
      await this.final(branch);
    };
    for (const digit of call.digits ?? "") {
      await Bun.sleep(50);
      await within("INFO", ["Content-Type: application/dtmf-relay"], `Signal=${digit}\r\nDuration=160\r\n`);
    }
    await Bun.sleep(forMs);
    await within("BYE");
    return status;
  }

  private head(
    method: string,
    uri: string,
    branch: string,
    callId: string,
    cseq: string,
    from: string,
    to: string | null,
    more: readonly string[] = [],
  ): string[] {
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.address}:${this.socket.port};branch=${branch};rport`,
      `From: ${from};tag=raw`,
      `To: ${to ?? `<${uri}>`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq}`,
      "Max-Forwards: 70",
      ...more,
    ];
  }

  private send(lines: readonly string[], body = ""): void {
    const text = [...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
    this.socket.send(Buffer.from(text, "latin1"), this.node.port, this.node.address);
  }

  private fresh(): { readonly callId: string; readonly branch: string } {
    const unique = `${++this.count}-${this.socket.port}`;
    return { callId: `raw-${unique}`, branch: `z9hG4bKraw${unique}` };
  }

  // By the branch alone: everything else may be as odd as it likes.
  private async final(branch: string): Promise<string> {
    for (const until = Date.now() + 5_000; Date.now() < until; await Bun.sleep(2)) {
      const found = this.inbox.findLast((text) => text.includes(`branch=${branch};`) && statusOf(text) >= 200);
      if (found !== undefined) return found;
    }
    throw new Error(`no answer to ${branch}`);
  }
}

function statusOf(answer: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(answer)?.[1]);
}

/**
 * baresip 1.0 knows no SHA-256 and gives up for half a minute at a challenge that offers it. Whoever asks again without credentials is
 * offered MD5 alone; here somebody else asks twice in its place.
 */
export async function offerMd5(server: string, address: string = server): Promise<void> {
  const asker = await RawSip.open(address, { address: server, port: 5_060 });
  const offered = async (): Promise<string> => (await asker.challenge("somebody")).join(" ");
  // Who asks again within a second is taken for one who asks once; strangers who ask too often get silence.
  await eventually("whoever asks again is offered MD5 alone", async () => (await offered()) === "MD5", 15_000, 400);
  asker.close();
}
