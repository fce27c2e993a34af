// The DTLS handshake against werift's client as an independent peer: fragments, loss, forgeries.
import { describe, expect, test } from "bun:test";
import { createHmac, X509Certificate } from "node:crypto";
import { createSelfSignedCertificate, DtlsClient } from "werift";
import { fakeEnv } from "../../support/fake-env.ts";
import { newCertificate } from "./certificate.ts";
import { parseRecords, writeRecord } from "./dtls-record.ts";
import { DtlsServer, prf } from "./dtls-server.ts";

type ClientCertificate = Awaited<ReturnType<typeof createSelfSignedCertificate>>;
const newClientCertificate = () => createSelfSignedCertificate({ signature: 3, hash: 4 } as never, 23 as never);
const alice = await newClientCertificate();
const mallory = await newClientCertificate();
const fingerprintOf = (certificate: ClientCertificate) => new X509Certificate(certificate.certPem).fingerprint256;

type Options = {
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly fingerprint?: string;
  readonly profiles?: readonly number[];
  /** What becomes of the client's n-th datagram. */
  readonly mangle?: (datagram: Uint8Array, index: number) => readonly Uint8Array[];
};

/** A client and our server joined by function calls; settles when either says how it went. */
class Handshake {
  readonly toClient: Uint8Array[] = [];
  readonly toServer: Uint8Array[] = [];
  readonly server: DtlsServer;
  readonly client: DtlsClient;
  readonly outcome: Promise<string>;
  private readonly transport = {
    type: "udp",
    address: {},
    closed: false,
    onData: (_data: Buffer, _from: [string, number]): void => undefined,
    send: async (data: Buffer) => this.fromClient(data),
    close: async () => undefined,
  };

  constructor(private readonly options: Options = {}) {
    let settle: (outcome: string) => void;
    this.outcome = new Promise((done) => {
      settle = done;
    });
    this.client = new DtlsClient({
      cert: options.certPem ?? alice.certPem,
      key: options.keyPem ?? alice.keyPem,
      signatureHash: alice.signatureHash,
      transport: this.transport as never,
      srtpProfiles: (options.profiles ?? [1, 7]) as never,
      extendedMasterSecret: true,
    });
    this.server = new DtlsServer({
      certificate: newCertificate(),
      fingerprint: options.fingerprint ?? fingerprintOf(alice),
      profiles: [7, 1],
      ...fakeEnv(),
      send: (datagram) => {
        this.toClient.push(datagram);
        queueMicrotask(() => this.transport.onData(Buffer.from(datagram), ["server", 1]));
      },
      onConnected: (profile) => settle(`connected ${profile}`),
      onFailed: (reason) => settle(reason),
    });
    // Refused, werift gives up half a minute later, when other tests run: `outcome` tells how it went, not this.
    this.client.connect().catch(() => undefined);
  }

  private fromClient(data: Buffer): void {
    const index = this.toServer.push(Uint8Array.from(data)) - 1;
    for (const datagram of this.options.mangle?.(data, index) ?? [data]) this.server.receive(datagram);
  }
}

/** Splits every handshake record in clear into `parts` fragments, a datagram each. */
function fragmented(datagram: Uint8Array, parts: number): Uint8Array[] {
  return parseRecords(datagram).flatMap((record) => {
    if (record.type !== 22 || record.epoch !== 0) return [writeRecord(record.type, record.epoch, record.sequence, record.fragment)];
    const view = Buffer.from(record.fragment);
    const body = view.subarray(12);
    const size = Math.ceil(body.length / parts);
    return Array.from({ length: parts }, (_, part) => {
      const piece = body.subarray(part * size, (part + 1) * size);
      const header = Buffer.from(view.subarray(0, 12));
      header.writeUIntBE(part * size, 6, 3);
      header.writeUIntBE(piece.length, 9, 3);
      return writeRecord(22, 0, record.sequence, Buffer.concat([header, piece]));
    });
  });
}

test("both sides export the same keys, and GCM is preferred whatever the client's order", async () => {
  const handshake = new Handshake();
  await new Promise<void>((done) => handshake.client.onConnect.subscribe(() => done()));
  expect(await handshake.outcome).toBe("connected 7");
  const keys = handshake.server.exportKeys(56);
  const theirs = handshake.client.extractSessionKeys(16, 12);
  expect(Buffer.concat([theirs.localKey, theirs.remoteKey, theirs.localSalt, theirs.remoteSalt]).equals(keys)).toBe(true);
});

test("CM is taken when the client has nothing better", async () => {
  expect(await new Handshake({ profiles: [1] }).outcome).toBe("connected 1");
});

describe("the client's messages arrive", () => {
  for (const parts of [1, 2, 5])
    test(`in ${parts} fragments, last first`, async () => {
      expect(await new Handshake({ mangle: (datagram) => fragmented(datagram, parts).reverse() }).outcome).toBe("connected 7");
    });

  test("in overlapping fragments, each twice", async () => {
    const mangle = (datagram: Uint8Array) => [...fragmented(datagram, 2), ...fragmented(datagram, 3), ...fragmented(datagram, 2)];
    expect(await new Handshake({ mangle }).outcome).toBe("connected 7");
  });

  test("after each datagram was once lost and sent again", async () => {
    // werift repeats a flight after half a second; here the repetition comes at once, after garbage in the same clothes.
    const mangle = (datagram: Uint8Array) => [datagram.subarray(0, datagram.length - 1), datagram, datagram];
    expect(await new Handshake({ mangle }).outcome).toBe("connected 7");
  });
});

