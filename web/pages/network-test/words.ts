// What a network test has found, in plain sentences that say what to mend; and the whole of it as text for a help desk.
import { hostText } from "../../../core/lib/ip-address.ts";
import {
  findingsOf,
  type Grade,
  gradeOf,
  lossPercentOf,
  type MeasuredByBrowser,
  type NetworkFinding,
  type NetworkTest,
} from "../../../core/telephony/network-test.ts";
import { t } from "../../ui/text.ts";
import { exactTime } from "../../ui/time.tsx";

const grades: Readonly<Record<Grade, string>> = {
  good: "Good",
  fair: "Fair",
  poor: "Poor",
  nothing: "Nothing arrives",
  unknown: "Not measured",
};

export function gradeWord(grade: Grade): string {
  return t(grades[grade]);
}

/** The whole in one sentence. */
export function verdictOf(test: NetworkTest): string {
  if (test.measured.voice === "refused") return t("Voice was not tested.");
  if (test.measured.voice !== "up") return t("Voice does not get through.");
  if (test.voice === null) return t("Voice gets through, its figures are not known.");
  const [up, down] = [gradeOf(test, "up"), gradeOf(test, "down")];
  if (up === "good" && down === "good") return t("Voice is good both ways.");
  if (up === "nothing" && down === "nothing") return t("No voice arrives, either way.");
  if (up === "nothing") return t("Others would not hear you.");
  if (down === "nothing") return t("You would not hear others.");
  if (up === "poor" && down === "poor") return t("Voice is poor both ways.");
  if (up === "poor") return t("Others would hear you badly.");
  if (down === "poor") return t("You would hear others badly.");
  return t("Voice is fair: good enough, with flaws that are heard at times.");
}

const sentences: Readonly<Record<NetworkFinding["code"], string>> = {
  "no-test":
    "The server took no test of voice. If others are testing, try again in a moment; if that lasts, an administrator runs landline doctor.",
  "udp-blocked":
    "UDP to port {port} does not get through ({addresses}), and neither does TCP: open it in the firewall for this network, or leave a VPN that blocks it.",
  "only-private":
    "The server offers voice at private addresses only ({addresses}), and this browser is in another network: give --public-address, and pass UDP port {port} on.",
  "by-tcp":
    "UDP to port {port} does not get through, so voice goes by TCP: calls work, but each loss on the way is heard as a gap. Open UDP in the firewall for this network if you can.",
  "no-keys": "Packets get through, but keys were not agreed: something between rewrites or drops the larger packets. Look at MTU and VPN.",
  "sends-nothing": "This browser sends nothing: it has no microphone, and no sound device that a tone could come from. Plug in a headset.",
  "nothing-up": "Nothing of what this browser sends arrives: a firewall that lets UDP in only one way is the probable cause.",
  "nothing-down": "Nothing of what the server sends arrives here: a firewall that lets UDP in only one way is the probable cause.",
  "loss-up": "Loss upstream {n} %: part of what this browser sends is lost on the way to the server.",
  "loss-down": "Loss downstream {n} %: part of what the server sends is lost on the way to this browser.",
  "round-trip": "Round trip {n} ms: people will talk over each other.",
  "jitter-up": "What this browser sends arrives unevenly (jitter {n} ms).",
  "jitter-down": "What the server sends arrives unevenly here (jitter {n} ms).",
  insecure: "This page is not secure, so that no browser gives it the microphone: open it with https, or as localhost.",
  "microphone-refused": "The microphone is not allowed: allow it for this page beside the address, then test again.",
  "microphone-none": "There is no microphone: plug in a headset, and see that the system knows it.",
  "microphone-silent":
    "The microphone is allowed, but nothing was heard: speak while the test runs; look at its mute switch and the chosen device.",
  "no-socket": "The WebSocket to the server does not open: a proxy between must pass WebSockets on (Upgrade and Connection).",
  "slow-socket": "The WebSocket answers after {n} ms: calls ring late. A proxy or a VPN is the probable cause.",
  "clock-ahead": "This computer's clock is {n} s ahead of the server's: let it set its time by itself.",
  "clock-behind": "This computer's clock is {n} s behind the server's: let it set its time by itself.",
  "half-told": "The server's own figures are missing, the test has ended on another node or too late: test again.",
};

/** Where to look first, by how the browser is attached. */
const mends: Readonly<Record<string, string>> = {
  wifi: "This computer is on Wi-Fi: go nearer to the access point, or take a cable.",
  vpn: "This computer is on a VPN: try without it, or let voice go past it.",
  cellular: "This computer is on a mobile network: take Wi-Fi or a cable.",
  ethernet: "This computer is on a cable: look at the line and at what else fills it.",
  unknown: "Look at the Wi-Fi first: a cable tells whether it is that. Then at what else fills the line.",
};

