// What doctor reads of a machine, on texts as machines have them: each finding, its level, and what to do.
// What makes certificates needs it first.
import "reflect-metadata";
import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import type { NameServer } from "../telephony/net/resolve.ts";
import {
  addressFindings,
  algFinding,
  browserPathFindings,
  bufferFinding,
  certificateFinding,
  clockFinding,
  dropsFinding,
  ephemeralFinding,
  hopFindings,
  mtuFinding,
  rtpPortsFinding,
  turnFinding,
} from "./doctor-network.ts";
import { realEnv } from "./env.ts";
import { type Finding, lineOf } from "./finding.ts";

/** `level: what: mend`, to be matched. */
const said = ({ level, what, mend }: Finding): string => `${level}: ${what}: ${mend}`;

describe("addresses", () => {
  const cases: readonly (readonly [what: string, publicOnes: string[], local: string[], ...findings: RegExp[]])[] = [
    ["a public address", ["203.0.113.5"], ["10.0.0.5"], /^ok: voice is offered at 203\.0\.113\.5, 10\.0\.0\.5/],
    ["a machine on the Internet", [], ["198.51.100.7", "fd00::1"], /^ok: /],
    ["behind NAT, and nothing given", [], ["192.168.1.5", "fd00::1"], /^ok: /, /^warning: all addresses .* are private.*--public-address/],
    ["behind a carrier's NAT", [], ["100.64.0.9"], /^ok: /, /^warning: all addresses/],
    ["172.32 is nobody's private network", [], ["172.32.0.1"], /^ok: /],
    ["a private one given as public", ["172.16.0.1"], [], /^ok: /, /^warning: --public-address 172\.16\.0\.1 is private/],
    ["a name", ["desk.example.org"], ["10.0.0.5"], /^problem: --public-address desk\.example\.org is no address.*give the IP/],
    ["none", [], [], /^problem: no address besides loopback.*give --public-address/],
  ];
  for (const [what, publicOnes, local, ...findings] of cases)
    test(what, () => {
      const found = addressFindings(publicOnes, local).map(said);
      expect(found.length).toBe(findings.length);
      for (const [i, finding] of findings.entries()) expect(found[i]).toMatch(finding);
    });
});

test("ports for voice that others hold are named, also those of IPv6", () => {
  const header = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
  const row = (address: string, port: string): string =>
    `  ${100 + Number.parseInt(port, 16)}: ${address}:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n`;
  const udp = `${header}${row("0100007F", "4E20")}${row("00000000", "14E9")}\n${header}${row("00000000000000000000000001000000", "4E22")}`;
  expect(said(rtpPortsFinding([20_000, 29_999], udp))).toMatch(/^warning: .*other programs hold 20000, 20002: choose another range/);
  expect(said(rtpPortsFinding([30_000, 39_999], udp))).toStartWith("ok: udp ports 30000-39999 (--rtp-ports) are free");
});

test("a TURN server is said to relay, to be open to itself, to refuse, or not to answer", () => {
  const url = "turn:turn.example.org:3478";
  expect(said(turnFinding(url, "relays"))).toStartWith(`ok: TURN server ${url} relays`);
  expect(said(turnFinding(url, "open"))).toMatch(/^warning: .*its own machine, too.*denied-peer-ip/);
  expect(said(turnFinding(url, "refused"))).toMatch(/^problem: .*refuses our credentials.*static-auth-secret/);
  expect(said(turnFinding(url, "no-answer"))).toMatch(/^problem: .*does not answer/);
  expect(said(turnFinding(url, { error: 486 }))).toMatch(/^problem: .*error 486/);
});

test("browsers that came by TCP are told, with the port to open", () => {
  const metrics = (udp: number, tcp: number): string =>
    `landline_browser_streams_total{protocol="udp"} ${udp}\nlandline_browser_streams_total{protocol="tcp"} ${tcp}\n`;
  expect(browserPathFindings([19_000], [19_000], null)).toEqual([]);
  expect(browserPathFindings([19_000], [19_000], metrics(0, 0))).toEqual([]);
  expect(browserPathFindings([19_000], [19_000], metrics(12, 0)).map(said)).toEqual([
    "ok: voice of browsers since the start: 12 by UDP, 0 by TCP: ",
  ]);
  expect(browserPathFindings([19_000], [443], metrics(12, 3)).map(said)[0]).toMatch(
    /^warning: .*12 by UDP, 3 by TCP: open UDP to port 19000/,
  );
  expect(browserPathFindings([19_000], null, metrics(1, 0)).map(said)[0]).toMatch(/^warning: .*: give --media-tcp-ports/);
});

