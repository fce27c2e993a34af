// The way to the server, tried without a call: a WebSocket, and then offer, answer, ICE and DTLS as a call has them. Set-up and network test go it alike.

/** ICE gives up by itself after about this long. */
const patienceMs = 8_000;

export type Mark = "running" | "good" | "bad" | "waiting";

/** Shows one check of the page in another state, with how long it took. */
export function mark(name: string, is: Mark, ms?: number, by?: string): void {
  const row = document.querySelector<HTMLElement>(`[data-check="${name}"]`);
  if (row === null) return;
  row.dataset.is = is;
  row.querySelector("[data-check-ms]")!.textContent = [
    ...(ms === undefined ? [] : [`${Math.round(ms)} ms`]),
    ...(by === undefined ? [] : [by]),
  ].join(", ");
  const result = document.querySelector<HTMLInputElement>(`[data-check-result="${name}"]`);
  if (result !== null) result.value = is === "good" || is === "bad" ? is : "";
}

export type Socket = { readonly ms: number; readonly clockOffsetMs: number };

/** There and back, the quickest of some: that one has waited least, and tells the server's clock best. Null: it did not open, or went silent. */
export async function trySocket(path: string, rounds: number): Promise<Socket | null> {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
  try {
    // The first word comes unasked: it says that all is open.
    await nextWord(socket);
    let best: Socket | null = null;
    for (let i = 0; i < rounds; i++) {
      const askedAt = performance.now();
      const before = Date.now();
      socket.send("?");
      const there = Number(await nextWord(socket));
      const ms = performance.now() - askedAt;
      if (best === null || ms < best.ms) best = { ms, clockOffsetMs: before + ms / 2 - there };
    }
    return best;
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

function nextWord(socket: WebSocket): Promise<string> {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error("late")), patienceMs);
    socket.onmessage = ({ data }) => {
      clearTimeout(late);
      done(String(data));
    };
    socket.onclose = () => {
      clearTimeout(late);
      failed(new Error("closed"));
    };
  });
}

/** Sends a form of the page in its name. */
export function post(path: string, fields: Readonly<Record<string, string>>): Promise<Response> {
  const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')?.value ?? "";
  // Also what a page says while it goes away arrives.
  return fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }), keepalive: true });
}

/** How far it got. `checkId` is for asking after the server's figures; null: the server took no check. */
export type Path = { readonly is: "up" | "refused" | "blocked" | "no-keys"; readonly checkId: string | null };

/** Offers what `peer` has to the server, and marks the checks `voice` and `encrypted`. */
export async function tryVoice(peer: RTCPeerConnection, path: string): Promise<Path> {
  const found = await go(peer, path).catch((): Path => ({ is: "refused", checkId: null }));
  if (found.is === "up") return found;
  // Without a way there is nothing to agree keys over: that one was not tested.
  mark("voice", found.is === "no-keys" ? "good" : "bad");
  mark("encrypted", found.is === "no-keys" ? "bad" : "waiting");
  return found;
}

async function go(peer: RTCPeerConnection, path: string): Promise<Path> {
  await peer.setLocalDescription();
  const response = await post(path, { offer: peer.localDescription!.sdp });
  if (!response.ok) return { is: "refused", checkId: null };
  const { answer, checkId } = (await response.json()) as { answer: string; checkId: string };
  const startedAt = performance.now();
  await peer.setRemoteDescription({ type: "answer", sdp: answer });
  const isFound = (): boolean => /^(connected|completed)$/.test(peer.iceConnectionState);
  await until(peer, () => isFound() || /^(failed|closed)$/.test(peer.iceConnectionState));
  if (!isFound()) return { is: "blocked", checkId };
  mark("voice", "good", performance.now() - startedAt, protocolOf(await pairOf(peer)));
  await until(peer, () => /^(connected|failed|closed)$/.test(peer.connectionState));
  if (peer.connectionState !== "connected") return { is: "no-keys", checkId };
  mark("encrypted", "good", performance.now() - startedAt);
  return { is: "up", checkId };
}

/** What `RTCPeerConnection.getStats` tells of one thing (W3C webrtc-stats). */
export type Stats = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;
export type Pair = { readonly pair: Stats | undefined; readonly local: Stats | undefined; readonly remote: Stats | undefined };

/** The pair of addresses in use. Firefox has no transport that names it. */
export function pairIn(all: readonly Stats[]): Pair {
  const byId = (id: unknown): Stats | undefined => all.find((one) => one.id === id);
  const selected = byId(all.find(({ type }) => type === "transport")?.selectedCandidatePairId);
  const works = all.filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
  const pair = selected ?? works.find(({ selected: is }) => is === true) ?? works[0];
  return { pair, local: byId(pair?.localCandidateId), remote: byId(pair?.remoteCandidateId) };
}

async function pairOf(peer: RTCPeerConnection): Promise<Pair> {
  const all: Stats[] = [];
  (await peer.getStats()).forEach((one: Stats) => {
    all.push(one);
  });
  return pairIn(all);
}

function protocolOf({ local }: Pair): string | undefined {
  return typeof local?.protocol === "string" ? local.protocol.toUpperCase() : undefined;
}

function until(peer: RTCPeerConnection, isSo: () => boolean): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (!isSo()) return;
      clearTimeout(late);
      done();
    };
    const late = setTimeout(done, patienceMs);
    peer.addEventListener("iceconnectionstatechange", look);
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}
