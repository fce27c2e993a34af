// The node under attack: telephony with one trunk and media that is none; answers every call. Prints its ports as JSON and runs until it is ended.
import { realEnv } from "../../cmd/env.ts";
import type { TrunkId } from "../../core/lib/id.ts";
import { Telephony } from "../../telephony/start.ts";
import { FakeMedia } from "../../telephony/support/fake-media.ts";

const [trunk = ""] = process.argv.slice(2);
const telephony = await Telephony.start({
  ...{ env: realEnv("error"), media: new FakeMedia(), addresses: ["127.0.0.1"], mediaAddress: "127.0.0.1" },
  directory: {
    trunkByAddress: (address) => (address === trunk ? { trunkId: "t" as TrunkId, name: "Trunk" } : null),
    ...{
      trunkManner: () => null,
      certificateDemand: () => null,
      mediaEncryption: () => "disabled" as const,
      isCallForHelp: () => false,
      trunks: () => [],
      phone: () => null,
      station: () => null,
      isPhoneAddress: () => false,
    },
  },
  listen: (["udp", "tcp"] as const).map((transport) => ({ transport, address: "127.0.0.1", port: 0 })),
  recordingTarget: () => Promise.reject(new Error("nothing is recorded here")),
});
telephony.control.onEvent((event) => {
  if (event.kind === "call.offered") telephony.control.send({ kind: "answer", legId: event.legId });
});
console.log(JSON.stringify(telephony.ports));
process.on("SIGUSR2", () => console.log(JSON.stringify(telephony.held)));