test("a range among the kernel's own is told", () => {
  expect(ephemeralFinding([20_000, 29_999], "32768\t60999\n").level).toBe("ok");
  expect(said(ephemeralFinding([20_000, 33_000], "32768\t60999\n"))).toMatch(/^warning: .*\(32768-60999\): choose a range below/);
  expect(said(ephemeralFinding([20_000, 29_999], null))).toMatch(/^warning: .*not known/);
});

test("a SIP helper of this machine is told; of routers it says that it cannot know", () => {
  const modules = "nf_nat_sip 20480 0 - Live 0x0\nnf_conntrack_sip 45056 1 nf_nat_sip, Live 0x0\nnf_conntrack 200704 2 - Live 0x0\n";
  expect(said(algFinding(modules, "0.0.0.0:5060"))).toMatch(
    /^warning: .*nf_conntrack_sip, nf_nat_sip is loaded.*modprobe -r nf_nat_sip nf_conntrack_sip/,
  );
  expect(said(algFinding("nf_conntrack 200704 2 - Live 0x0\n", "0.0.0.0:5060"))).toMatch(
    /^ok: nothing on this machine.*cannot be seen.*other than 5060/,
  );
  expect(said(algFinding(null, "0.0.0.0:5060"))).toContain("whether this machine rewrites SIP is not known");
});

test("packet sizes: too small is a problem, odd is worth a look", () => {
  const levels = ["1500\n", "1420\n", "1280\n", "1279\n", "9000\n", "", null].map((text) => mtuFinding("eth0", text).level);
  expect(levels).toEqual(["ok", "warning", "warning", "problem", "warning", "warning", "warning"]);
  expect(said(mtuFinding("eth0", "576\n"))).toMatch(/eth0 carries packets of up to 576 bytes.*set it to 1280 or more/);
});

test("the kernel's limit for a port's buffer", () => {
  expect(bufferFinding("4194304\n").level).toBe("ok");
  expect(said(bufferFinding("212992\n"))).toMatch(/^warning: .*up to 208 KiB.*net\.core\.rmem_max=4194304/);
  expect(said(bufferFinding(null))).toMatch(/^warning: .*not known/);
});

test("packets lost in full buffers, by their names whatever the kernel's version counts beside them", () => {
  const snmp = (received: number, dropped: number): string =>
    `Tcp: RtoAlgorithm\nTcp: 1\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: ${received} 5 ${dropped} 9 ${dropped} 0\nUdpLite: InDatagrams\nUdpLite: 0\n`;
  expect(dropsFinding(snmp(1_000_000, 0)).level).toBe("ok");
  expect(dropsFinding(snmp(1_000_000, 10)).level).toBe("warning");
  expect(said(dropsFinding(snmp(990_000, 10_000)))).toMatch(/^problem: 10000 of 1000000 UDP packets were lost.*rmem_max/);
  expect(said(dropsFinding("Tcp: a\nTcp: 1\n"))).toMatch(/^warning: .*not known/);
});

