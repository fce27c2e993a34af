// CPU per relayed packet beside Debian's rtpengine: 100 two-way calls, plain or with SRTP on one side, interleaved pairs, medians; asserts nothing.
import { spawn } from "node:child_process";
import { isSrtpSuite } from "../../core/lib/media-encryption.ts";
import { newKeyTexts } from "../../telephony/media/srtp/srtp.ts";
import { firstPort, type Leg, measure, measuredMs, median, ours, type Relay, type Secured } from "./measuring.ts";

const calls = 100;
const pairs = Number(process.argv[2] ?? 7);
/** `npm run bench -- 5 AEAD_AES_128_GCM`; without a suite both sides are plain. */
const secured = securedBy(process.argv[3]);
const engineAddress = "127.0.0.1";
const ngPort = 22_223;

function securedBy(suite: string | undefined): Secured | null {
  if (suite === undefined) return null;
  if (!isSrtpSuite(suite)) throw new Error(`no such suite: ${suite}`);
  return { suite, key: newKeyTexts({ bytes: (size) => Buffer.alloc(size, 9) })[suite] };
}

type Run = { readonly microseconds: number; readonly lossPercent: number; readonly reports: number };

/** rtpengine in user space, driven by its own protocol: bencode over UDP. */
async function rtpengine(): Promise<Relay> {
  const flags = [
    "--config-file=none",
    "--table=-1",
    `--interface=${engineAddress}`,
    `--listen-ng=127.0.0.1:${ngPort}`,
    "--port-min=30000",
    "--port-max=35999",
    "--num-threads=4",
    "--log-level=3",
    "--foreground",
    "--log-stderr",
  ];
  const child = spawn("rtpengine", flags, { stdio: "ignore" });
  await Bun.sleep(800);
  const answers = new Map<string, (text: string) => void>();
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_socket, data) => {
        const text = data.toString("latin1");
        answers.get(text.split(" ")[0]!)?.(text);
      },
    },
  });
  let cookie = 0;
  const ask = (command: Record<string, unknown>): Promise<Leg> =>
    new Promise((done, fail) => {
      const key = `c${++cookie}`;
      answers.set(key, (text) => {
        const port = /m=audio (\d+)/.exec(text)?.[1];
        const key = /a=crypto:\d+ \S+ inline:([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? null;
        if (port === undefined) fail(new Error(text.slice(0, 200)));
        else done({ port: Number(port), key });
      });
      socket.send(Buffer.from(`${key} ${bencode(command)}`, "latin1"), ngPort, "127.0.0.1");
    });
  const to: Leg[] = [];
  for (let call = 0; call < calls; call++) {
    const common = { "call-id": `bench-${call}`, "from-tag": "a", flags: ["trust address"], ICE: "remove" };
    const plainly = secured === null ? {} : { "transport-protocol": "RTP/AVP" };
    const towardsB = await ask({ command: "offer", ...common, ...plainly, sdp: sdpOf(firstPort + call * 4, secured) });
    const towardsA = await ask({ command: "answer", ...common, "to-tag": "b", sdp: sdpOf(firstPort + call * 4 + 2) });
    to.push(towardsA, towardsB);
  }
  return {
    pid: child.pid!,
    to,
    stop: () => {
      socket.close();
      child.kill("SIGKILL");
    },
  };
}

function sdpOf(port: number, by: Secured | null = null): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/${by === null ? "AVP" : "SAVP"} 0 101`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    ...(by === null ? [] : [`a=crypto:1 ${by.suite} inline:${by.key}`]),
    "",
  ].join("\r\n");
}

function bencode(value: unknown): string {
  if (Array.isArray(value)) return `l${value.map(bencode).join("")}e`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `d${entries.map(([key, entry]) => bencode(key) + bencode(entry)).join("")}e`;
  }
  const text = String(value);
  return `${text.length}:${text}`;
}

async function run(start: () => Promise<Relay>): Promise<Run> {
  const { usedMs, overMs, lossPercent, reports } = await measure(await start(), secured);
  return { microseconds: (usedMs * 1_000) / ((overMs / 20) * calls * 2), lossPercent, reports };
}

const results: { readonly ours: Run; readonly theirs: Run }[] = [];
console.log(
  `${calls} two-way calls, ${secured === null ? "plain" : `${secured.suite} on one side`}, ${calls * 100} packets a second, ${measuredMs / 1_000} s measured, ${pairs} interleaved pairs`,
);
console.log("pair   landline µs/packet (loss, RTCP)   rtpengine µs/packet (loss, RTCP)   ratio");
for (let pair = 1; pair <= pairs; pair++) {
  const result = { ours: await run(() => ours(calls * 2, 2, false, secured)), theirs: await run(rtpengine) };
  results.push(result);
  const show = ({ microseconds, lossPercent, reports }: Run): string =>
    `${microseconds.toFixed(1).padStart(8)} (${lossPercent.toFixed(2)} %, ${reports})`;
  console.log(
    `${String(pair).padEnd(7)}${show(result.ours).padEnd(34)}${show(result.theirs).padEnd(35)}${(result.ours.microseconds / result.theirs.microseconds).toFixed(2)}`,
  );
}
console.log(
  `median ${median(results.map((result) => result.ours.microseconds)).toFixed(1)} µs against ${median(results.map((result) => result.theirs.microseconds)).toFixed(1)} µs; median ratio ${median(results.map((result) => result.ours.microseconds / result.theirs.microseconds)).toFixed(2)}`,
);
process.exit(0);
