// One socket for many: a peer whose port is closed takes nothing from the others.
import { expect, test } from "bun:test";
import { openUdp } from "./udp.ts";

test("what goes to others leaves, however often a closed port answers", async () => {
  let heard = 0;
  const ours = await openUdp("127.0.0.1", 0, () => undefined);
  const peer = await openUdp("127.0.0.1", 0, () => {
    heard += 1;
  });
  const gone = await openUdp("127.0.0.1", 0, () => undefined);
  gone.close();
  const packet = new Uint8Array(172);
  for (let n = 0; n < 100; n++) {
    ours.send(packet, gone.port, "127.0.0.1");
    ours.send(packet, peer.port, "127.0.0.1");
    await Bun.sleep(1);
  }
  for (const until = Date.now() + 5_000; heard < 100 && Date.now() < until; ) await Bun.sleep(5);
  expect([heard, ours.lost]).toEqual([100, 0]);
  ours.close();
  peer.close();
});
