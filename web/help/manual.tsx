// The manual's pages. Every route names one of these ids; the tidy test holds them together.
import type { Child } from "hono/jsx";
import { adminManual } from "./admin.tsx";
import { glossary } from "./glossary.tsx";

export type ManualPage = { readonly id: string; readonly title: string; body(): Child };

export const manual: readonly ManualPage[] = [
  {
    id: "help",
    title: "What Landline is",
    body: () => (
      <>
        <p>
          Landline is a contact centre on your own machine: calls come in by SIP, a flow answers and asks, a queue finds the right person, a
          browser is their phone, and everything that happened can be read, proved and explained afterwards.
        </p>
        <p>
          Nothing leaves the machine that you did not ask for. Recordings are encrypted before they reach the disk. The log is a chain:
          changing any of it is found.
        </p>
      </>
    ),
  },
  {
    id: "sign-in",
    title: "Signing in",
    body: () => (
      <>
        <p>
          Sign in with your email address and password. After ten wrong tries an account or an address waits ten minutes. A session lasts
          twelve hours.
        </p>
        <p>
          Whoever has a second factor is asked for a code after the password: six digits that an authenticator app shows. A code works once,
          and for about a minute. After ten wrong codes it waits ten minutes, too.
        </p>
        <p>
          <b>Without the phone</b> type one of your ten recovery codes in its place. Each works once. When the phone's codes are always
          refused, its clock is wrong: let it set its time by itself. With neither phone nor codes an administrator helps, on your page
          among People, or on the machine with <code>landline admin second-factor remove --email …</code>.
        </p>
        <p>
          A <b>sign-in link</b>, as <code>npm start</code> prints it for a trial, works once and for an hour. Landline prints a new one each
          time it starts, until the centre has an owner.
        </p>
        <p>
          An administrator makes accounts on the page People, or with <code>landline admin user create</code>.
        </p>
      </>
    ),
  },
  {
    id: "setup",
    title: "The first set-up",
    body: () => (
      <>
        <p>
          There is no default password. As long as nobody owns the centre, Landline prints a <b>set-up link</b> each time it starts. Only
          the newest works, only its hash is kept, and when the set-up is done it is gone. The steps can be left and taken up again.
        </p>
        <h2>Owner and second factor</h2>
        <p>
          The owner signs in with email, password and a code from an authenticator app. The ten recovery codes are shown once: each signs in
          once without the phone.
        </p>
        <h2 id="address">Address and certificate</h2>
        <p>
          Browsers give a page the microphone only on <code>localhost</code> or with https. A certificate made here encrypts, but every
          browser warns until it is told to trust it. Behind a proxy say the proxy's address: only from there is{" "}
          <code>X-Forwarded-For</code> believed, and the proxy must pass WebSockets on. What you choose is written to <code>kept.toml</code>{" "}
          in the data folder and takes effect at the next start; options given at start win over it.
        </p>
        <h2>Network</h2>
        <p>
          The test goes the way a call goes: a WebSocket to the server, then packets between this browser and the media port, then keys.
          When voice fails, the firewall must let the browsers' voice port in, by udp or at least by tcp; behind NAT give{" "}
          <code>--public-address</code>. Later <a href="/help/network-test">the network test</a> measures how it sounds.
        </p>
        <h2 id="recovery">Recovery kit</h2>
        <p>
          Everything is encrypted with the key file. A sealed copy of it, <code>landline.key.sealed</code>, lies in the data folder; the
          kit's eight groups open it. On a new machine put the data back, run <code>landline key restore</code> and type the groups;{" "}
          <a href="/help/backup">Backup and restore</a> says more. A new kit makes the older one worthless.
        </p>
        <h2>Without a browser</h2>
        <p>
          <code>landline setup --from setup.toml</code> does all of it. <code>landline setup kit</code> makes the recovery kit first and
          prints its digest, which the file repeats: so nobody ends a set-up without a kit.
        </p>
        <pre class="mono message">{setupExample}</pre>
      </>
    ),
  },
  {
    id: "trial",
    title: "Trying it",
    body: () => (
      <>
        <p>
          The example centre has the number 100, a menu and two queues. <b>Call this centre</b> opens a page on which you are the customer:
          it needs no account, calls this one number, one call at a time, and lasts an hour; a newer link replaces it. Press 2 for the queue{" "}
          <i>Try it</i>: no robot answers there, you do.
        </p>
        <p>
          Use a headset, or two machines: with loudspeakers the two pages hear each other. A SIP phone on the same machine may call too:{" "}
          <code>sip:100@127.0.0.1</code>.
        </p>
        <p>
          Who calls by such a link is a way in, like a trunk: never a phone of yours, and never able to reach anybody but the number. A
          centre that was set up without demo data has it switched off.
        </p>
        <p>
          <b>A real number</b> comes by a trunk: put its addresses and your numbers into a document and run{" "}
          <code>landline config apply</code>.
        </p>
      </>
    ),
  },
  {
    id: "demo",
    title: "The demo centre",
    body: () => (
      <>
        <p>
          <code>landline serve --demo</code> puts a made-up savings bank beside whatever is there and lets robots work in it: a dozen
          agents, four queues, two numbers, and callers who come by themselves, wait, give up or talk. Their calls are calls: SIP and voice
          over this machine's loopback, routed, recorded and written down as yours are. Everything of it has <i>(Demo)</i> in its name, and
          as long as it is loaded every page says <b>Demo</b> at the top.
        </p>
        <p>
          Robots hum: the caller low, the agent high. So a recording tells on each channel who spoke. Up to eight of them call at once.
          While a call that no robot placed is up, no robot calls; robots answer only the demo's own queues, never <i>Try it</i>.
        </p>
        <p>
          <code>landline demo load</code> only loads it. <code>landline demo wipe</code> takes every object and person of it away, also
          beside a running server, whose robots then stop. What has happened stays, as it does with any call: conversations, recordings,
          events; the names of its people are then in the log alone. Of an object that you have renamed it knows nothing any more: it is
          yours.
        </p>
        <p>
          Robots call from <code>127.0.0.16</code>, which is the demo's trunk, and their phones register from <code>127.0.0.17</code>.
          Nothing of it reaches beyond this machine; as long as the demo is loaded, any program on this machine may call its numbers.
        </p>
        <h2 id="loadtest">Load test</h2>
        <p>
          <code>landline loadtest --calls 20 --minutes 2</code> starts a centre of its own in a temporary folder on free ports, holds twenty
          robots' calls for two minutes, and says plainly how it went: calls, time to the answer, whether each side heard the other, loss,
          jitter, processor time and memory. It ends with 0 only when every call was heard both ways.
        </p>
        <p>
          With <code>--to 127.0.0.1:5060 --number 100</code> it calls a number of a server that runs on this machine and has a trunk for{" "}
          <code>127.0.0.1</code>. Then only the callers are robots, and it looks whether they hear anything at all.
        </p>
      </>
    ),
  },
  {
    id: "desk",
    title: "The agent's desk",
    body: () => (
      <>
        <p>
          Turn on <b>On Queue</b>, above or in the middle of the page, to take calls. A call rises at the bottom of the page and says who it
          is, how long they waited and what they pressed. <kbd>Enter</kbd> answers, <kbd>D</kbd> declines. While you type in a field these
          keys do nothing.
        </p>
        <p>
          During a call: <kbd>H</kbd> holds (the caller hears music), <kbd>M</kbd> mutes you, <kbd>K</kbd> opens the keypad, <kbd>T</kbd>{" "}
          passes the call on, <kbd>E</kbd> ends it. Afterwards choose a wrap-up code before the time is up; you may choose it during the
          call already.
        </p>
        <p>
          <b>Not Responding.</b> If you do not answer in time, the call goes to the next agent and nothing more is offered to you until you
          go on queue again.
        </p>
        <p>
          <b>Reload and closed tabs.</b> Moving between pages does not touch a call. After a reload the call comes back by itself; meanwhile
          the caller hears music. If you do not come back within 15 seconds, the caller goes back to the head of the queue.
        </p>
        <p>
          <b>Earlier</b>, beside your conversations, lists the calls that you have had, and finds them by number or name; during a call a
          link beside the caller's number does the same. After-call work that is over cannot be coded any more.
        </p>
        <p>
          <b>The browser phone</b> needs a microphone, and a server with an address other than 127.0.0.1. It works in current Chromium and
          Firefox.
        </p>
      </>
    ),
  },
  {
    id: "calls",
    title: "Calling colleagues, and passing calls on",
    body: () => (
      <>
        <p>
          <b>To call somebody</b> type their extension on the desk, or press <kbd>Ctrl</kbd> <kbd>K</kbd> and type a name or a number.
          Whoever is on the phone is offered no call of a queue meanwhile. Extensions are given on the page People; a person's{" "}
          <b>direct number</b> is what rings them from outside.
        </p>
        <p>
          <b>Transfer</b> (<kbd>T</kbd>) passes a call on to a number, an extension or a queue. <b>Transfer now</b> lets you go at once: the
          caller hears it ring. <b>Ask first</b> puts the caller on hold with music while you talk to the other; <b>Pass on</b> leaves the
          two together, <b>Back</b> brings you back to the caller. Ending the call in the middle passes it on, too.
        </p>
        <p>
          A <b>desk phone</b> does both by its own transfer key: at once, or by joining its two calls after a word with the second. The two
          talk in one conversation then; the page of the other says that it was joined. Two calls of queues cannot be joined.
        </p>
        <p>
          While you ask somebody, <b>Swap</b> (<kbd>S</kbd>) turns from the one to the other and back; whoever waits hears music.{" "}
          <b>Conference</b> (<kbd>C</kbd>) brings all together. In a conference you see everybody by name; whom you brought in you can{" "}
          <b>Remove</b>, and with <b>Transfer</b> you ask the next one, up to 10 people. <b>Hold</b> takes only you out of it: you hear
          nobody and nobody hears you, the others go on.
        </p>
        <p>
          Whoever leaves a conference leaves the others together. An agent who leaves passes the call on and begins after-call work; the
          recording ends with the agent's part, and with the caller's. When the caller leaves, the others can go on talking.
        </p>
        <p>
          <b>When one of you is not heard</b>, a line above the call controls says so within 5 seconds: who hears whom not, what is known of
          the cause, and nothing any more as soon as sound comes again. It is written down in the conversation.
        </p>
        <p>
          When nobody takes a call of a queue that was passed on, the caller goes back to the head of that queue. Every step is in the
          conversation's log. Calls from person to person are not recorded.
        </p>
      </>
    ),
  },
  {
    id: "listen",
    title: "Listening to calls, coaching, barging in",
    body: () => (
      <>
        <p>
          A supervisor listens beside one of your people: <b>Listen</b> on the board leads to the live conversation, where one says why, if
          one wants to, and begins. The supervisor's own phone is called; the one in the browser answers by itself. The bar at the bottom
          then shows beside whom one listens, and changes among <b>Listen</b> (<kbd>L</kbd>), which nobody hears, <b>Coach</b> (<kbd>C</kbd>
          ), which only the agent hears, and <b>Barge in</b> (<kbd>B</kbd>), which everybody hears. <b>Leave</b> (<kbd>E</kbd>) or hanging
          up ends the supervisor's part alone. The caller's and the agent's call goes on as it was.
        </p>
        <p>
          Who listens follows the agent into a question and a conference. While the agent has the others on hold nobody hears the agent,
          except whoever coaches or has barged in. When the agent leaves the call, or it ends, listening ends. The recording has what the
          caller hears: somebody who barges in, and not the coach. In a secure pause whoever listens hears nothing and is heard by nobody,
          and the bar says so. Several may listen to one call at once, up to 5.
        </p>
        <h2 id="seen">What people see of it</h2>
        <p>
          Whoever is listened to sees the name of who listens above the call controls, and in the conversation afterwards. An administrator
          can turn that off on the page Organisation; whoever coaches or barges in is shown all the same. Every beginning, change and end is
          in the log, with who, beside whom, how and why: the auditor sees it in any case.
        </p>
        <p>
          Listening to people at work without their knowledge is forbidden or tied to conditions in many countries, towards callers too. A
          works council may have a say in it before it is used (in Germany § 87 of the Betriebsverfassungsgesetz). The three rights{" "}
          <code>conversation:call:monitor</code>, <code>conversation:call:coach</code> and <code>conversation:call:barge</code> are the
          supervisor's and the administrator's; agents and auditors have none of them.
        </p>
      </>
    ),
  },
  {
    id: "board",
    title: "The board of queues and agents",
    body: () => (
      <>
        <p>
          Everything on this page is live; beside it stands as of when. When the connection breaks, it says “not live” within two seconds.
        </p>
        <h2 id="service-level">Service level</h2>
        <p>
          Formula GC: conversations answered within the queue's target, divided by all answered and abandoned ones, since midnight. A
          conversation is abandoned when the caller leaves the queue before an agent answers.
        </p>
        <h2>Estimated wait</h2>
        <p>
          Method EWT-1: the place in the queue times the average handle time of the last hour (five minutes until something was handled),
          divided by the agents on queue. With nobody on queue there is no estimate.
        </p>
        <p>
          The line beside each service level shows the half hours of today against the target. An agent who talks leads to the conversation.
          A queue in which somebody waits and nobody is on queue is said in a sentence above the figures, and marked in the table.
        </p>
        <p>How many wait, were offered or gave up leads to the conversations behind the figure.</p>
        <p>ASA is the average time to answer, AHT the average of talk, hold and after-call work together, today.</p>
        <p>
          An agent's <b>name</b> leads to their page: what they do now, their queues, their newest conversations, and their status, which
          whoever runs the queues may set for them. A call in hand stays in hand.
        </p>
      </>
    ),
  },
  {
    id: "queues",
    title: "Queues",
    body: () => (
      <>
        <p>
          A queue holds callers until the right person is free. <b>Evaluation</b>: <i>All skills matching</i> takes the longest idle agent
          who has every skill; <i>Best available skills</i> takes the one with the highest average proficiency; <i>Disregard skills</i>{" "}
          takes the longest idle.
        </p>
        <p>
          <b>Scoring</b>: by time and priority, one point of priority is one minute of waiting; by priority only, time decides between
          equals.
        </p>
        <p>
          <b>Alert for</b>: how long an agent's phone rings before the agent counts as Not Responding.
        </p>
        <p>
          <b>After-call work</b>: <i>Mandatory</i> lasts as long as the agent wants; with a <i>time limit</i> it ends at the latest then,
          with the code ININ-WRAP-UP-TIMEOUT if none was chosen; <i>Optional</i> has none.
        </p>
        <p>
          A queue that is renamed is renamed in the flows that lead to it. One that flows lead to, or in which somebody waits, cannot be
          deleted.
        </p>
      </>
    ),
  },
  {
    id: "conversations",
    title: "Conversations",
    body: () => (
      <p>
        Every call, newest first. Search by any part of a number or a name, or by a whole Call-ID or Session-ID (RFC 7989), as carriers and
        phones name a call; of calls from before this was kept neither is known. Narrow by queue, person, wrap-up code, how it ended, how
        long somebody waited, and when; a period is a way to say two dates. <b>CSV</b> holds what the search finds, up to 10,000. One
        conversation can be taken along whole with <b>Export as JSON</b>, which is written down. In the command bar, four digits of a number
        are enough.
      </p>
    ),
  },
  {
    id: "audit",
    title: "Audit",
    body: () => (
      <>
        <p>
          The log is a chain: each entry holds the hash of the one before, and every minute the newest is signed. This page says up to which
          event it was verified and when; a check runs at the start, every hour (of a very long log less often, but every day), and when you
          ask. <code>landline verify</code> also reads every byte of every recording.
        </p>
        <p>
          <b>Download the proof</b> gives a file with every header of the log, every signed head and every recording's manifest: ids and
          digests, nothing that was said. On another machine, <code>landline verify --from FILE</code> checks it without database or key
          file. Note the fingerprint that stands here on paper: it tells our key from another. Back on the server,{" "}
          <code>landline verify --against FILE</code> holds the log against a proof that was taken before: who wrote the past anew, even
          with the key file, is found so.
        </p>
        <p>
          <b>Calls recorded</b> compares today's calls in which an agent talked with the recordings that there are. <b>Access</b> shows who
          opened a recording or exported a conversation; listening is written down before the first sound. The full log can be searched by
          type, person, object and date; <b>Changes of settings</b> leaves out everything else, and an id leads to all about it.
        </p>
        <p>
          <b>The data map</b> names every table and folder: what is in it, whose it is, how it is protected and how long it stays. The role{" "}
          <i>auditor</i> sees this page and the configuration, and hears and reads no conversation.
        </p>
      </>
    ),
  },
  {
    id: "conversation",
    title: "One conversation",
    body: () => (
      <>
        <p>
          The lanes show flow, queue and agents on one time axis; talk, hold and wrap-up under them make the handle time. The timeline is
          the log of this conversation. <b>Why this agent?</b> is recomputed from the log each time you look, and says whether it came to
          the same answer; <b>Why?</b> in the timeline leads to every other decision.
        </p>
        <p>
          <b>Moment by moment</b>, on the same axis: what the flow did and which branch it took, decisions, holds, pauses of the recording,
          who was called and came, troubles of the network, and the SIP messages: what came in is above the line, what went out below. Point
          at any drawing, or at an entry of timeline or ladder, and the same moment is marked in all of them; by keyboard each row is one
          stop, <kbd>←</kbd> and <kbd>→</kbd> go from mark to mark, and <kbd>Enter</kbd> leads to the entry. The table holds the same. As
          long as the call is up, all of it grows while you look.
        </p>
        <p>
          The <b>SIP ladder</b> shows the messages with the network and the agent's phone; credentials, keys and private digits are not in
          it.
        </p>
        <p>
          <b>Media</b> shows each leg, while the call is up and afterwards: what it <i>says</i> as it reaches us, and what it <i>hears</i>{" "}
          by the reports of its own device. MOS is the mean opinion score that the E-model (ITU-T G.107) makes of loss, delay and jitter:
          4.4 is as good as a telephone can be, below 3.6 many are dissatisfied. Within 5 seconds silence is said, with its probable cause,
          here and to the agent; hold, music and mute are none. <b>How it sounded</b> shows the same for each five seconds, on the time axis
          of the lanes: the line is the MOS, at the bottom where it is 2 or less and open where there was silence or nothing was measured;
          red ticks are lost packets, at full height from 20 % on. Point at it for the figures, or open the table. Of more than an hour
          neighbouring points become one, with the worst MOS and the sum of losses.
        </p>
        <p>
          <b>Recording</b>: the caller is on the left channel, the agent on the right. Listening is written down before the first sound.
          Digits typed into Collect Input are private unless the flow says <code>"log": true</code>: only how many there were is kept.
        </p>
        <h2 id="bundle">For a carrier's support</h2>
        <p>
          <b>Download bundle</b> (right <code>analytics:conversationDetail:view</code>) gives one file, <code>.tar.gz</code>, that can be
          sent to strangers: the ladder as text, the charts as CSV and JSON, each leg's figures, what the flow did, who was considered, and
          versions and addresses of this server. A README inside says what was left out: credentials, keys, digits, names of our people,
          what a flow noted, sound, and every header field that is not known to be harmless. Of numbers the last two digits stay, unless you
          tick that they be in full. Who took it is in the log.
        </p>
        <h2 id="pause">When a recording pauses</h2>
        <p>
          For the number of a card, a <b>secure pause</b> (<kbd>P</kbd> in the call bar, the right{" "}
          <code>conversation:call:securePause</code>): the file holds silence of the same length, keys that are pressed reach no log, and
          whoever listens beside the call hears nothing. The others in the call hear each other as before. <b>Pause recording</b> (
          <kbd>R</kbd>, <code>conversation:call:pause</code>) only makes the silence. Flows and programs can do both; a pause stays through
          transfers, conferences and a reload, also into the recording that the next agent begins. It ends by itself after the time on the
          page Organisation. Beginning, end, who and why are in the log and in the recording's signed manifest.
        </p>
      </>
    ),
  },
  {
    id: "flows",
    title: "Flows",
    body: () => (
      <>
        <p>
          <b>Steps</b> shows a flow as a caller meets it, as a form: what is heard, what is asked, where each key leads. A key is added by
          choosing where it leads, and taken away by choosing <i>nowhere</i>; <i>New step</i> adds what it leads to. <b>Settings</b> holds
          the same as a document, for everything a form does not show. Both are checked, logged and restored alike.
        </p>
        <p>
          A flow is a document: actions by id, each with a type, a name, its own parameters and <code>outputs</code> that name the next
          action. It is validated as a whole before it is published; every problem names its place.
        </p>
        <p>
          Types: <code>playAudio</code>, <code>menu</code>, <code>collectInput</code>, <code>decision</code> (an expression in CEL),{" "}
          <code>setParticipantData</code>, <code>setRecordingState</code> (<code>recordingState</code> ACTIVE or PAUSED,{" "}
          <code>securePause</code>), <code>transferToAcd</code>, <code>disconnect</code>; in an in-queue flow also <code>holdMusic</code>,{" "}
          <code>playPosition</code>, <code>playEstimatedWait</code>. A fault goes to the action's <code>failure</code> output, else to the
          flow's <code>onError</code>; without either the caller hears an apology and is disconnected. It is never silent.
        </p>
        <p>
          A caller who knows the way need not wait: keys that are pressed while something is played count for the next menu or input. A menu
          takes its key while its own prompt still plays.
        </p>
        <pre class="mono message">{example}</pre>
      </>
    ),
  },
  {
    id: "me",
    title: "Your own settings",
    body: () => (
      <p>
        Language and single-key control of calls are kept on this device; without a choice the browser's language decides. Your password is
        changed here too, which signs you out everywhere. A second factor is a code from your phone at each sign-in: scan the key, type a
        code, and keep the ten recovery codes. Light or dark follows the system until you switch it.{" "}
        <a href="/where">Where you work today</a> is for calls for help from your browser, when you are not where your station is.
      </p>
    ),
  },
  {
    id: "network-test",
    title: "The network test",
    body: () => (
      <>
        <p>
          <a href="/network-test">The network test</a> sends voice between your browser and the server for fifteen seconds, both ways, the
          way a call goes. The headphones at the top of every page lead there, and so does your own page. It needs no microphone: without
          one it sends a tone. Nobody is called, and nothing is recorded.
        </p>
        <p>
          Each direction is <b>good</b>, <b>fair</b> or <b>poor</b>, as the side that receives it measures it: good is a MOS of 4.0 or more,
          less than 1 % lost and a jitter below 30 ms; poor is a MOS below 3.6, or 5 % lost and more. What is wrong stands above the
          figures, with what to do. Loss in one direction only is often Wi-Fi or a full line; a round trip above 300 ms is often a VPN.
        </p>
        <p>
          <b>When voice does not get through</b> the result names the UDP port. It must be open from your network to the server; behind NAT
          the server needs <code>--public-address</code>. Where a firewall blocks UDP, voice goes by TCP by itself, to the same port unless{" "}
          <code>--media-tcp-ports</code> names another; the result and the conversation's page say so. A call by TCP works, but whatever is
          lost on the way comes late, and is heard as a gap. On the server <code>landline doctor</code> looks at its own side, and says how
          many browsers came by TCP.
        </p>
        <p>
          <b>Where a network lets neither through,</b> to port 443 for instance, a TURN server of your own relays voice: an operator gives{" "}
          <code>--turn turns:turn.example.org:443</code> and <code>--turn-secret</code>, the <code>static-auth-secret</code> of coturn with{" "}
          <code>use-auth-secret</code>. Each browser then gets a name and a password of its own that end after a day; with{" "}
          <code>--turn-user</code> and <code>--turn-password</code> instead all have the same. Browsers take the relay only where nothing
          shorter works. The TURN server must reach this one's voice port, and should refuse private addresses; <code>landline doctor</code>{" "}
          asks it.
        </p>
        <p>
          <b>Copy as text</b> is for your help desk. <b>Send to administrators</b> leaves the figures, addresses and browser in the log
          under your name; administrators find the last fifty on the same page. Unless you press it, nobody keeps a result.
        </p>
      </>
    ),
  },
  {
    id: "command-bar",
    title: "The command bar",
    body: () => (
      <p>
        <kbd>Ctrl</kbd> <kbd>K</kbd> (<kbd>⌘</kbd> <kbd>K</kbd> on a Mac) opens it on every page, also while you type and while a call is
        up. It finds pages, people, queues, flows, settings, help, and actions such as On Queue. Arrows choose, <kbd>Enter</kbd> goes there,{" "}
        <kbd>Esc</kbd> leaves everything as it was. A conversation is found by its whole id.
      </p>
    ),
  },
  {
    id: "live",
    title: "Live figures",
    body: () => (
      <p>
        Pages that show “live” are updated by the server as things happen. A heartbeat comes every second; after two seconds without one the
        page says “not live” and reconnects by itself.
      </p>
    ),
  },
  {
    id: "api",
    title: "The API",
    body: () => (
      <>
        <p>
          Landline speaks the Platform API v2. Get a token with <code>POST /oauth/token</code> (client credentials), then call{" "}
          <code>/api/v2/…</code>. The document of what is built is at <a href="/api/v2/docs/openapi.json">/api/v2/docs/openapi.json</a>.
          Every operation names its permission; a refusal names the one that is missing. The API explorer under Admin shows each with what
          it takes, offline. What the vendor's clients know and is not built yet answers 501.
        </p>
        <p>
          Ours on top lie under <code>/api/v2/landline/</code>: decisions and their explanation, recordings, and <code>verify</code>.
        </p>
      </>
    ),
  },
  ...adminManual,
  glossary,
];

