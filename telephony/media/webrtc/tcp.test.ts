// Browsers that come by TCP, over real loopback sockets: heard both ways, moved between protocols, and what hostile ones are refused.
import { afterEach, describe, expect, test } from "bun:test";
import { realEnv } from "../../../cmd/env.ts";
import {
  earlyChecksMax,
  iceConsentMs,
  mediaConnectionsUnprovenPerAddressMax,
  mediaConnectionUnprovenMs,
  packetsWaitingForReaderMax,
} from "../../../core/lib/limits.ts";
import { encodeG711 } from "../codec/g711.ts";
import { share, until } from "../support/listening.ts";
import {
  Bench,
  Browser,
  clientFingerprint,
  closeAll,
  opened,
  pass,
  passable,
  samplesOf,
  tcpWire,
  type Wire,
} from "../support/test-browser.ts";
import { toneSamples } from "../tone.ts";
import { type TcpConnection, TcpListener } from "./tcp.ts";

const env = passable(realEnv("error"));
afterEach(closeAll);

const codes = encodeG711(toneSamples([700], 400, 0), "PCMU");
const hum = { kind: "play", streamId: "alice", playId: "p", prompts: [{ kind: "key", key: "hum" }], loop: true } as const;

test("a browser by TCP and one by UDP hear each other, and their streams say what carried them", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"), "tcp");
  const bob = await Browser.open(await bench.opened("bob"));
  for (const streamId of ["alice", "bob"]) bench.connect(streamId);
  bench.plane.send({ kind: "bridge", a: "alice", b: "bob" });
  await Promise.all([alice.connect(), bob.connect()]);
  for (let frame = 0; frame < 20; frame++) {
    alice.say(codes.subarray(frame * 160, frame * 160 + 160));
    bob.say(codes.subarray(frame * 160, frame * 160 + 160));
  }
  await until(() => bob.heard.length === 20 && alice.heard.length === 20);
  for (const { heard } of [alice, bob]) expect(share(samplesOf(heard), 700)).toBeGreaterThan(0.9);
  expect(bench.plane.load()[0]!.browsers).toEqual({ udp: 1, tcp: 1 });
  for (const streamId of ["alice", "bob"]) bench.plane.send({ kind: "close", streamId });
  const last = await until(() => (bench.of("stats").filter(({ final }) => final).length === 2 ? bench.of("stats") : null));
  expect(last.filter(({ final }) => final).map(({ streamId, stats }) => [streamId, stats.protocol])).toEqual([
    ["alice", "tcp"],
    ["bob", "udp"],
  ]);
  expect(bench.plane.load()[0]!.browsers).toEqual({ udp: 1, tcp: 1 });
  await until(() => alice.isOver);
});

test("checks that are quicker than the browser's answer wait for it, and no more of them than a browser sends", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  for (let n = 0; n < earlyChecksMax; n++) alice.check();
  alice.check();
  await until(() => bench.mux.strangers === 1);
  expect(alice.answered).toBe(0);
  bench.connect("alice");
  await until(() => alice.answered === earlyChecksMax);
  await alice.handshake();
  await until(() => alice.srtp);
});

test("where both are nominated UDP is taken, until it is not checked any more or the browser speaks by TCP", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  await alice.connect();
  const udp = await alice.take("tcp");
  const answered = alice.answered;
  alice.check();
  await until(() => alice.answered > answered);
  bench.plane.send(hum);
  const before = alice.heard.length;
  await until(() => alice.heard.length > before + 2);
  expect(bench.plane.load()[0]!.browsers).toEqual({ udp: 1, tcp: 0 });
  alice.say(new Uint8Array(160));
  await until(() => bench.plane.load()[0]!.browsers.tcp === 1);
  alice.use(udp);
  alice.say(new Uint8Array(160));
  await until(() => bench.plane.load()[0]!.browsers.udp === 1);
});

test("whoever is not reached by UDP, although its checks come, shakes hands and speaks by TCP, and is answered there", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"));
  bench.connect("alice");
  alice.check();
  await until(() => alice.answered === 1);
  const udp = await alice.take("tcp");
  alice.check();
  await until(() => alice.answered === 2);
  // Nothing of ours comes by UDP any more, and its checks go on.
  alice.deafen(udp);
  await alice.handshake();
  await until(() => alice.srtp);
  bench.plane.send(hum);
  await until(() => alice.heard.length > 2);
  alice.say(new Uint8Array(160));
  const answered = alice.answered;
  const tcp = alice.use(udp);
  alice.check();
  alice.use(tcp);
  alice.check();
  await until(() => alice.answered > answered);
  const before = alice.heard.length;
  await until(() => alice.heard.length > before + 5);
  expect(bench.plane.load()[0]!.browsers).toEqual({ udp: 0, tcp: 1 });
});

