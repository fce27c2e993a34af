// The DTLS handshake against OpenSSL over a real socket: the peer that most of the world is built on.
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realEnv } from "../../../cmd/env.ts";
import { newCertificate } from "./certificate.ts";
import { DtlsServer } from "./dtls-server.ts";

const folder = mkdtempSync(join(tmpdir(), "landline-dtls-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function openssl(...words: string[]): void {
  const done = Bun.spawnSync(["openssl", ...words]);
  if (done.exitCode !== 0) throw new Error(`openssl ${words.join(" ")}: ${done.stderr.toString()}`);
}

/** A client's certificate and key, as files. */
function identity(name: string, ...kind: string[]): { readonly cert: string; readonly key: string; readonly fingerprint: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  openssl("req", "-x509", "-nodes", "-days", "30", "-subj", `/CN=${name}`, ...kind, "-keyout", key, "-out", cert);
  return { cert, key, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 };
}

const ecdsa = identity("ecdsa", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1");
const rsa = identity("rsa", "-newkey", "rsa:2048");

type Outcome = { readonly ours: string; readonly theirs: string; readonly keys: Buffer | null; readonly theirKeys: string | null };

/** One handshake; `drop` says which datagrams of either side get lost, by number. */
async function handshake(
  client: { readonly cert: string; readonly key: string },
  fingerprint: string,
  options: readonly string[] = [],
  drop: { readonly fromClient?: number; readonly fromServer?: number } = {},
): Promise<Outcome> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const env = realEnv("error");
  let peer = 0;
  let [fromClient, fromServer] = [0, 0];
  const told = Promise.withResolvers<string>();
  const server = new DtlsServer({
    certificate: newCertificate(),
    fingerprint,
    profiles: [7, 1],
    clock: env.clock,
    random: env.random,
    send: (datagram) => {
      if (fromServer++ !== drop.fromServer) socket.send(datagram, peer, "127.0.0.1");
    },
    onConnected: (profile) => told.resolve(`connected ${profile}`),
    onFailed: (reason) => told.resolve(reason),
  });
  socket.on("message", (datagram, { port }) => {
    peer = port;
    if (fromClient++ !== drop.fromClient) server.receive(datagram);
  });
  const child = spawn("openssl", [
    ...["s_client", "-dtls1_2", "-connect", `127.0.0.1:${socket.address().port}`, "-cert", client.cert, "-key", client.key],
    ...["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "56", ...options],
  ]);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  try {
    const ours = await told.promise;
    // What OpenSSL has to say comes with the last flight, or with our alert.
    for (let i = 0; i < 300 && !/Keying material: [0-9A-F]+|alert number|:error:/.test(output); i++) await Bun.sleep(10);
    return {
      ours,
      theirs: output,
      keys: server.isConnected ? server.exportKeys(56) : null,
      theirKeys: /Keying material: ([0-9A-F]+)/.exec(output)?.[1] ?? null,
    };
  } finally {
    child.kill("SIGKILL");
    socket.close();
  }
}

const both = ["-use_srtp", "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"];

describe("OpenSSL", () => {
  const cases: readonly (readonly [name: string, run: () => Promise<Outcome>, profile: number])[] = [
    ["with ECDSA", () => handshake(ecdsa, ecdsa.fingerprint, both), 7],
    ["with RSA", () => handshake(rsa, rsa.fingerprint, both), 7],
    ["with the older profile only", () => handshake(ecdsa, ecdsa.fingerprint, ["-use_srtp", "SRTP_AES128_CM_SHA1_80"]), 1],
    ["in small pieces", () => handshake(rsa, rsa.fingerprint, [...both, "-mtu", "256"]), 7],
    ["when its first flight is lost", () => handshake(ecdsa, ecdsa.fingerprint, both, { fromClient: 0 }), 7],
    ["when our answer is lost", () => handshake(ecdsa, ecdsa.fingerprint, both, { fromServer: 0 }), 7],
    ["when our last word is lost", () => handshake(ecdsa, ecdsa.fingerprint, both, { fromServer: 1 }), 7],
  ];
  for (const [name, run, profile] of cases) {
    test(`${name} comes to the same keys`, async () => {
      const { ours, keys, theirKeys, theirs } = await run();
      expect(ours).toBe(`connected ${profile}`);
      expect(theirKeys ?? theirs).toBe(keys!.toString("hex").toUpperCase());
    }, 20_000);
  }

  test("with another certificate than the announced one is told so and gets no keys", async () => {
    const { ours, keys, theirs } = await handshake(rsa, ecdsa.fingerprint, both);
    expect([ours, keys]).toEqual(["the certificate is not the announced one", null]);
    expect(theirs).toContain("bad certificate");
  }, 20_000);

  test("without SRTP is refused", async () => {
    const { ours, theirs } = await handshake(ecdsa, ecdsa.fingerprint);
    expect(ours).toBe("no SRTP profile in common");
    expect(theirs).toContain("handshake failure");
  }, 20_000);

  test("with no cipher of ours is refused", async () => {
    const { ours } = await handshake(ecdsa, ecdsa.fingerprint, [...both, "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"]);
    expect(ours).toBe("no cipher suite in common");
  }, 20_000);
});