test("a repeated hello gets the same answer again, another hello a new one", async () => {
  const handshake = new Handshake();
  await handshake.outcome;
  const hello = handshake.toServer[0]!;
  const answers: Uint8Array[] = [];
  const env = fakeEnv();
  const server = new DtlsServer({
    certificate: newCertificate(),
    fingerprint: fingerprintOf(alice),
    profiles: [7],
    clock: env.clock,
    random: env.random,
    send: (datagram) => answers.push(datagram),
    onConnected: () => undefined,
    onFailed: () => undefined,
  });
  const other = Uint8Array.from(hello);
  other[13 + 12 + 2]! ^= 1;
  for (const datagram of [hello, hello]) server.receive(datagram);
  expect(answers).toHaveLength(1);
  env.advance(50);
  for (const datagram of [hello, other]) server.receive(datagram);
  const bodies = answers.map((answer) => Buffer.concat(parseRecords(answer).map((record) => record.fragment)));
  expect(answers).toHaveLength(3);
  expect(bodies[0]!.equals(bodies[1]!)).toBe(true);
  expect(bodies[0]!.equals(bodies[2]!)).toBe(false);
  // Room for the headers of any path: it went as one datagram.
  expect(answers[0]!.length).toBeLessThan(1_200);
});

test("a client that lost our last flight gets it again", async () => {
  const handshake = new Handshake();
  await handshake.outcome;
  const sent = handshake.toClient.length;
  // The sealed record is a replay and stays unanswered; a client seals its repetition anew, which only a client can.
  handshake.server.receive(handshake.toServer.at(-1)!);
  expect(handshake.toClient).toHaveLength(sent);
  expect(handshake.server.isConnected).toBe(true);
});

describe("refused is", () => {
  test("RTP-05: a certificate that was not announced", async () => {
    expect(await new Handshake({ fingerprint: fingerprintOf(mallory) }).outcome).toBe("the certificate is not the announced one");
  });

  test("RTP-05: the announced certificate in the hands of somebody without its key", async () => {
    expect(await new Handshake({ keyPem: mallory.keyPem }).outcome).toBe("the peer does not hold its certificate's key");
  });

  test("RTP-05: a client without a common SRTP profile", async () => {
    expect(await new Handshake({ profiles: [2] }).outcome).toBe("no SRTP profile in common");
  });

  test("any change of a hello in flight: both sides must have heard the same handshake", async () => {
    const mangle = (datagram: Uint8Array, index: number) => {
      if (index > 0) return [datagram];
      // The first cipher suite becomes an unknown one: the handshake goes on, its transcript differs.
      const changed = Uint8Array.from(datagram);
      const at = 13 + 12 + 34 + 1 + 1 + 2;
      const suites = Buffer.from(changed).readUInt16BE(at - 2) / 2;
      const kept = Array.from({ length: suites }, (_, suite) => at + suite * 2).find(
        (place) => Buffer.from(changed).readUInt16BE(place) !== 0xc02b,
      );
      if (kept === undefined) throw new Error("the client offers one suite only");
      changed[kept] = 0xfa;
      return [changed];
    };
    expect(await new Handshake({ mangle }).outcome).toBe("the peer does not hold its certificate's key");
  });

  test("a finished in clear", async () => {
    const mangle = (datagram: Uint8Array) =>
      parseRecords(datagram).map((record) =>
        record.epoch === 0
          ? writeRecord(record.type, 0, record.sequence, record.fragment)
          : writeRecord(22, 0, record.sequence, Buffer.concat([Buffer.from("1400000c000400000000000c", "hex"), Buffer.alloc(12)])),
      );
    const handshake = new Handshake({ mangle });
    await new Promise<void>((done) => {
      const step = () => (handshake.toServer.length >= 2 ? done() : queueMicrotask(step));
      setTimeout(step, 50);
    });
    expect(handshake.server.isConnected).toBe(false);
  });
});

test("no truncation, no flipped bit and no garbage of a hello throws", async () => {
  const handshake = new Handshake();
  await handshake.outcome;
  const hello = handshake.toServer[0]!;
  const fresh = () =>
    new DtlsServer({
      certificate,
      fingerprint: fingerprintOf(alice),
      profiles: [7],
      ...fakeEnv(),
      send: () => undefined,
      onConnected: () => undefined,
      onFailed: () => undefined,
    });
  const certificate = newCertificate();
  for (let size = 0; size < hello.length; size++) fresh().receive(hello.subarray(0, size));
  const one = fresh();
  for (let bit = 0; bit < hello.length * 8; bit += 3) {
    const flipped = Uint8Array.from(hello);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    one.receive(flipped);
  }
  expect(one.isConnected).toBe(false);
});

test("the pseudo-random function is HMAC in a chain", () => {
  const secret = Buffer.from("secret");
  const seed = Buffer.from("labelseed");
  const hmac = (bytes: Uint8Array) => createHmac("sha256", secret).update(bytes).digest();
  const first = hmac(Buffer.concat([hmac(seed), seed]));
  const second = hmac(Buffer.concat([hmac(hmac(seed)), seed]));
  expect(prf(secret, "label", Buffer.from("seed"), 40).equals(Buffer.concat([first, second]).subarray(0, 40))).toBe(true);
});
