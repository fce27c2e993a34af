// Alice and Bob, each with a whole SIP stack, in virtual time on a wire that can lose or alter what a test wants.
import { DialogLayer, type Session, type SessionUser } from "../sip/dialog/layer.ts";
import { allowed, type SessionEvent } from "../sip/dialog/session.ts";
import { header, type RequestDraft } from "../sip/message/message.ts";
import { respond } from "../sip/message/respond.ts";
import type { Flow } from "../sip/transport/flow.ts";
import { type FakeEnv, fakeEnv } from "./fake-env.ts";

type Side = {
  layer: DialogLayer;
  session: Session | null;
  readonly events: string[];
  readonly heard: SessionEvent[];
};

/** What goes over the wire, as `alice→ INVITE` or `←bob 200 INVITE`; `lose` decides what does not arrive. */
export function network(
  lose: (line: string, count: number) => boolean = () => false,
  /** What the other side gets instead; `raw` has what it got. */
  alter: (line: string, text: string, count: number) => string = (_line, text) => text,
) {
  const env = fakeEnv();
  const wire: string[] = [];
  const raw: string[] = [];
  const alice = side(env, "alice", "127.0.0.1", "127.0.0.2");
  const bob = side(env, "bob", "127.0.0.2", "127.0.0.1");

  function side(at: FakeEnv, name: string, own: string, peer: string): Side {
    const flow: Flow = {
      transport: "udp",
      connectionId: "",
      local: { address: own, port: 5060 },
      remote: { address: peer, port: 5060 },
    };
    const made: Side = { layer: null as unknown as DialogLayer, session: null, events: [], heard: [] };
    const user: SessionUser = {
      admit: () => ({ kind: "serve" }),
      incoming: (session) => {
        made.session = session;
        made.events.push("incoming");
      },
      event: (session, event) => {
        made.session = session;
        made.heard.push(event);
        made.events.push(
          event.kind === "ended"
            ? `ended ${event.end.by} ${event.end.cause}`
            : event.kind === "offer-refused"
              ? `refused ${event.status}`
              : event.kind,
        );
      },
      register: (transaction) => transaction.respond(respond(transaction.request, 403)),
      mayAnswerBroken: () => true,
      closed: () => undefined,
      nextHop: (_uri, hop) => hop,
    };
    made.layer = new DialogLayer(
      at,
      {
        send: (_flow, bytes) => {
          const written = Buffer.from(bytes).toString("latin1");
          const cseq = /^CSeq: \d+ (\w+)/m.exec(written)![1]!;
          const start = written.startsWith("SIP/2.0") ? `${written.slice(8, 11)} ${cseq}` : cseq;
          const line = `${name} ${start}`;
          wire.push(line);
          const count = wire.filter((seen) => seen === line).length;
          const text = alter(line, written, count);
          raw.push(text);
          if (!lose(line, count)) {
            at.clock.after(5, () => {
              const other = name === "alice" ? bob : alice;
              other.layer.transactions.transport.datagram({ ...flow, local: flow.remote, remote: flow.local }, Buffer.from(text, "latin1"));
            });
          }
          return true;
        },
        close: () => undefined,
      },
      user,
    );
    return made;
  }

  function call(): void {
    const flow: Flow = {
      transport: "udp",
      connectionId: "",
      local: { address: "127.0.0.1", port: 5060 },
      remote: { address: "127.0.0.2", port: 5060 },
    };
    const contact = alice.layer.contact(flow);
    const invite: RequestDraft = {
      kind: "request",
      method: "INVITE",
      uriText: "sip:bob@127.0.0.2",
      headers: [
        header("From", `<sip:alice@127.0.0.1>;tag=${alice.layer.newToken()}`),
        header("To", "<sip:bob@127.0.0.2>"),
        header("Call-ID", alice.layer.newToken()),
        header("CSeq", "1 INVITE"),
        header("Max-Forwards", "70"),
        header("Contact", contact),
        header("Allow", allowed),
        header("Content-Type", "application/sdp"),
      ],
      body: Buffer.from("offer"),
    };
    alice.layer.call(invite, flow, contact, (session) => {
      alice.session = session;
    });
  }
  /** Everything quiet: nothing is held, no timer runs. */
  function expectQuiet(): void {
    env.advance(40_000);
    const left = [alice.layer.size, bob.layer.size, alice.layer.transactions.size, bob.layer.transactions.size, env.timersLeft()];
    if (left.some((number) => number > 0)) throw new Error(`sessions, transactions and timers are left: ${left.join(", ")}`);
  }
  /** A request of alice's within the call, as she would write it. */
  function within(method: string, seq: number, more: string, text = ""): void {
    const ack = raw.find((sent) => sent.startsWith("ACK "))!;
    const line = (name: string): string => new RegExp(`^${name}: .*$`, "m").exec(ack)![0];
    const head = [
      `${method} sip:127.0.0.2:5060 SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${method}${seq}`,
      "Max-Forwards: 70",
    ];
    const flow: Flow = {
      transport: "udp",
      connectionId: "",
      local: { address: "127.0.0.2", port: 5060 },
      remote: { address: "127.0.0.1", port: 5060 },
    };
    const lines = [...head, line("From"), line("To"), line("Call-ID"), `CSeq: ${seq} ${method}`, "Contact: <sip:127.0.0.1>"];
    bob.layer.transactions.transport.datagram(
      flow,
      Buffer.from(`${[...lines, more].join("\r\n")}\r\nContent-Length: ${text.length}\r\n\r\n${text}`),
    );
  }
  return { env, wire, raw, alice, bob, call, within, expectQuiet };
}

export type Net = ReturnType<typeof network>;
export const body = Buffer.from("v=0");

export function connect(net: Net): void {
  net.call();
  net.env.advance(20);
  net.bob.session!.send({ kind: "ring", status: 180 });
  net.env.advance(20);
  net.bob.session!.send({ kind: "accept", body });
  net.env.advance(20);
  net.alice.session!.send({ kind: "confirm" });
  net.env.advance(20);
}