const setupExample = `[organization]
name = "Northmere Health"
language = "en-GB"
country = "GB"
time-zone = "Europe/London"

[owner]
name = "Ada Northmere"
email = "ada@example.org"
password-file = "owner-password.txt"
totp-secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"   # optional

[address]
public-url = "https://desk.example.org"
certificate = "proxy"            # self-made, upload, proxy or none
trusted-proxies = ["10.0.0.2"]

[recovery]
digest = "…"                     # printed by landline setup kit

[demo]
load = false
`;

const example = JSON.stringify(
  {
    name: "Main",
    type: "INBOUNDCALL",
    start: "menu",
    onError: "sorry",
    actions: {
      menu: {
        type: "menu",
        name: "Main menu",
        audio: ["system.welcome"],
        choices: ["1", "2"],
        timeoutMs: 5000,
        attempts: 3,
        outputs: { "1": "account", "2": "service", noInput: "service", noMatch: "sorry" },
      },
      account: {
        type: "collectInput",
        name: "Account number",
        audio: ["system.enter-number"],
        variable: "account",
        minDigits: 4,
        maxDigits: 8,
        terminator: "#",
        outputs: { success: "known", noInput: "service" },
      },
      known: { type: "decision", name: "Ours?", expression: 'account.startsWith("4")', outputs: { yes: "tell", no: "service" } },
      tell: { type: "setParticipantData", name: "Remember", values: { Reason: '"account"' }, outputs: { next: "service" } },
      service: { type: "transferToAcd", name: "To Service", queue: "Service", priority: 0, skills: [], outputs: { failure: "sorry" } },
      sorry: { type: "playAudio", name: "Apology", audio: ["system.error"], outputs: { next: "bye" } },
      bye: { type: "disconnect", name: "Goodbye" },
    },
  },
  null,
  2,
);
