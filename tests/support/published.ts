// A network behind a translation, as containers have on a desktop: two ports of ours lead into it, and inside only the translator's address is seen.
import { ownAddress } from "./namespace.ts";

const outside = "10.78.0.1";
const inside = "10.78.0.2";
const httpPort = 8_080;
const voicePort = 19_000;

/** Makes it, beside the test's own namespace; the words that start a program in it. It goes with `close`. */
export function publishedNetwork(): { readonly command: readonly string[]; close(): void } {
  const name = `landline-published-${process.pid}`;
  ip("netns", "add", name);
  ip("link", "add", "bridge", "type", "veth", "peer", "name", "eth0", "netns", name);
  ip("addr", "add", `${outside}/24`, "dev", "bridge");
  ip("link", "set", "bridge", "up");
  ip("-n", name, "addr", "add", `${inside}/24`, "dev", "eth0");
  for (const device of ["lo", "eth0"]) ip("-n", name, "link", "set", device, "up");
  const pages = publishHttp();
  const voice = publishVoice();
  return {
    command: ["ip", "netns", "exec", name],
    close: () => {
      pages.stop(true);
      void voice.then((socket) => socket.close());
      ip("netns", "del", name);
    },
  };
}

type Peer = { peer: Bun.Socket<Peer> | null; readonly early: Buffer[] };

/** Every connection goes on to the inside, byte by byte. */
function publishHttp() {
  const pass = (socket: Bun.Socket<Peer>, bytes: Buffer): void => {
    // What does not fit waits in us: pages are small.
    if (socket.data.peer === null) socket.data.early.push(Buffer.from(bytes));
    else void socket.data.peer.write(bytes);
  };
  const close = (socket: Bun.Socket<Peer>): void => void socket.data.peer?.end();
  return Bun.listen<Peer>({
    hostname: "0.0.0.0",
    port: httpPort,
    socket: {
      open: (socket) => {
        socket.data = { peer: null, early: [] };
        const open = (peer: Bun.Socket<Peer>): void => {
          peer.data = { peer: socket, early: [] };
          socket.data.peer = peer;
          for (const bytes of socket.data.early.splice(0)) peer.write(bytes);
        };
        void Bun.connect<Peer>({
          hostname: inside,
          port: httpPort,
          data: { peer: null, early: [] },
          socket: { open, data: pass, close },
        }).catch(() => socket.end());
      },
      data: pass,
      close,
    },
  });
}

/** One socket to the inside for each sender outside: the answer finds back, the sender's own address is not seen. */
async function publishVoice(): Promise<{ close(): void }> {
  const senders = new Map<string, Promise<Bun.udp.ConnectedSocket<"buffer">>>();
  const open = (port: number, address: string): Promise<Bun.udp.ConnectedSocket<"buffer">> =>
    Bun.udpSocket({
      connect: { hostname: inside, port: voicePort },
      socket: { data: (_socket, bytes) => void front.send(bytes, port, address) },
    });
  const front = await Bun.udpSocket({
    hostname: ownAddress,
    port: voicePort,
    socket: {
      data: (_socket, bytes, port, address) => {
        const key = `${address} ${port}`;
        const sender = senders.get(key) ?? open(port, address);
        senders.set(key, sender);
        const copy = Buffer.from(bytes);
        void sender.then((socket) => socket.send(copy));
      },
    },
  });
  return {
    close: () => {
      front.close();
      for (const sender of senders.values()) void sender.then((socket) => socket.close());
    },
  };
}

function ip(...words: string[]): void {
  const done = Bun.spawnSync(["ip", ...words]);
  if (done.exitCode !== 0) throw new Error(`ip ${words.join(" ")}: ${done.stderr.toString().trim()}`);
}
