// `npm run bench:hostile [-- --seconds 60 --rates 2000,20000]`: floods, spoofed media and odd messages, with honest calls beside them. Figures only; asserts nothing.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Subprocess, spawn } from "bun";
import { realEnv } from "../../cmd/env.ts";
import { Srtp } from "../../telephony/media/srtp/srtp.ts";
import { expectedResponse, ha1Of } from "../../telephony/sip/auth/digest.ts";
import { DigestServer } from "../../telephony/sip/auth/server.ts";
import type { SipRequest } from "../../telephony/sip/message/message.ts";
import { header } from "../../telephony/sip/message/message.ts";
import { parseDatagram } from "../../telephony/sip/message/parser.ts";
import { plainOffer, TestPeer } from "../../telephony/support/test-peer.ts";
import { protos } from "../fuzz/protos.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, rates: { type: "string", default: "2000,10000,20000" } },
});
const seconds = Number(values.seconds);
const trunk = "127.0.0.77";
const [callsUp, callsPerSecond] = [100, 5];
const here = new URL("./", import.meta.url).pathname;
const env = realEnv("error");
const row = (id: string, what: string): void => console.log(`${id.padEnd(7)} ${what}`);
const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

async function started(
  file: string,
  ...words: readonly string[]
): Promise<{ child: Subprocess<"ignore", "pipe", "inherit">; ports: number[] }> {
  const child = spawn([process.execPath, here + file, ...words], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  const told = JSON.parse(new TextDecoder().decode(value)) as readonly (number | { readonly port: number })[];
  return { child, ports: told.map((one) => (typeof one === "number" ? one : one.port)) };
}
const run = async <T>(file: string, words: object): Promise<T> =>
  JSON.parse(
    (await new Response(spawn([process.execPath, here + file, JSON.stringify(words)]).stdout).text()).trim().split("\n").at(-1)!,
  ) as T;
const rssOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1_024;

/** A call, answered and acknowledged; null when it never was. */
async function called(peer: TestPeer): Promise<{ readonly setUpMs: number; hangUp(): void } | null> {
  const startedAt = performance.now();
  peer.call("+4930222", plainOffer(trunk));
  const { session, event } = await peer.next("session", (heard) => heard.event.kind === "answered" || heard.event.kind === "ended");
  if (event.kind === "ended") return null;
  session.send({ kind: "confirm" });
  return { setUpMs: performance.now() - startedAt, hangUp: () => session.send({ kind: "hang-up" }) };
}

async function flooded(perSecond: number, sources: number): Promise<void> {
  const { child, ports } = await started("hostile-node.ts", trunk);
  const up: TestPeer[] = [];
  const calls: NonNullable<Awaited<ReturnType<typeof called>>>[] = [];
  for (let n = 0; n < callsUp; n++) {
    const peer = await TestPeer.udp(env, trunk, ports[0]!);
    up.push(peer);
    calls.push((await called(peer))!);
  }
  const before = rssOf(child.pid);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, rssOf(child.pid));
  }, 500);
  const flood = run<{ sent: number; answers: number; seconds: number }>("flood.ts", { port: ports[0], perSecond, seconds, sources });
  const fresh: Promise<number | null>[] = [];
  for (let n = 0; n < seconds * callsPerSecond; n++) {
    fresh.push(
      TestPeer.udp(env, trunk, ports[0]!).then(async (peer) => {
        const call = await called(peer);
        call?.hangUp();
        return call?.setUpMs ?? null;
      }),
    );
    await Bun.sleep(1_000 / callsPerSecond);
  }
  const { sent, answers, seconds: took } = await flood;
  const times = (await Promise.all(fresh)).filter((ms) => ms !== null).sort((a, b) => a - b);
  const dropped = up.filter((peer) => peer.lines.includes("BYE")).length;
  for (const call of calls) call.hangUp();
  await Bun.sleep(2_000);
  const answeredByes = up.filter((peer) => peer.lines.at(-1)?.startsWith("200")).length;
  clearInterval(watch);
  row(
    "DOS-01",
    `${Math.round(sent / took)}/s from ${sources} for ${took.toFixed(0)} s: ${dropped} of ${callsUp} calls dropped, ${answeredByes} hung up in order; ${times.length} of ${fresh.length} new calls, p50 ${times[times.length >> 1]?.toFixed(0)} ms, p99 ${times[Math.floor(times.length * 0.99)]?.toFixed(0)} ms; ${answers} answers to the flood; RSS +${megabytes(peak - before)} MiB`,
  );
  for (const peer of up) await peer[Symbol.asyncDispose]();
  child.kill();
}

