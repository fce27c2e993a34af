// All trunks by which calls leave: kept as the configuration has them, asked for a way out, and known by where they are when a call comes in.
import type { TelephonyDirectory, TrunkPeer, TrunkPort, TrunkRefusal, TrunkState } from "../../core/call/call-control.ts";
import { pause } from "../../core/env/pause.ts";
import type { TrunkId } from "../../core/lib/id.ts";
import { type CertificateTrouble, certificateTrouble } from "../../core/telephony/peer-certificate.ts";
import { type Header, headerValue, type RequestDraft, type SipResponse } from "../sip/message/message.ts";
import { parseNameAddr } from "../sip/message/name-addr.ts";
import type { Flow } from "../sip/transport/flow.ts";
import { type LineParts, TrunkLine } from "./line.ts";

/** What a carrier has not heard by then it learns when the registration is over. */
const farewellMs = 1_000;
const refusalQuietMs = 60_000;

/** How a call leaves: the path, and as whom. */
export type Way = { readonly flow: Flow; readonly contactUser: string | null; readonly domain: string | null };

export class TrunkLines implements TrunkPort {
  private readonly lines = new Map<TrunkId, TrunkLine>();
  private readonly refusals = new Map<TrunkId, TrunkRefusal>();

  constructor(
    private readonly directory: Pick<TelephonyDirectory, "trunks" | "certificateDemand">,
    private readonly parts: LineParts,
  ) {}

  async reach(trunkId: TrunkId, hop: number, isForced: boolean): Promise<Way | null> {
    const line = this.lines.get(trunkId);
    const flow = (await line?.reach(hop, isForced)) ?? null;
    if (line === undefined || flow === null) return null;
    const { account } = line.peer;
    return { flow, contactUser: account === null ? null : line.contactUser, domain: account?.domain ?? null };
  }

  /** Whose next hop has this address, in its normal form. */
  trunkAt(address: string): { readonly trunkId: TrunkId; readonly name: string } | null {
    for (const { peer, addresses } of this.lines.values()) if (addresses.has(address)) return { trunkId: peer.trunkId, name: peer.name };
    return null;
  }

  /** Whose account a Request-URI is addressed to. */
  trunkOfContact(user: string): TrunkId | null {
    for (const { peer, contactUser } of this.lines.values()) if (contactUser === user) return peer.trunkId;
    return null;
  }

  /** By the account whose Contact stands in the request; within a dialog, by the path that it went. */
  prove(response: SipResponse, request: RequestDraft, flow: Flow): Header | null {
    const contact = parseNameAddr(headerValue(request, "contact") ?? "")?.uri;
    const user = contact?.scheme === "sip" ? contact.user : null;
    const along = [...this.lines.values()].filter((line) => line.peer.account !== null && line.speaksAlong(flow));
    const line = along.find(({ contactUser }) => contactUser === user) ?? (user === null ? along[0] : undefined);
    return line?.prove(response, request) ?? null;
  }

  suspect(flow: Flow): void {
    for (const line of this.lines.values()) line.suspect(flow);
  }

  closed(flow: Flow): void {
    for (const line of this.lines.values()) line.closed(flow);
  }

  state(trunkId: TrunkId): TrunkState | null {
    return this.lines.get(trunkId)?.state ?? null;
  }

  refusal(trunkId: TrunkId): TrunkRefusal | null {
    return this.refusals.get(trunkId) ?? null;
  }

  /**
   * Why what came along `flow` is not taken for the trunk's; null: it is. A connection of ours to one of its next hops has proved itself when it was
   * opened.
   */
  refuses(trunkId: TrunkId, flow: Flow): CertificateTrouble | null {
    const demand = this.directory.certificateDemand(trunkId);
    if (demand === null) return null;
    const isTls = flow.transport === "tls";
    if (isTls && this.lines.get(trunkId)?.speaksAlong(flow) === true) return null;
    const at = this.parts.env.clock.now();
    const trouble = isTls ? certificateTrouble(demand, this.parts.network.certificateOf(flow), at) : "not-by-tls";
    if (trouble === null) return null;
    const { address } = flow.remote;
    const last = this.refusal(trunkId);
    // Once a minute is enough for the log: a source address by UDP is anybody's to write.
    if (last === null || last.trouble !== trouble || at - last.at >= refusalQuietMs)
      this.parts.env.log.warn("trunk refused: its certificate is not shown", { trunk: trunkId, address, trouble });
    this.refusals.set(trunkId, { at, address, trouble });
    return trouble;
  }

  async look(trunkId: TrunkId, hop: number): ReturnType<TrunkPort["look"]> {
    return (await this.lines.get(trunkId)?.look(hop)) ?? null;
  }

  async test(trunkId: TrunkId): Promise<TrunkState | null> {
    return (await this.lines.get(trunkId)?.test()) ?? null;
  }

  /** Carriers are told that we are not here any more; resolves when they know, or have had their time. */
  async leave(): Promise<void> {
    const { clock } = this.parts.env;
    const leaving = [...this.lines.values()].filter(({ state }) => state.registration !== null).map((line) => line.leave());
    if (leaving.length > 0) await Promise.race([Promise.all(leaving), pause(clock, farewellMs)]);
  }

  [Symbol.dispose](): void {
    for (const line of this.lines.values()) void line.leave();
    this.lines.clear();
  }

  onLogged({ type }: { readonly type: string }): void {
    if (type.startsWith("telephony.trunk.")) this.refresh();
  }

  /** As the configuration has them now. */
  refresh(): void {
    const wanted = new Map(this.directory.trunks().map((peer) => [peer.trunkId, peer]));
    for (const [id, line] of this.lines) {
      if (isSame(line.peer, wanted.get(id))) continue;
      void line.leave();
      this.lines.delete(id);
    }
    for (const [id, peer] of wanted) {
      if (this.lines.has(id)) continue;
      const line = new TrunkLine(peer, this.parts);
      this.lines.set(id, line);
      line.start();
    }
  }
}

function isSame(a: TrunkPeer, b: TrunkPeer | undefined): boolean {
  return b !== undefined && a.version === b.version;
}
