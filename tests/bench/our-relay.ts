// What is under test: one process with the product's media worker and streams, bridged in pairs or mixed; prints the ports as JSON and runs until it is ended.
import { realEnv } from "../../cmd/env.ts";
import type { SrtpSuite } from "../../core/lib/media-encryption.ts";
import { WorkerPlane } from "../../telephony/media/worker-plane.ts";

const [size = 200, firstPeerPort = 0, parties = 2, silent = 0] = process.argv.slice(2, 6).map(Number);
/** Of the first side of every call, with the key that it sends under; none: both are plain. */
const [suite, key = ""] = process.argv.slice(6) as [SrtpSuite?, string?];
const plane = await WorkerPlane.start({
  env: realEnv("error"),
  entry: new URL("../../cmd/media-worker.ts", import.meta.url).href,
  starts: [
    { worker: 0, rtpPorts: [36_000, 39_999], muxAddress: "127.0.0.1", muxPort: 0, muxTcpPort: null, logLevel: "error", prompts: {} },
  ],
});
const ports = new Map<string, { readonly port: number; readonly key: string | null }>();
const legs = Array.from({ length: size }, (_, i) => `leg-${i}`);
plane.onEvent((event) => {
  if (event.kind !== "opened") return;
  const index = legs.indexOf(event.streamId);
  const secured = suite === undefined || index % 2 === 1 ? null : suite;
  ports.set(event.streamId, { port: event.local.rtpPort, key: secured === null ? null : event.local.srtp![secured] });
  const port = firstPeerPort + index * 2;
  plane.send({
    kind: "connect-rtp",
    streamId: event.streamId,
    remote: {
      ...{
        address: "127.0.0.1",
        port,
        rtcpPort: port + 1,
        codec: "PCMU",
        payloadType: 0,
        dtmfPayloadType: 101,
        dtmfUnitsPerMs: 8,
        ptimeMs: 20,
      },
      srtp: secured === null ? null : { suite: secured, key },
    },
    direction: "sendrecv",
  });
  if (ports.size < legs.length) return;
  for (const [i, streamId] of legs.entries())
    if (parties > 2)
      plane.send({ kind: "mix", streamId, mixId: `mix-${Math.floor(i / parties)}`, heardBy: silent === 1 && i % parties > 0 ? [] : null });
    else if (i % 2 === 1) plane.send({ kind: "bridge", a: legs[i - 1]!, b: streamId });
  console.log(JSON.stringify(legs.map((leg) => ports.get(leg))));
});
// All in one worker, as a conversation is: the load of one is what is measured.
for (const streamId of legs) plane.send({ kind: "open", streamId, groupId: "all", transport: "rtp", localAddress: "127.0.0.1" });