/** One finding: what is wrong, and what to do. */
export function findingText({ code, values }: NetworkFinding): string {
  const what = t(sentences[code], values);
  if (code === "round-trip" && values.attachment !== "vpn")
    return `${what} ${t("Is there a VPN? Try without it, or let voice go past it.")}`;
  return "attachment" in values ? `${what} ${t(mends[values.attachment as string]!)}` : what;
}

const attachments: Readonly<Record<string, string>> = {
  wifi: "Wi-Fi",
  vpn: "VPN",
  cellular: "Mobile network",
  ethernet: "Cable",
};

const microphones: Readonly<Record<MeasuredByBrowser["microphone"], string>> = {
  heard: "Allowed, and something was heard",
  silent: "Allowed, and nothing was heard",
  allowed: "Allowed, and not listened to: no sound device runs here",
  refused: "Not allowed",
  none: "There is none",
};

/** Without a sign when it is nothing. */
function secondsText(ms: number): string {
  const text = (ms / 1_000).toFixed(1);
  return text === "-0.0" ? "0.0" : text;
}

/** RFC 8445's kinds in words: an address of the browser that is neither its own nor a relay's is one that a NAT has made. */
function kindText(kind: string): string {
  if (kind === "relay") return t("through a TURN server");
  return kind === "host" ? t("direct") : t("through NAT");
}

export type Row = { readonly what: string; readonly said: string };

/** What stands beside both directions. */
export function factsOf(test: NetworkTest): readonly Row[] {
  const { measured, voice } = test;
  const { pair, clockOffsetMs, socketMs, attachment } = measured;
  const unknown = t("not known");
  const trip = voice?.roundTripMs ?? null;
  return [
    { what: t("Round trip of voice"), said: trip === null ? unknown : `${Math.round(trip)} ms` },
    { what: t("Addresses"), said: pair === null ? t("none: offered {addresses}", { addresses: test.offered.join(", ") }) : pairText(pair) },
    { what: t("Attached by"), said: attachment === null ? t("the browser does not tell") : t(attachments[attachment]!) },
    { what: t("Microphone"), said: t(microphones[measured.microphone]) },
    { what: t("Secure page"), said: measured.isSecure ? t("Yes") : t("No") },
    { what: t("WebSocket, there and back"), said: socketMs === null ? t("does not open") : `${Math.round(socketMs)} ms` },
    { what: t("Clock against the server's"), said: clockOffsetMs === null ? unknown : `${secondsText(clockOffsetMs)} s` },
  ];
}

function pairText({ local, remote, kind, protocol }: NonNullable<MeasuredByBrowser["pair"]>): string {
  // A connection's own port is one that the browser learns of by our answers: that tells nothing of NAT.
  const kinds = protocol === "tcp" && kind !== "relay" ? [] : [kindText(kind)];
  return `${local} → ${remote} (${[...kinds, protocol.toUpperCase()].join(", ")})`;
}

export type WayRow = { readonly what: string; readonly grade: Grade; readonly mos: string; readonly lost: string; readonly jitter: string };

/** Both directions in figures. */
export function waysOf(test: NetworkTest): readonly WayRow[] {
  return (["up", "down"] as const).map((way) => {
    const figures = test.voice?.[way];
    const isKnown = test.measured.voice === "up" && figures !== undefined && figures.packets > 0;
    return {
      what: way === "up" ? t("From this browser to the server") : t("From the server to this browser"),
      grade: gradeOf(test, way),
      mos: isKnown && figures.mos !== null ? figures.mos.toFixed(1) : "–",
      lost: isKnown ? `${lossPercentOf(figures).toFixed(1)} %` : "–",
      jitter: isKnown ? `${figures.jitterMs.toFixed(1)} ms` : "–",
    };
  });
}

/** All of it on lines, as somebody pastes it into a message. */
export function reportOf(test: NetworkTest, name: string): string {
  const ways = waysOf(test).map(({ what, grade, mos, lost, jitter }) =>
    [`${what}: ${gradeWord(grade)}`, `MOS ${mos}`, `${t("Lost")} ${lost}`, `${t("Jitter")} ${jitter}`].join(", "),
  );
  return [
    `${t("Network test")}, ${name}, ${exactTime(test.at)}`,
    verdictOf(test),
    ...findingsOf(test).map((finding) => `- ${findingText(finding)}`),
    ...ways,
    ...factsOf(test).map(({ what, said }) => `${what}: ${said}`),
    `${t("Browser")}: ${test.browser}, ${hostText(test.browserAddress)}`,
    `${t("Test")}: ${test.id}`,
  ].join("\n");
}
