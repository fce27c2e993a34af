// The manual's pages about what can be configured.
import type { ManualPage } from "./manual.tsx";

export const adminManual: readonly ManualPage[] = [
  {
    id: "admin",
    title: "Administration",
    body: () => (
      <>
        <p>
          Everything that can be configured is on the Admin page. Each kind has a list with search, filters and CSV, and each object has its{" "}
          <b>Settings</b>, what it is <b>Used by</b>, and its <b>History</b>.
        </p>
        <p>
          <b>Preview changes</b> shows what would differ before it is saved. A saved change applies to the next decision: running calls keep
          what they began with. If somebody else saved first, nothing is overwritten: load again and repeat your change.
        </p>
        <p>
          <b>History</b> says who changed what and when, from the log; any version can be restored, which is a change like any other. What
          is in use cannot be deleted: the message names what uses it.
        </p>
        <p>
          The same by program: <code>landline config apply FILE</code> makes the centre look like a document, and the Platform API has an
          operation for each step.
        </p>
      </>
    ),
  },
  {
    id: "organization",
    title: "Organisation and retention",
    body: () => (
      <>
        <p>
          Name, language, country and <b>time zone</b>: times and days on every page follow the zone, and so do the figures of a day.
        </p>
        <p>
          <b>How long recordings are kept</b>: with a number of days, a recording is erased when its call began longer ago. Its key goes
          first, then the file, on every node that has some, within ten minutes. Each erasure is an event (<code>recording.erased</code>)
          with the rule that asked for it, and <code>landline verify</code> stays green and names it. A shorter time says how many
          recordings it would erase before it is saved. Empty keeps recordings until somebody erases them. Backups made before hold what
          they held: keep them no longer than the rule says.
        </p>
        <p>
          <b>When somebody listens</b>: whether people see who listens to their call unheard. What that means is on{" "}
          <a href="/help/listen#seen">Listening to calls</a>.
        </p>
      </>
    ),
  },
  {
    id: "people",
    title: "People",
    body: () => (
      <>
        <p>
          A new person gets a first password that is shown once. Roles say what they may do: <i>agent</i> takes calls, <i>supervisor</i>{" "}
          watches and listens, <i>admin</i> configures, <i>auditor</i> reads the log and its proofs.
        </p>
        <p>
          People are never deleted, because what they did is in the log: make them <b>Inactive</b>. That signs them out at once. The last
          active administrator cannot be made inactive.
        </p>
        <p>
          <b>Skills</b> have a proficiency from 0 to 5 in half points. <b>Station</b> says where the person is rung: in their browser, or at
          a phone on the desk. <b>Queues</b> puts them into all of theirs at once.
        </p>
        <p>
          <b>Signing in</b> sets a new password, and takes away the second factor of who has lost phone and recovery codes. Both sign them
          out everywhere, and are events with your name.
        </p>
      </>
    ),
  },
  {
    id: "skills",
    title: "Skills and languages",
    body: () => (
      <p>
        A conversation may ask for several skills, but for one language. How they decide is the queue's <b>Evaluation</b>. When a skill is
        renamed, the flows that ask for it are published again with the new name.
      </p>
    ),
  },
  {
    id: "wrap-up-codes",
    title: "Wrap-up codes",
    body: () => (
      <p>
        A code says what a conversation was about. Each queue offers the codes that are ticked in its settings. When an agent chooses none
        in time, the system sets ININ-WRAP-UP-TIMEOUT.
      </p>
    ),
  },
  {
    id: "presences",
    title: "Presences",
    body: () => (
      <p>
        Your own words for being away, each counting as one of the system's presences. <i>On Queue</i> and <i>Offline</i> are the system's
        alone: routing depends on them.
      </p>
    ),
  },
  {
    id: "prompts",
    title: "Prompts",
    body: () => (
      <>
        <p>
          A prompt has a name, by which flows play it, and a sound: upload a file or record it in the browser. It is brought to 8 kHz,
          levelled like the prompts that come with Landline, and faded against clicks. Callers hear a new sound from the next time it is
          played.
        </p>
        <p>
          A prompt that is renamed is renamed in the flows that play it; one that flows play cannot be deleted. Names that begin with{" "}
          <code>system.</code>, <code>number.</code> or <code>music.</code> are Landline's own.
        </p>
        <p>
          <code>tone.ringback</code>, <code>tone.busy</code> and <code>tone.congestion</code> are there without a recording: what telephones
          sound like in the first site's country. As hold music, <code>tone.ringback</code> lets a queue ring.
        </p>
      </>
    ),
  },
  {
    id: "stations",
    title: "Stations and phones",
    body: () => (
      <>
        <p>
          Everybody has a browser station. A SIP phone gets a user name and a secret, which are shown once; enter them in the phone with
          this server's address as registrar. Only a hash of the secret is kept, sealed with the key file.
        </p>
        <p>
          Give the phone to a person and set it as their <b>Station</b>: then they are rung there. Phones register by UDP or TCP with digest
          authentication (SHA-256 or MD5), or by TLS where <code>--sip-tls</code> opens a port for it. Where a phone registered by UDP is
          kept across a restart: it is rung at once, without waiting for its next registration. Phones on a connection register again when
          they have made a new one. A proxy of yours may stand between: where it adds itself by Path, calls go by it. A phone may register
          several times, by several ways (RFC 5626); where one is gone, it is called by the next. A device that gives up when it is offered
          SHA-256 needs <code>--sip-digest MD5</code>.
        </p>
        <p>
          <b>Forwarding at the phone</b> (302) is followed as its station says: not at all, to people and extensions here, which is the
          default, or to numbers outside, too. Outside it is a call of the phone's person: with their rights to dial, in their limits, in
          the log. The phone names the number, at this server's address; another server is never called for it. Calls that a queue offers
          are not forwarded, nor anything in a circle or more than five times. Calls for help are never begun by it.
        </p>
        <p>
          A door phone, an analogue adapter or a gateway that cannot register gets a <b>Fixed address</b>: calls go there, by UDP. Calls{" "}
          <i>from</i> it prove themselves with its user name and secret like any other phone's.
        </p>
        <p>
          <b>Voice encryption</b> of a phone works as at a <a href="/help/trunks">trunk</a>: set the same in the phone (SRTP, SDES), and let
          it register by TLS. A phone that must encrypt and does not is refused with a reason that it shows or logs.
        </p>
        <p>
          <b>Codecs</b> of phones and browsers are Opus, which carries the whole width of a voice and bears losses, G.722, which carries
          twice that of a telephone's, PCMA and PCMU. Put Opus or G.722 first in the phone: between two who have the same, voice passes on
          as it is. Where the other side has it not, it is transcoded. What is recorded, played or mixed is of a telephone's width.
        </p>
        <p>
          <b>Digits</b> come as telephone events (RFC 4733), or by SIP INFO from a phone that is set so. A phone or carrier that offers no
          telephone events is listened to for tones in the voice itself, and gets digits as tones, or by INFO if it uses that itself. Each
          digit counts once, and whoever takes it in another way is told in that.
        </p>
        <p>
          <b>Lamps</b> (busy-lamp keys) show whether a colleague is rung, calls or talks: give the key their extension or the user name of
          their phone. Who may look into the directory sees others' lines, and who may look into conversations is also told with whom they
          talk; everybody sees their own. A lamp shows calls of the node that it is registered at, follows within a second, and a phone has
          at most 150 of them. A supervisor's or an administrator's key also <b>picks up</b> a call that rings for a person (right{" "}
          <code>conversation:call:pickup</code>; INVITE with Replaces): nobody else's, no call that has been answered, and none that a queue
          offers. The <b>message lamp</b> is answered truthfully: no messages wait, as there is no voicemail yet.
        </p>
      </>
    ),
  },
  {
    id: "trunks",
    title: "Trunks",
    body: () => (
      <>
        <p>
          A trunk is a carrier or PBX that may call in, and by which calls leave. It is known by its source addresses, exactly as written,
          and by where its next hops are; a stranger gets no answer that tells anything. One address belongs to one trunk.
        </p>
        <p>
          <b>A template</b> fills the form of a new trunk with what is publicly known of a carrier: transport, encryption, formats of
          numbers, where the caller's number stands, codecs, and the rest. Each field says whether it is still as in the template, or what
          the template has; every one may be changed, and your carrier's own letter wins. Choosing one connects to nobody. The Platform API
          has them as <code>trunkbasesettings/availablemetabases</code> and <code>/template</code>.
        </p>
        <p>
          <b>Next hops</b> are tried in their order. A name without a port is looked up as a service first (SRV), then by its addresses.
          With the <b>heartbeat</b>, each is asked every half minute whether it lives; calls pass over one that does not answer, and it is
          asked every five seconds until it does. A call for help tries it all the same.
        </p>
        <p>
          <b>Account.</b> Where the carrier has given you a user name and a password, calls are proven with it when the carrier asks, and
          with <b>Registration</b> on we tell it where we are. The password is set on the page <b>Connection</b>, kept sealed, and never
          shown. That page also says whether we are registered and what each next hop answers, and what to do when something fails;{" "}
          <b>Test now</b> asks at once. On a cluster every node registers by itself.
        </p>
        <h2 id="test-call">Test call</h2>
        <p>
          The page <b>Test call</b> of a trunk calls a number of your choice by this trunk alone, whatever the routes say, plays a tone, and
          hangs up after a few seconds, as soon as it is known whether voice gets through both ways, after ten at most. It says step by step
          what happens while it happens: whether the name is found and a connection opens, what the carrier answers and in which words,
          whether it is heard and whether it hears us; and what to mend. Every next hop is tried in its turn. Below is what was said by SIP.
        </p>
        <p>
          It is a real call: it costs, takes one of the trunk's lines, needs the right of whoever makes it to dial the number, and counts in
          their limits. Emergency numbers are refused. A call for help that needs the line ends it. Who called where, and what came of it,
          is in the log.
        </p>
        <p>
          <b>TLS</b>: the carrier's certificate must be that name's and come from one of the trunk's <b>Issuers</b>; where it has none, from
          an issuer that this machine trusts or one in the file of <code>--trunk-ca</code>. <code>--sip-tls</code> opens a port of ours for
          phones and carriers, with the certificate of <code>--https</code>.
        </p>
        <p>
          <b>Mutual TLS.</b> With <b>Must be shown to us</b>, whoever sends from the trunk's addresses is taken for it only by TLS, with a
          certificate that one of its issuers has signed and that has one of its names; the issuer that signed it must stand there itself,
          an intermediate one, too. Everything else is refused with 403, in a call that began by TLS, too, and the page <b>Connection</b>{" "}
          says from where and why. Who is to be known by one certificate alone gets its SHA-256 fingerprint among the names. What we show a
          carrier that asks is set on that page, with its key, which is kept sealed.
        </p>
        <p>
          <b>Voice encryption</b> is SRTP with keys in the signalling (SDES). <b>Encrypted, or no call</b> refuses what comes in plain, and
          a call out fails where the carrier does not encrypt. <b>Encrypted where the other side can</b> takes what comes, and calls out
          once more in plain where encryption is refused; the conversation's page says so. Once a call is encrypted it stays so. A call for
          help goes on in plain where there is no other way. Whoever reads the signalling has the keys: use TLS.
        </p>
        <p>
          What a carrier says of a call is kept beside it: whether <b>the caller's number was verified</b> (STIR, as <code>verstat</code> in
          P-Asserted-Identity or From), and by whom the call was <b>diverted</b> (Diversion, History-Info), the last one and the first. The
          agent reads it in words, the Platform API has it as the customer's attributes <code>sip.verstat</code> (<code>passed</code>,{" "}
          <code>failed</code>, <code>none</code>), <code>sip.divertedBy</code> and <code>sip.firstCalled</code>, and a flow as the variables{" "}
          <code>verstat</code>, <code>divertedBy</code> and <code>firstCalled</code>, empty where the carrier says nothing. This server
          checks no signature and signs no call itself, and passes no <code>Identity</code> on: calls leave with numbers of yours only.
        </p>
        <p>
          <b>Codecs</b> of a trunk are what its calls may have, best first, and in the carrier's order when it calls: PCMA and PCMU, and
          G.722 or Opus where the carrier has wideband voice to offer. <a href="/help/stations">Phones</a> and browsers have it always.
        </p>
        <p>
          <b>A call that is sent elsewhere.</b> When the carrier answers a call with a 3xx, the next trunk of the route is tried. Where the
          trunk follows, the number that the 3xx names is called instead, if it stands in the carrier's own domain, at one of its next hops
          or addresses: by this trunk alone, as if whoever dialled had dialled it, with their rights and limits, so often and no more, and
          never twice the same. The conversation's page says where it was sent, or why it was not followed.
        </p>
        <p>
          <b>Forwarded calls.</b> A call that a <a href="/help/stations">phone</a> forwards outside shows a number of yours, as carriers
          refuse others. Where yours takes Diversion or History-Info, name it: then the caller's own number is shown, and withheld where
          they withhold it, and the header says who has forwarded the call; marked as private where this trunk shows no number.
        </p>
        <h2 id="tie-line">Beside another PBX</h2>
        <p>
          A trunk with <b>Extensions there</b> is a tie line: whoever dials one of them here is put through to the other PBX, with the
          digits as they were dialled, shown by extension and name. No site, outbound route, number plan, prefix or right is needed, and no
          limit on calls outside counts it. Calls are passed on to such an extension, too, at once or after a word. It is for people here,
          and for callers of another tie line from one of its own extensions; a carrier's callers never reach it.
        </p>
        <p>
          From there, people's extensions, IVRs and conference rooms are dialled here. A caller whose number is one of exactly the line's
          own ranges is known by it and counts as one of the house; any other extension that is claimed is not believed. So name only ranges
          of a PBX that you run, and let it send from an address that nobody else can use. What came by a tie line never goes back by it:
          such a loop is refused with 404, and the conversation's log says why. Emergency numbers are refused from there, as nobody knows
          where that caller is: the other PBX must call help by itself. An IVR or a conference room here comes before every range.
        </p>
        <p>
          <b>Asked first</b> says who is called for an extension that somebody has here, too. The other one follows where the first does not
          know it or cannot reach it: here, when no device of the person's is there; there, when the other PBX answers 404, 480 or not at
          all. Busy is busy, and who does not pick up has been found.
        </p>
        <p>
          <b>Moving one by one.</b> The old PBX at 192.0.2.20 has the extensions 300 to 399, and this server is to take them over:
        </p>
        <ol>
          <li>
            Make a trunk <i>Old PBX</i>: next hop <code>192.0.2.20</code>, extensions <code>300-399</code>, asked first <i>This server</i>.
            At the old PBX, make a trunk to this server's address that needs no password, and send 200 to 299 there. Now new people here
            (201, 202 …) and everybody there dial each other.
          </li>
          <li>
            Move Sam, 301: give him the extension 301 here and a phone. People here reach him at once. Then take 301 from the old PBX and
            let it send 301 to this server, so that those who are still there reach him, too.
          </li>
          <li>
            To go more carefully, set <i>The other PBX</i> first: 301 rings on the old phone as long as the old PBX knows it, and here from
            the moment when it is deleted there.
          </li>
          <li>When nobody is left, empty the ranges or delete the trunk. Nobody's extension has changed.</li>
        </ol>
      </>
    ),
  },
  {
    id: "spend",
    title: "Costs of calls outside",
    body: () => (
      <>
        <p>
          A stolen phone or password is used to call expensive numbers, at night and at weekends. Besides the rights to dial and the limits
          of every person (<a href="/help/outside">Calls outside</a>), alarms watch what calls cost, where they go, and when.
        </p>
        <p>
          <b>Rate tables</b> say what a minute costs, by the beginning of a number: <code>44 0.012</code> is every British number,{" "}
          <code>447 0.05</code> those that begin with 7, <code>* 0.5</code> all others. The longest beginning counts, seconds are charged as
          begun, and what no table knows costs nothing here. It is an estimate for alarms, and no bill. The currency is the{" "}
          <a href="/help/organization">organisation's</a>.
        </p>
        <p>
          <b>An alarm</b> counts all calls outside together, each person's by themselves, or those of one classification, in a day or a
          month. <b>Money spent</b> counts what answered calls have cost, those that are up now with what they have cost so far.{" "}
          <b>First call to a country</b> acts on a call to where no answered call ever went. <b>Calls at night</b> are those outside of the
          opening hours. What is <b>still allowed</b> goes through; the next call is the one that it acts on. Calls that are up go on.
        </p>
        <p>
          <b>Tell</b> writes it into the log and on the page <b>Costs and stopped calls</b>, of one person or class once an hour.{" "}
          <b>Stop</b> refuses that call and each one like it: everybody's, that person's or those of that class, however they are made, by
          hand, by passing a call on, by a phone's forwarding, or as a test. The conversation says by which alarm, and every page says it
          when everybody's calls are stopped. An administrator releases them on that page; from then on it counts anew, and a country that
          was released is known.
        </p>
        <p>
          Calls for help are never counted and never stopped. Extensions, tie lines and calls that come in cost nothing. Who released what
          is in the log. What is kept of a call for its cost is whose it was, the country and the class, when, how long and the amount: no
          number.
        </p>
      </>
    ),
  },
  {
    id: "capture",
    title: "Packet capture",
    body: () => (
      <>
        <p>
          Where the ladder is not enough, an administrator (right <code>telephony:pcap:add</code>) captures packets: SIP and voice of this
          node, of everything or of one trunk, one station or one conversation, as a <code>pcap</code> file that Wireshark, tshark and
          tcpdump read. It is off unless somebody begins it with a reason, ends by itself after four hours at the latest, and is off after a
          restart. While it is on, everybody with <code>telephony:pcap:view</code> sees so at the top of every page; beginning, end and
          every download are in the log.
        </p>
        <p>
          <b>What is in it</b>: each SIP message, of whatever transport, as a UDP datagram between the true addresses, without credentials
          and keys, and without bodies but descriptions; each RTP packet with its header and length, with what is said as zeros; RTCP.{" "}
          <b>With voice</b>, for whoever may also hear recordings, what is said is in it, decrypted. Digits never are, in neither form, so
          of a leg without telephone events, where they are tones, nothing that is said; and of a call in a{" "}
          <a href="/help/conversation#pause">secure pause</a> no packet of any leg is taken.
        </p>
        <p>
          It lies in memory alone: the last minutes that you asked for, 64 MiB at most, an hour after its end it is gone. A worker hands
          over 20 MiB a second at most; the page says how many packets were too many.
        </p>
      </>
    ),
  },
  {
    id: "outside",
    title: "Calls outside",
    body: () => (
      <>
        <p>
          Three things let calls leave: a <b>trunk</b> with a next hop, a <b>site</b> that says where one dials, and an{" "}
          <b>outbound route</b> that says by which trunks which numbers leave it. Without them nobody can call outside. The first site
          counts for every station that names none.
        </p>
        <p>
          <b>What a number is.</b> First come calls for help, then the organisation's own numbers and extensions, then the site's number
          plans by their priority, then what the number is in the site's country: National, Mobile, Free of charge, International or Premium
          rate.
        </p>
        <p>
          <b>Who may dial what</b> stands at each person. International and premium-rate numbers are nobody's by default. Passing a call on
          to a number outside needs the same right. One person has at most three calls outside at once and begins at most fifteen in a
          minute; what goes beyond is refused, and an alarm is in the log. Other alarms watch <a href="/help/spend">what calls cost</a>.
          What comes in by a trunk never goes out again by itself.
        </p>
        <p>
          <b>Trunks</b> of a route are tried in their order, or by chance. A trunk that gives no sign of life within two and a half seconds,
          is unreachable or answers with a server's error is passed over for the next; busy is busy.
        </p>
        <h2 id="country">Country profiles</h2>
        <p>
          <b>Country profile</b>, beside a site's settings, holds what is set against what is usual in a country: the United Kingdom, the
          United States, Canada, Germany, France, Australia and every other member of the European Union. Each difference has a box of its
          own; nothing changes that is not ticked, and each change is in the history of its site or number plan. Beside them stand the
          numbers for help, the tones and the number to try calls for help with, which follow the country by themselves.
        </p>
        <p>
          The plans come from the regulators' public numbering plans: Ofcom, FCC, CRTC, Bundesnetzagentur, ARCEP, ACMA, and the European
          Commission's decisions on 116 numbers. They name short numbers that ordinary numbers do not explain: free ones, and directory
          enquiries and French short numbers, which are Premium and denied to everybody who is not given the right. For the other members of
          the Union only the 116 numbers are known to us; operators' own short codes, Australian short numbers and what a carrier charges
          for a number are not in them. Ordinary numbers need no plan.
        </p>
        <h2 id="emergency">Calls for help</h2>
        <p>
          The emergency numbers of the site's country come before everything: no prefix is needed and none does harm, no right, limit, route
          or full trunk stands in their way, and they cannot be taken out of the plan or given to a person. They leave by the site's trunks
          for help, then by every other one, and show a number that can be called back. Whoever the site names sees and hears at once, on
          every page they have open, who calls and where: the site's address with the station's floor and room. Where no trunk leads
          outside, the phone says plainly that help cannot be called from it.
        </p>
        <p>
          <b>Where help is sent.</b> The most exact of these counts: what a person says of today, for calls from their browser; where a
          station stands that is not at its site; the site whose <b>Networks</b> the browser has signed in from; the station's own site with
          its floor and room. Where sites name networks, whoever signs in from another one is asked where they are, and may skip it; what
          they say counts for a day and is kept no longer; its words reach the log only with a call for help, whose place they are. Postal
          codes and regions are checked for the countries whose rule is simple.
        </p>
        <p>
          A carrier that wants to know gets the <b>address in its parts</b> in the call itself, as a document (PIDF-LO, RFC 4119, by value
          as RFC 6442 says), where its trunk's <b>Calls for help say where</b> says so; one that refuses it is called again at once without
          it. Nobody else gets it, no other call has it, and ladders, captures and bundles leave it out.
        </p>
        <p>
          <i>Emergency calls</i> among the admin's pages says, without dialling, whether the numbers of each site reach a trunk that
          answers, what a site lacks, and of which stations nobody knows where they are, the gravest first; as CSV, too.
        </p>
        <p>
          <b>When every line is taken.</b> A trunk's <b>Calls at once</b> says how many lines the carrier gives. Where all of them are
          taken, a call for help ends another call on that trunk and has its line: first one that we have made, the longest; then one that
          came in and nobody talks with, in a menu or a queue; then one that came in and somebody talks with. Never a call for help. Whoever
          loses the call is told on their page and by their phone (RFC 4411); the log says which call ended, for which, and who was in it.
        </p>
        <p>
          <b>Try it.</b> The button on <i>Emergency calls</i> goes the way of a call for help from a site without calling anybody: which
          number is meant, what place and number those who answer would have, what a carrier is told in the call, and whether each way
          answers. The report is kept in the log; a site that has not been tried well for ninety days is marked. In the US everybody may
          dial 933, which carriers answer with the number and the address they were told; no rule makes a carrier have it. For other
          countries no such number for everybody is known to us: ask your carrier for its own, and say the address before anybody needs it.
          A trunk that brings a call for help from another PBX is refused: nobody's place is known.
        </p>
      </>
    ),
  },
  {
    id: "numbers",
    title: "Numbers and IVRs",
    body: () => (
      <p>
        A DID pool holds the numbers your carrier has given you. An IVR says which flow answers which number; a number leads to one IVR,
        with or without its leading +.
      </p>
    ),
  },
  {
    id: "conference-rooms",
    title: "Conference rooms",
    body: () => (
      <>
        <p>
          A conference room is a number: whoever dials it hears everybody who has. Whoever is first hears music until somebody comes. A room
          is for the people here, or for everybody who dials its number; one that is full is busy.
        </p>
        <p>
          Each participant has a call of their own, in the list of conversations, and leaves by hanging up. A call in a room is not
          recorded, and cannot be passed on; calls are not passed on into a room. With several nodes, whoever meets must have called the
          same node.
        </p>
      </>
    ),
  },
  {
    id: "oauth-clients",
    title: "OAuth clients",
    body: () => (
      <p>
        A program gets an id and a secret, shown once, and asks <code>POST /oauth/token</code> for a token. Its roles say what it may do.
        Deleting a client ends its tokens at once.
      </p>
    ),
  },
  {
    id: "backup",
    title: "Backup and restore",
    body: () => (
      <>
        <p>
          Stop the node, run <code>landline backup --cold DIR</code>, start it again. The folder then holds everything that brings the
          centre back: database, recordings, journal, signed heads, what the set-up kept. A manifest names every file with its SHA-256 and
          is signed. A backup that was interrupted never has the name of a whole one.
        </p>
        <p>
          <b>The key file is never in it.</b> Keep a copy of the key file, or the <a href="/help/setup#recovery">recovery kit</a>, in
          another place than the backups: together they read everything, neither alone reads anything. With <code>--database</code> the
          database is yours: back it up with its own tools while the node is stopped.
        </p>
        <h2>Bringing it back</h2>
        <p>
          <code>landline restore DIR</code> into an empty <code>--data</code> checks every file before and after, and then proves the log,
          the recordings and the tables, as <code>landline verify --rows</code> does. If a file was changed, it is named and nothing is
          written. <code>--check</code> only looks: do that now and then, and a whole restore on another machine once a year.
        </p>
        <p>
          Without the key file the files come back and wait: <code>landline key restore</code> asks for the kit and makes the key file, then{" "}
          <code>landline verify --rows</code> proves. <code>landline restore DIR --kit-file FILE</code> does it in one go.
        </p>
        <p>
          A restored centre is the same centre: do not run it beside the one that the backup was made of. The database is a physical copy:
          it wants the same kind of processor, and the same or a newer Landline with the same PostgreSQL.
        </p>
      </>
    ),
  },
];