async function oddMessages(): Promise<void> {
  const { child, ports } = await started("hostile-node.ts", trunk);
  const peer = await TestPeer.udp(env, trunk, ports[0]!);
  const socket = await Bun.udpSocket({ hostname: trunk, socket: { data: () => undefined } });
  let [sent, bytes, worstMs] = [0, 0, 0];
  const startedAt = performance.now();
  for (const { text } of protos()) {
    socket.send(Buffer.from(text, "latin1"), ports[0]!, "127.0.0.1");
    sent++;
    bytes += 2_000 + text.length;
    if (bytes < 100_000) continue;
    bytes = 0;
    const askedAt = performance.now();
    peer.request("OPTIONS", "sip:127.0.0.1", [header("Subject", "health")]);
    await peer.next("response");
    worstMs = Math.max(worstMs, performance.now() - askedAt);
  }
  row(
    "SIP-03",
    `${sent} INVITEs in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, worst health ${worstMs.toFixed(1)} ms; RSS ${megabytes(rssOf(child.pid))} MiB`,
  );
  socket.close();
  await peer[Symbol.asyncDispose]();
  child.kill();
}

async function deafPeer(): Promise<void> {
  const { child, ports } = await started("hostile-node.ts", "127.0.0.1");
  const before = rssOf(child.pid);
  const peer = await TestPeer.udp(env, "127.0.0.1", ports[0]!);
  let isClosed = false;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: ports[1]!,
    socket: {
      data: () => undefined,
      close: () => {
        isClosed = true;
      },
    },
  });
  socket.pause();
  let asked = 0;
  for (; asked < 10_000 && !isClosed; asked++) {
    const text = `INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKd${asked}\r\nFrom: <sip:d@d>;tag=${asked}\r\nTo: <sip:1@h>\r\nCall-ID: d${asked}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nX: ${"a".repeat(2_000)}\r\nContent-Length: 0\r\n\r\n`;
    for (let rest = Buffer.from(text); rest.length > 0 && !isClosed; ) {
      rest = rest.subarray(Math.max(0, socket.write(rest)));
      if (rest.length > 0) await Bun.sleep(1);
    }
  }
  const askedAt = performance.now();
  peer.request("OPTIONS", "sip:127.0.0.1");
  await peer.next("response");
  row(
    "SIP-09",
    `${asked} INVITEs over TCP, never an answer read: ${isClosed ? "cut off" : "still open"}; health ${(performance.now() - askedAt).toFixed(0)} ms; RSS +${megabytes(rssOf(child.pid) - before)} MiB`,
  );
  socket.terminate();
  await peer[Symbol.asyncDispose]();
  child.kill();
}