describe("the clock", () => {
  const machine = (files: Readonly<Record<string, string>>): Finding =>
    clockFinding(
      (path) => Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`)),
      (path) => files[path] ?? null,
    );
  const cases: readonly (readonly [what: string, files: Record<string, string>, finding: RegExp])[] = [
    ["timesyncd has set it", { "/run/systemd/timesync/synchronized": "" }, /^ok: .*systemd-timesyncd/],
    ["timesyncd has not yet", { "/run/systemd/timesync/clock": "" }, /^warning: .*has not set/],
    ["chrony runs", { "/run/chrony/chronyd.pid": "77\n", "/proc/77/stat": "77 (chronyd) S" }, /^ok: .*chrony/],
    ["chrony has died", { "/run/chrony/chronyd.pid": "77\n" }, /^warning: .*not known/],
    ["an empty file says nothing", { "/run/ntpd.pid": "", "/proc/stat": "cpu" }, /^warning: .*not known/],
    ["nothing is there", {}, /^warning: .*not known.*run chrony/],
  ];
  for (const [what, files, finding] of cases) test(what, () => expect(said(machine(files))).toMatch(finding));
});

describe("the certificate", async () => {
  const now = Date.UTC(2026, 0, 1);
  const day = 86_400_000;
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const made = async (from: number, to: number): Promise<string> => {
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...{ name: "CN=desk.example.org", signingAlgorithm: algorithm, keys, serialNumber: "01" },
      notBefore: new Date(now + from * day),
      notAfter: new Date(now + to * day),
      extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "desk.example.org" }])],
    });
    return certificate.toString("pem");
  };
  const cases: readonly (readonly [what: string, from: number, to: number, path: string | null, host: string | null, finding: RegExp])[] = [
    ["valid", -10, 90, "/etc/desk.pem", "desk.example.org", /^ok: \/etc\/desk\.pem is valid for 90 days more/],
    ["soon over", -80, 10, "/etc/desk.pem", null, /^warning: .*10 days more: get a newer one/],
    ["soon over, and we renew it", -80, 10, null, null, /^ok: the certificate made here is valid for 10 days/],
    ["over", -90, -1, "/etc/desk.pem", null, /^problem: browsers and phones refuse.*It was valid until/],
    ["not valid yet", 1, 90, "/etc/desk.pem", null, /^problem: .*valid only from/],
    ["for another name", -10, 90, "/etc/desk.pem", "calls.example.org", /^problem: .*is not for calls\.example\.org, but for DNS:desk/],
    ["for a name, asked by address", -10, 90, "/etc/desk.pem", "192.0.2.1", /^problem: .*is not for 192\.0\.2\.1/],
  ];
  for (const [what, from, to, path, host, finding] of cases)
    test(what, async () => expect(said(certificateFinding(await made(from, to), path, host, now))).toMatch(finding));
  test("a key in its place", () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    expect(said(certificateFinding(String(pem), "/etc/desk.pem", null, now))).toMatch(/^problem: .*no certificate in PEM form/);
  });
});

describe("next hops", () => {
  const { clock } = realEnv("error");
  const names = (addresses: NameServer["addresses"]): NameServer => ({ addresses, services: async () => [], draw: () => 0 });
  const trunk = { name: "Carrier", transport: "UDP", proxies: ["sip.example.net", "192.0.2.9", "[2001:db8::9]:5070"] } as const;

  test("only names are asked for, and lead somewhere or not", async () => {
    const asked: string[] = [];
    const found = await hopFindings(
      [trunk],
      names(async (name) => {
        asked.push(name);
        return ["192.0.2.1", "2001:db8::1"];
      }),
      clock,
    );
    expect(asked).toEqual(["sip.example.net"]);
    expect(found.map(said)).toEqual(["ok: next hop sip.example.net of trunk Carrier leads to 192.0.2.1:5060, [2001:db8::1]:5060: "]);
    const [none] = await hopFindings(
      [trunk],
      names(() => Promise.reject(new Error("ENOTFOUND"))),
      clock,
    );
    expect(said(none!)).toMatch(/^problem: next hop sip\.example\.net of trunk Carrier leads nowhere.*: mend the name/);
  });

  test("a name server that is silent is not waited for", async () => {
    const due: (() => void)[] = [];
    const after = (_ms: number, run: () => void) => {
      due.push(run);
      return { cancel: () => undefined };
    };
    const still = { ...clock, after };
    const finding = hopFindings(
      [trunk],
      names(() => new Promise(() => undefined)),
      still,
    );
    for (const run of due) run();
    expect(said((await finding)[0]!)).toMatch(/^problem: .*no name server answers.*resolv\.conf/);
  });
});

test("as lines, each begins with what it is", () => {
  const lines = (["ok", "warning", "problem"] as const).map((level) => lineOf({ level, what: "it", mend: level === "ok" ? "" : "do" }));
  expect(lines).toEqual(["ok    it", "look  it: do", "mend  it: do"]);
});