test("a connection that ends takes its pair along, and voice goes by another that was checked", async () => {
  const bench = await Bench.open(env);
  const alice = await Browser.open(await bench.opened("alice"), "tcp");
  bench.connect("alice");
  await alice.connect();
  const first = await alice.take("tcp");
  const answered = alice.answered;
  alice.check({ nominate: false });
  await until(() => alice.answered > answered);
  bench.plane.send(hum);
  first.close();
  const before = alice.heard.length;
  await until(() => alice.heard.length > before + 5);
});

test("a reader that is too slow costs no memory, and hears what is new when it reads again", async () => {
  const connections: TcpConnection[] = [];
  const listener = opened(
    TcpListener.open(env, "127.0.0.1", 0, {
      onPacket: (_packet, connection) => void connections.push(connection),
      onClosed: () => undefined,
    }),
  );
  const taken: Uint8Array[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: { data: (_socket, piece) => void taken.push(piece.slice()), drain: () => undefined },
  });
  opened({ close: () => socket.terminate() });
  socket.write(Uint8Array.of(0, 1, 1));
  const connection = await until(() => connections[0]);
  socket.pause();
  const packet = new Uint8Array(1_000);
  // The kernel's buffers take some megabytes of whoever may fill them.
  for (let n = 0; n < 20_000 && connection.dropped < 100; n++) {
    connection.send(packet);
    if (n % 100 === 99) await new Promise((done) => setImmediate(done));
  }
  expect(connection.dropped).toBe(100);
  expect(connection.waitingPackets).toBe(packetsWaitingForReaderMax);
  socket.resume();
  await until(() => connection.waitingPackets === 0);
  connection.send(Uint8Array.of(77));
  await until(() =>
    Buffer.concat(taken)
      .subarray(-3)
      .equals(Uint8Array.of(0, 1, 77)),
  );
  expect(Buffer.concat(taken).length % 1_002).toBe(3);
});

describe("sent away is", () => {
  test("whoever speaks before it has shown that it was invited: garbage, a handshake, voice, a wrong password", async () => {
    const bench = await Bench.open(env);
    const local = await bench.opened("alice");
    bench.connect("alice");
    const wires = await Promise.all(Array.from({ length: 4 }, () => Browser.open(local, "tcp")));
    const [garbage, hello, voice, guess] = wires as [Browser, Browser, Browser, Browser];
    garbage.send(Buffer.from("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
    hello.send(Uint8Array.of(22, 254, 253, 0, 0));
    voice.send(Uint8Array.of(128, 0, 0, 1));
    guess.check({ pwd: "p".repeat(32) });
    await until(() => wires.every(({ isOver }) => isOver));
    expect(wires.map(({ answered }) => answered)).toEqual([0, 0, 0, 0]);
  });

  test("whoever breaks the framing, although it was invited; its stream lives", async () => {
    const bench = await Bench.open(env);
    const alice = await Browser.open(await bench.opened("alice"), "tcp");
    bench.connect("alice");
    await alice.connect();
    alice.sendBytes(Uint8Array.of(255, 255, 1));
    await until(() => alice.isOver);
    await alice.take("tcp");
    const answered = alice.answered;
    alice.check();
    await until(() => alice.answered > answered);
    bench.plane.send(hum);
    await until(() => alice.heard.length > 2);
    expect(bench.of("failed")).toEqual([]);
  });

  test("the oldest of a crowd from one address: whoever is quick gets through", async () => {
    const bench = await Bench.open(env);
    const local = await bench.opened("alice");
    bench.connect("alice");
    const crowd: Wire[] = [];
    for (let n = 0; n < mediaConnectionsUnprovenPerAddressMax + 10; n++) crowd.push(await tcpWire(local, () => undefined));
    await until(() => crowd.slice(0, 10).every(({ isOver }) => isOver()));
    expect(crowd.slice(10).filter(({ isOver }) => isOver())).toEqual([]);
    const alice = await Browser.open(local, "tcp");
    await alice.connect();
    for (let n = 0; n < 10; n++) crowd.push(await tcpWire(local, () => undefined));
    expect(alice.isOver).toBe(false);
  });

  test("whoever says nothing, after ten seconds; and a pair that is not checked any more, after thirty", async () => {
    const bench = await Bench.open(env);
    const local = await bench.opened("alice");
    bench.connect("alice");
    const alice = await Browser.open(local, "tcp");
    await alice.connect();
    const silent = await tcpWire(local, () => undefined);
    pass(mediaConnectionUnprovenMs + 1_000);
    await until(() => silent.isOver());
    expect(alice.isOver).toBe(false);
    pass(iceConsentMs);
    await until(() => alice.isOver);
    expect(bench.of("failed")).toEqual([]);
  });

  test("RTP-05: a browser by TCP whose certificate was not announced", async () => {
    const bench = await Bench.open(env);
    const alice = await Browser.open(await bench.opened("alice"), "tcp");
    bench.connect("alice", { fingerprint: clientFingerprint.replace(/^../, clientFingerprint.startsWith("00") ? "11" : "00") });
    alice.check();
    await until(() => alice.answered > 0);
    alice.tryHandshake();
    await until(() => bench.of("failed").length > 0);
  });
});
