// A real carrier: Kamailio, which registers an account, asks for its password, and stands between us and a phone; and the name server that knows it.
// Or another PBX, which has extensions of its own and sends what it does not know to us. Or a border (SBC), through which alone phones and a carrier reach us.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./steps.ts";

export const carrierDomain = "carrier.example";
export const carrierHost = `sip.${carrierDomain}`;

export type Carrier = {
  readonly address: string;
  readonly username: string;
  readonly password: string;
  /** Where calls go that the account makes, `host:port`, and the numbers by which the account is called. */
  readonly phone: string;
  /** Where calls of that phone go instead, `host:port` by TLS: the carrier connects by itself. */
  readonly leadsTo?: string;
  /** What it answers to calls to these numbers, as in "404 Not found" or "302 sip:NUMBER@HOST", which is where it sends them; empty: nothing at all. */
  readonly refuses?: Readonly<Record<string, string>>;
  /** Whose certificates it asks for when somebody connects, a file; without it, it asks for none. */
  readonly asksFor?: string;
};

/** The other end of a tie line: who sends from its extensions' places is one of them, and everybody else is us. */
export type OtherPbx = {
  readonly address: string;
  /** Where each extension is, `host:port`, and who it is. */
  readonly extensions: Readonly<Record<string, { readonly at: string; readonly name: string }>>;
  /** Our address and port: where its own people's calls go that are no extension of its. */
  readonly leadsTo: string;
  /** Extensions that it sends back to us: its default route is a bad one. */
  readonly sendsBack: readonly string[];
};

/** What stands before us: one address of its for phones, one for the carrier; in every dialog it stays between (Record-Route, RFC 3261 §16.6). */
export type Border = {
  /** For the carrier, and for calls to it. */
  readonly address: string;
  readonly phoneSide: string;
  /** Where the carrier is, `host:port` over UDP. */
  readonly carrier: string;
  /** Our address and port, by UDP, or by TLS both ways. */
  readonly leadsTo: string;
  readonly byTls: boolean;
};

/** An edge before us: phones reach us through it, and we them. */
export type EdgeProxy = { readonly address: string /** `host:port` */; readonly guards: string };

type Role = Carrier | OtherPbx | Border | EdgeProxy;

export class Kamailio {
  private child: ChildProcess | null = null;
  readonly ca: string;

  constructor(
    private readonly folder: string,
    private role: Role,
  ) {
    mkdirSync(folder, { recursive: true });
    this.ca = join(folder, "certificate.pem");
    certify(carrierHost, join(folder, "key.pem"), this.ca);
    this.shows(null);
    this.becomes(role);
  }

  /** Set up anew, from its next start on. */
  becomes(role: Role): void {
    this.role = role;
    writeFileSync(join(this.folder, "kamailio.cfg"), configuration(this.folder, role));
  }