/** The digest of a name that is there against that of one that is not, in turns. */
function timing(): void {
  const server = new DigestServer(env, "landline");
  const ha1 = ha1Of("201", "landline", "secret");
  const request = (username: string): SipRequest => {
    const nonce = /nonce="([^"]+)"/.exec(server.challenge()[0]!.value)![1]!;
    const base = {
      username,
      realm: "landline",
      nonce,
      uri: "sip:landline",
      nc: "00000001",
      cnonce: "x",
      algorithm: "SHA-256" as const,
      response: "",
    };
    const response = expectedResponse(base, ha1Of(username, "landline", "wrong"), "REGISTER");
    const parsed = parseDatagram(
      Buffer.from(
        `REGISTER sip:landline SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nAuthorization: Digest username="${username}", realm="landline", nonce="${nonce}", uri="sip:landline", qop=auth, nc=00000001, cnonce="x", algorithm=SHA-256, response="${response}"\r\n\r\n`,
      ),
    );
    if (!parsed.ok || parsed.message.kind !== "request") throw new Error("no request");
    return parsed.message;
  };
  const took: Record<string, number[]> = { "201": [], "999": [] };
  for (let n = 0; n < 4_000; n++) {
    const username = n % 2 === 0 ? "201" : "999";
    const asked = request(username);
    const at = performance.now();
    server.verify(asked, (name) => (name === "201" ? ha1 : null));
    took[username]!.push(performance.now() - at);
  }
  const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]! * 1_000;
  row(
    "SIP-16",
    `wrong password: known name ${median(took["201"]!).toFixed(1)} µs, unknown ${median(took["999"]!).toFixed(1)} µs (medians of 2,000)`,
  );
}

async function spoofedMedia(): Promise<void> {
  const [calls, firstPort] = [20, 24_000];
  for (const perSecond of [0, 10_000]) {
    const { child, ports } = await started("our-relay.ts", String(calls), String(firstPort));
    const generated = run<{ sent: number; received: number }>("generator.ts", {
      ...{ firstPort, seconds },
      to: ports.map((port) => ({ port, key: null })),
    });
    // RTP of the right type, from the source that the peer of the leg has; four legs get all of it.
    const payload = Buffer.concat([Buffer.from("8000000100000001000003e8", "hex"), Buffer.alloc(160, 0xee)]).toString("hex");
    const floods =
      perSecond === 0
        ? []
        : ports
            .slice(0, 4)
            .map((port) => run<{ sent: number }>("flood.ts", { port, perSecond: perSecond / 4, seconds, sources: 1, payload }));
    const { sent, received } = await generated;
    const injected = (await Promise.all(floods)).reduce((sum, flood) => sum + flood.sent, 0);
    row(
      "RTP-02",
      `${calls} calls, ${injected} packets of strangers in ${seconds} s: ${received} of ${sent} packets relayed (${(((sent - received) / sent) * 100).toFixed(3)} % lost)`,
    );
    child.kill();
  }
}

function badSeals(): void {
  for (const profile of ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"] as const) {
    const keys = (byte: number) => ({ key: Buffer.alloc(16, byte), salt: Buffer.alloc(profile.includes("GCM") ? 12 : 14, byte) });
    const [alice, bob] = [new Srtp(profile, keys(1), keys(2)), new Srtp(profile, keys(2), keys(1))];
    const plain = Buffer.concat([Buffer.from("8000000100000001000003e8", "hex"), Buffer.alloc(160, 0xee)]);
    const forged = Buffer.from(alice.protect(plain)!);
    forged[30]! ^= 1;
    const before = process.cpuUsage();
    for (let n = 0; n < 200_000; n++) bob.unprotect(forged);
    const { user, system } = process.cpuUsage(before);
    const each = (user + system) / 200_000;
    plain[3] = 2;
    const isHeard = bob.unprotect(alice.protect(plain)!) !== null;
    row(
      "RTP-03",
      `${profile}: ${each.toFixed(1)} µs for a forged packet, ${(each / 1).toFixed(0)} % of a core at 10,000/s; ${bob.refused} refused, the peer is ${isHeard ? "heard" : "NOT HEARD"}`,
    );
  }
}

timing();
badSeals();
await oddMessages();
await deafPeer();
for (const rate of values.rates.split(",").map(Number)) for (const sources of [1, 1_000]) await flooded(rate, sources);
await spoofedMedia();
process.exit(0);
