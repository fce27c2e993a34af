// The relay under test: one process with the real engine and a number of bridged pairs; prints the ports as JSON and runs until it is ended.
import { realEnv } from "../../cmd/env.ts";
import { InlinePlane } from "../../telephony/media/inline-plane.ts";
import { PortRange } from "../../telephony/media/ports.ts";

const [calls = 100, firstPeerPort = 0] = process.argv.slice(2).map(Number);
const plane = new InlinePlane({
  env: realEnv("error"),
  ports: new PortRange(36_000, 39_999),
  mux: null,
  prompts: async () => null,
  openSink: async () => {
    throw new Error("nothing is recorded here");
  },
});
const ports = new Map<string, number>();
const legs = Array.from({ length: calls * 2 }, (_, i) => `leg-${i}`);
plane.onEvent((event) => {
  if (event.kind !== "opened") return;
  ports.set(event.streamId, event.local.rtpPort);
  const i = legs.indexOf(event.streamId);
  const port = firstPeerPort + i * 2;
  plane.send({
    kind: "connect-rtp",
    streamId: event.streamId,
    remote: { address: "127.0.0.1", port, rtcpPort: port + 1, codec: "PCMU", payloadType: 0, dtmfPayloadType: 101, ptimeMs: 20 },
    direction: "sendrecv",
  });
  if (ports.size < legs.length) return;
  for (let call = 0; call < calls; call++) plane.send({ kind: "bridge", a: legs[call * 2]!, b: legs[call * 2 + 1]! });
  console.log(JSON.stringify(legs.map((leg) => ports.get(leg))));
});
for (const [i, streamId] of legs.entries()) {
  plane.send({ kind: "open", streamId, groupId: `call-${i >> 1}`, transport: "rtp", localAddress: "127.0.0.1" });
}