  /** What it shows when it connects, from its next start on. */
  shows(pair: { readonly key: string; readonly certificate: string } | null): void {
    const { folder, ca, role } = this;
    const asksFor = "asksFor" in role ? role.asksFor : undefined;
    const asking = asksFor === undefined ? "" : `verify_certificate = yes\nrequire_certificate = yes\nca_list = ${asksFor}\n`;
    const own = pair === null ? "" : `private_key = ${pair.key}\ncertificate = ${pair.certificate}\n`;
    writeFileSync(
      join(folder, "tls.cfg"),
      `[server:default]\nmethod = TLSv1.2+\nprivate_key = ${folder}/key.pem\ncertificate = ${ca}\n${asking}` +
        `[client:default]\nmethod = TLSv1.2+\nverify_certificate = no\n${own}`,
    );
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    const before = this.log.length;
    this.child = spawn(
      "kamailio",
      ["-f", join(this.folder, "kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8", "-w", this.folder, "-Y", this.folder],
      {
        stdio: ["ignore", log, log],
      },
    );
    await eventually("the carrier is there", () => /carrier ready/.test(this.log.slice(before)), 15_000);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await gone;
  }

  get log(): string {
    try {
      return readFileSync(join(this.folder, "log"), "utf8");
    } catch {
      return "";
    }
  }
}

/** A certificate for a name, signed by itself: whoever is given it believes it. */
export function certify(name: string, key: string, certificate: string): void {
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
    ...["-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", certificate],
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
}

/** The zone: the service by UDP, TCP and TLS, and the host; other hosts beside it. Ends with the process that started it. */
export function nameServer(address: string, others: Readonly<Record<string, string>> = {}): ChildProcess {
  const service = (name: string, port: number): string => `--srv-host=${name}.${carrierDomain},${carrierHost},${port}`;
  return spawn(
    "dnsmasq",
    [
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", `--listen-address=${address}`],
      ...[service("_sip._udp", 5060), service("_sip._tcp", 5060), service("_sips._tcp", 5061), `--address=/${carrierHost}/${address}`],
      ...Object.entries(others).map(([name, where]) => `--address=/${name}/${where}`),
      ...["--user=root", "--pid-file="],
    ],
    { stdio: "ignore" },
  );
}

function configuration(folder: string, role: Role): string {
  const { address } = role;
  const addresses = "phoneSide" in role ? [address, role.phoneSide] : [address];
  const modules = ["tm", "sl", "rr", "pv", "maxfwd", "usrloc", "registrar", "textops", "siputils", "auth", "xlog", "tls", "path"];
  return `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
enable_tls=yes
${addresses.map((one) => `listen=udp:${one}:5060\nlisten=tcp:${one}:5060\nlisten=tls:${one}:5061`).join("\n")}
tcp_source_ipv4=${address}
alias="${carrierDomain}"
${modules.map((name) => `loadmodule "${name}.so"`).join("\n")}
modparam("tls", "config", "${folder}/tls.cfg")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 60)
modparam("rr", "enable_double_rr", 1)

event_route[core:worker-one-init] {
  xlog("L_NOTICE", "carrier ready\\n");
}

request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { xlog("L_NOTICE", "$rm within from $si by $pr\n"); t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here"); exit;
  }
${"extensions" in role ? pbxRoute(role) : "phoneSide" in role ? borderRoute(role) : "guards" in role ? edgeRoute(role) : carrierRoute(role)}
}
`;
}

/** Its people are known by where they are, and say who they are by P-Asserted-Identity. */
function pbxRoute({ address, extensions, leadsTo, sendsBack }: OtherPbx): string {
  const known = Object.entries(extensions);
  // Where several are at one place, who calls from there is the first of them.
  const places = new Map(known.toReversed().map(([extension, { at, name }]) => [at, { extension, name }]));
  const asserted = [...places].map(([at, { extension, name }]) => {
    const [host, port] = at.split(":");
    return `  if ($si == "${host}" && $sp == ${port}) {
    append_hf("P-Asserted-Identity: \\"${name}\\" <sip:${extension}@${address}>\\r\\n");
  }`;
  });
  return `  if (!is_method("INVITE")) { sl_send_reply("405", "No"); exit; }
  record_route();
  xlog("L_NOTICE", "$rU wanted by $fU called $fn from $si\\n");
${known.map(([extension, { at }]) => `  if ($rU == "${extension}") { $ru = "sip:${extension}@${at}"; t_relay(); exit; }`).join("\n")}
  if ($si == "${leadsTo.split(":")[0]}"${sendsBack.map((extension) => ` && $rU != "${extension}"`).join("")}) {
    sl_send_reply("404", "No such extension"); exit;
  }
${asserted.join("\n")}
  $ru = "sip:" + $rU + "@${leadsTo}";
  t_relay();`;
}

/** Whatever comes from us goes on to whom it names, or by the carrier's side to the carrier; everything else comes to us. */
function borderRoute({ address, phoneSide, carrier, leadsTo, byTls }: Border): string {
  const [ours] = leadsTo.split(":");
  const side = (one: string): string => (byTls ? `tls:${one}:5061` : `udp:${one}:5060`);
  return `  if (!is_method("REGISTER")) { record_route(); }
  # A connection of ours to one of its addresses on this machine comes from that very address.
  if ($si == "${ours}" || $si == "${address}") {
    if ($Ri == "${address}") { $ru = "sip:" + $rU + "@${carrier}"; $fs = "udp:${address}:5060"; }
    else { $fs = "udp:${phoneSide}:5060"; }
    t_relay();
    exit;
  }
  if ($si == "${carrier.split(":")[0]}") { $fs = "${side(address)}"; } else { $fs = "${side(phoneSide)}"; }
  $du = "sip:${leadsTo}${byTls ? ";transport=tls" : ""}";
  t_relay();`;
}

/** Who registers by it is named in Path; who is called goes where our Route says, and nowhere else. */
function edgeRoute({ guards }: EdgeProxy): string {
  const [host] = guards.split(":");
  return `  if ($si == "${host}") {
    if (!is_present_hf("Route")) { sl_send_reply("404", "By no path"); exit; }
    # Takes its own Route off; with none behind it, it says no all the same.
    loose_route();
    record_route();
    xlog("L_NOTICE", "by its path to $ru\\n");
    t_relay(); exit;
  }
  if (is_method("REGISTER")) { add_path(); } else { record_route(); }
  $du = "sip:${guards}";
  t_relay();`;
}

function carrierRoute({ username, password, phone, leadsTo, refuses = {} }: Carrier): string {
  const [phoneHost, phonePort] = phone.split(":");
  const secret = JSON.stringify(password);
  return `  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${carrierDomain}", ${secret}, "0") || $au != "${username}") { www_challenge("${carrierDomain}", "0"); exit; }
    save("location");
    exit;
  }
  if (!is_method("INVITE")) { sl_send_reply("405", "No"); exit; }
${Object.entries(refuses)
  .map(([number, answer]) => `  if ($rU == "${number}") { ${answerOf(answer)}exit; }`)
  .join("\n")}
  record_route();
  if ($si == "${phoneHost}" && $sp == ${phonePort}) {
    ${
      leadsTo === undefined
        ? `$ru = "sip:${username}@${carrierDomain}";
    if (!lookup("location")) { sl_send_reply("480", "Nobody there"); exit; }`
        : `$ru = "sip:" + $rU + "@${leadsTo};transport=tls";`
    }
    xlog("L_NOTICE", "to the account at $ru\\n");
    t_relay();
    exit;
  }
  if (!pv_proxy_authenticate("${carrierDomain}", ${secret}, "0") || $au != "${username}") { proxy_challenge("${carrierDomain}", "1"); exit; }
  xlog("L_NOTICE", "from $fu by $pr to $ru, diverted by $hdr(Diversion)\\n");
  consume_credentials();
  $ru = "sip:" + $rU + "@${phone}";
  t_relay();`;
}

function answerOf(answer: string): string {
  if (answer === "") return "";
  const [status, words] = [answer.slice(0, 3), answer.slice(4)];
  return status === "302"
    ? `append_to_reply("Contact: <${words}>\\r\\n"); sl_send_reply("302", "Moved"); `
    : `sl_send_reply("${status}", "${words}"); `;
}
