// Every limit of the product, with its reason. A limit that is hit is visible: a reply, a log line, an event or a metric.

/** A SIP message's header section. RFC 3261 sets none; carriers' INVITEs stay below 8 KiB. */
export const sipHeadBytesMax = 64 * 1024;
/** A SIP body. SDP of browsers is 2–6 KiB; multipart with PIDF-LO stays below 64 KiB. */
export const sipBodyBytesMax = 1024 * 1024;
/** Header lines in one SIP message. */
export const sipHeaderLinesMax = 256;
/** Unsent bytes towards one SIP stream peer before its connection is closed: a peer that never reads must not grow our memory. */
export const sipSendBufferBytesMax = 1024 * 1024;
/** A half message on a stream is given this long before the connection closes (slow loris). */
export const sipHalfMessageMs = 30_000;
/** A stream connection that has sent nothing yet is given this long, its TLS handshake included: phones connect because they have something to say. */
export const sipFirstByteMs = 10_000;
/** Bindings of one address of record. */
export const contactsPerAddressOfRecordMax = 10;
/** Server transactions held at once by one node; above it new requests get 503 with Retry-After. */
export const sipTransactionsMax = 20_000;

/** Calls up at once on one node. */
export const callsMax = 2_000;
/** Points of a leg's chart: an hour at one for each window; beyond, neighbours become one. 25 kB in the log at most. */
export const soundPointsMax = 720;
/** How often media tells figures (telephony/media/stream.ts). */
export const soundWindowMs = 5_000;
/** Inputs of one conversation waiting in its mailbox. A digit flood is cut here. */
export const mailboxInputsMax = 1_000;
/** Expired recordings taken from the store at once. */
export const recordingsErasedAtOnce = 100;
/** Inputs kept for the bug report of one conversation. */
export const callInputsKept = 30;
/** Actions one flow may run without waiting for the caller: a loop without an exit ends in default error handling. */
export const flowActionsWithoutWaitMax = 1_000;
/** Digits one Collect Input may take. */
export const collectDigitsMax = 64;

/** Remote text (display names, user agents, SDP names) in characters, after cleaning. */
export const remoteTextMax = 256;
/** A waiting caller is told place and estimate only when the database says them within this time; then the music goes on. */
export const queueFactsMs = 1_000;
/** The redacted ladder of one conversation. */
export const ladderBytesMax = 64 * 1024;

/** What a packet capture holds in memory at most; the oldest goes first. */
export const captureBytesMax = 64 * 1024 * 1024;
/** Call-IDs and Session-IDs of one conversation that can be searched for; each of so many characters. */
export const sipIdsMax = 64;
export const sipIdCharactersMax = 255;
/** Why packets are captured, in words. */
export const captureReasonMax = 200;
/** A capture ends by itself after so long at the latest. */
export const captureMinutesMax = 240;
/** What was captured can be taken for so long after its end. */
export const captureKeptMs = 60 * 60_000;
/** Of one worker: 400 calls of G.711 both ways. */
export const captureBytesPerSecondMax = 20 * 1024 * 1024;
/** A worker hands packets over when there are so many, or after so long. */
export const captureBatchBytes = 64 * 1024;
export const captureBatchMs = 250;

/** Journal bytes not yet moved into the database; at the limit new calls get 503 with Retry-After. */
export const journalBytesMax = 256 * 1024 * 1024;
/** A journal file; moved ones are deleted whole. */
export const journalSegmentBytesMax = 4 * 1024 * 1024;
/** Free room that a disk which refused the journal must have before new calls are taken again: one segment. */
export const journalRoomBytesMin = journalSegmentBytesMax;
/** A journal that refuses is tried again this often. */
export const journalRetryMs = 500;
/** One record: what one act writes at once. */
export const journalRecordBytesMax = 8 * 1024 * 1024;
/** Events moved into the database in one transaction. */
export const journalBatchMax = 500;

/** Audio kept in memory before a recording chunk is sealed: at most 2 s are at risk. */
export const recordingChunkMs = 1_000;
/** Audio in one sealed chunk of a recording: two seconds are 64 KB; a reader never allocates more for a forged length. */
export const recordingChunkBytesMax = 1024 * 1024;

/** Pauses of the recording of one call: each is in its manifest. */
export const pausesPerCallMax = 500;
/** After so many seconds a pause ends by itself, unless the organization says otherwise. */
export const pauseSecondsDefault = 300;
/** What an organization may say instead. */
export const [pauseSecondsLeast, pauseSecondsMost] = [10, 3_600] as const;
/** Why somebody pauses, in characters. */
export const pauseReasonMax = 256;

/** A recording's chunk that finds a full disk is tried again this often, as long as the chunks behind it may wait. */
export const recordingRetryMs = 500;

/** Server-sent-event streams at once on one node. */
export const liveStreamsMax = 2_000;
/** A silent live stream gets a heartbeat this often. */
export const liveHeartbeatMs = 1_000;

/** Robots' calls at once in the demo: a tenth of a core of two, and as many as an eye can follow. */
export const demoCallsMax = 8;
/** Robots' calls at once in a load test: more do not fit the ports that it uses for voice. */
export const loadtestCallsMax = 400;
/** Calls in the demo's queues are given this long to end before the demo is wiped; and how often it is looked. */
export const demoDrainMs = 20_000;
export const demoDrainPollMs = 250;

/** Who may talk together in one call: more hear each other badly, and each costs a mix of its own. */
export const conferencePartiesMax = 10;
/** Who may meet in one conference room. */
export const conferenceRoomPartiesMax = 100;
/** Who may listen to one call at once. */
export const supervisorsPerCallMax = 5;
/** Why somebody listens, in their words. */
export const supervisionReasonMax = 200;
/** So long somebody hears that nobody takes them, before the line is let go. */
export const busyToneMs = 5_000;
/** `doctor` waits so long for the name server that a next hop is asked of. */
export const hopLookupMs = 5_000;
/** A trunk that gives no sign of life is given up for the next one: with the look-up, within three seconds. */
export const trunkSilenceMs = 2_500;
/** However a trunk is set up: a call that was sent on so often is sent on no more. */
export const redirectsMax = 5;
/** Next hops of trunks are asked so often whether they live; those that do not answer, more often. */
export const trunkBeatMs = 30_000;
export const trunkRetryMs = 5_000;
/** What a carrier has not answered or accepted by then, it will not. */
export const trunkAnswerMs = 4_000;
/** A test call rings for so long, and talks so long at most; what is known of its sound by then is enough. */
export const testCallRingMs = 30_000;
export const testCallTalkMs = 10_000;
export const testCallEnoughMs = 4_000;
/** A person is rung for so long. */
export const personRingMs = 60_000;
/** A number outside: carriers give up before. And somebody who calls for help is not let go for impatience of ours. */
export const outsideRingMs = 120_000;
/** How long a call for help waits for the end of the one that gives it its channel to reach the carrier. */
export const preemptionLeadMs = 100;
export const emergencyRingMs = 600_000;
/** A site from which help was not tried for so long is told of on the page. */
export const helpTestStaleMs = 90 * 24 * 3_600_000;
/** So long counts what a person said of where they work today, or what their network said: a day, not a life. */
export const whereaboutsMs = 24 * 3_600_000;
/** Calls outside that one person may have at once, and begin within a minute: more is a stolen phone (IRSF). Calls for help do not count. */
export const outgoingPerUserMax = 3;
export const outgoingPerUserPerMinuteMax = 15;

/** An alarm that only tells says the same of the same no more often than once an hour. */
export const alarmQuietMs = 3_600_000;

/** A browser that vanished (reload, closed tab) keeps its call for this long. */
export const agentLegHeldMs = 15_000;

/** Failed sign-ins per account and address before waiting is imposed, and the window. */
export const signInFailuresMax = 10;
export const signInWindowMs = 10 * 60_000;

/** SDP: Chromium with audio and video stays below 10 KiB; nobody needs more lines or media sections than these. */
export const sdpBytesMax = 64 * 1024;
export const sdpLinesMax = 1_000;
export const sdpMediaMax = 16;

/** SIP connections (TCP, TLS, WebSocket) held at once: an agent has one, a carrier a few. */
export const sipConnectionsMax = 10_000;
/** SIP connections from one address: an office behind one NAT fits, one host cannot take all places. */
export const sipConnectionsPerAddressMax = 500;

/** A digest nonce is good for this long; then the phone is told `stale` and takes a new one without asking its user. */
export const nonceLifeMs = 5 * 60_000;
/** Nonces whose count is remembered. Above it the oldest become stale, never replayable. */
export const noncesTrackedMax = 50_000;
/** Wrong passwords evaluated per phone account in the window; more are answered alike and not evaluated. */
export const sipAuthFailuresMax = 10;
export const sipAuthFailuresWindowMs = 60_000;
/** Wrong passwords of all accounts together in the window that are an attack: one password tried on many names. */
export const sipAuthFailuresOfAllMax = 100;
/** Requests a stranger's address may make at once, and how fast that comes back. A phone needs two for a registration. */
export const strangerBurst = 20;
export const strangerPerSecond = 2;
/** Log lines about strangers that were silenced: so many at once, then one a second. A flood must not become one in the log. */
export const strangerLinesBurst = 20;
/** Addresses whose rate is remembered. */
export const strangersTrackedMax = 20_000;
/** Proxies between a phone and us that a registration may name (RFC 3327): each costs bytes in every call. */
export const pathProxiesMax = 4;
/** Registrations: shorter ones cost us, longer ones leave dead phones in the list. */
export const registrationSecondsMin = 60;
export const registrationSecondsMax = 3_600;
/** Subscriptions of a phone to what it shows: shorter ones cost us, longer ones outlive phones that are gone. */
export const subscriptionSecondsMin = 60;
export const subscriptionSecondsMax = 3_600;
/** Of one phone: three expansion modules of 40 keys fit. And of all phones of a node. */
export const subscriptionsPerStationMax = 150;
export const subscriptionsMax = 20_000;
/** A subscriber hears of changes no more often than this; the last state always arrives. */
export const notifyGapMs = 1_000;
/** NOTIFYs that a phone refuses in a row, without saying that it knows nothing of them. */
export const notifyFailuresMax = 3;
/** A leg's last statistics are awaited for this long before its end is reported without them. */
export const lastStatsMs = 500;

/** The embedded server's own log; one older copy is kept. */
export const postgresLogBytesMax = 16 * 1024 * 1024;
/** Longest pause before a server that keeps ending is started again. */
export const postgresRestartMsMax = 30_000;

/** Data keys held in memory: every conversation that is up has one, and reports read a day of them. */
export const dataKeysCachedMax = 20_000;
/** A payload in canonical JSON; a ladder packed is far below. A bigger one is kept as `event.unstorable`, cut. */
export const eventPayloadBytesMax = 1024 * 1024;
/** A transaction that lost against another is run again at most this often. */
export const transactionAttemptsMax = 5;
/** Statements and transactions that wait for a connection; more are told to come again. */
export const statementsWaitingMax = 10_000;
/** A node that did not say for this long that it lives is declared dead; it renews three times as often. */
export const nodeLeaseMs = 15_000;
/** All strangers' requests answered per second: forged sources must not make us a reflector worth using. */
export const strangersPerSecondMax = 1_000;
/** The head of the log is signed this often: what was written before cannot be cut off or rewritten unnoticed. */
export const headEveryMs = 60_000;
/** Findings that `verify` lists; more are counted. */
export const verifyFindingsMax = 10_000;
/** RFC 4733 digits taken from one leg per second; people press five, machines ten. The rest is counted and dropped. */
export const digitsPerSecondMax = 20;
/** How long a digit that came by INFO waits to be passed on, should it come in sound as well. */
export const digitTwinMs = 500;
/** A voice in a mix waits no longer than this for packets that are late: two who talk with more between them interrupt each other. */
export const jitterDelayMsMax = 200;
/** One media packet; G.711 of 120 ms fits, and nothing honest is larger. */
export const rtpPacketBytesMax = 1_500;
/** Streams one worker holds; ports run out at about the same number. */
export const streamsPerWorkerMax = 5_000;
/** Packets in a row from elsewhere than the SDP says before a peer behind NAT is believed to be there: a stray one is not enough. */
export const latchPackets = 3;
/** Packets of strangers looked at for that; after them only the SDP's address is heard. */
export const latchStrangersMax = 50;
/** A tone's sound or pause; longer ones are music and come as prompts. */
export const toneMsMax = 60_000;
/** Prompts of one play. */
export const promptsPerPlayMax = 100;
/** Digits waiting to be sent to one peer. */
export const digitsToSendMax = 128;
/** A recording makes up for this much time in which the process stood still; more (a machine asleep) is a cut. */
export const recordingGapMsMax = 10_000;
/** Recorded chunks waiting for the disk; beyond them the disk is too slow, and the recording fails rather than eat the memory. */
export const recordingChunksWaitingMax = 30;
/** A worker that has not told its load for this long hangs and is replaced; it tells every second. */
export const workerSilentMs = 5_000;
/** Changes in what is wrong with one stream that are told: a peer that comes and goes for ever must not fill the log. */
export const troublesToldMax = 100;
/** Longest pause before a worker that keeps dying is started again. */
export const workerRestartMsMax = 30_000;
/** A browser that has not proven for this long that it wants our packets gets none (RFC 7675 §5.1). */
export const iceConsentMs = 30_000;
/** A browser's proof towards a TURN server: a working day and its overtime, and some. */
export const turnCredentialMs = 24 * 3_600_000;
/** A TURN server that has not answered by then does not. */
export const turnAnswerMs = 3_000;
/** A packet on a TCP connection: a handshake's datagrams are the largest, and stay below Ethernet's size. */
export const framedPacketBytesMax = 2_048;
/** Connections for voice that nobody has proven to be theirs yet, of all and of one address: a browser does it within a round trip, an office's do not all at once. */
export const mediaConnectionsUnprovenMax = 512;
export const mediaConnectionsUnprovenPerAddressMax = 64;
export const mediaConnectionUnprovenMs = 10_000;
/** Voice that waits for a slow reader: a fifth of a second with us, and about as much that the kernel has and could not send yet. */
export const packetsWaitingForReaderMax = 10;
export const mediaUnsentBytesMax = 2_000;
/** Checks of a browser whose answer has not reached us yet. */
export const earlyChecksMax = 4;
/** ICE and DTLS take a browser a tenth of a second; one that is not up after this will never be. */
export const webRtcSetupMs = 30_000;
/** Passwords hashed at once (19 MiB and a core each), and waiting for that; more are told to come again. */
export const passwordHashesAtOnce = 2;
export const passwordHashesWaitingMax = 100;

/** The longest prompt of an organization's own. */
export const promptMsMax = 5 * 60_000;
/** A sound that is uploaded: five minutes of 16-bit stereo at 48 kHz. */
export const promptBytesMax = 60 * 1024 * 1024;
/** Notification channels of one program or person, and topics on one: the Platform API's figures. */
export const channelsPerActorMax = 20;
export const topicsPerChannelMax = 1_000;
export const channelLifeMs = 24 * 3_600_000;
export const channelHeartbeatMs = 30_000;
/** Conversations in one CSV file. */
export const conversationsExportMax = 10_000;
/** Numbers of one DID pool: the list of numbers is made from the pools. */
export const didsPerPoolMax = 10_000;
/** A signed-in browser stays so for a working day and its overtime. */
export const sessionMs = 12 * 3_600_000;
/** Between the password and the code: enough to look for the phone. */
export const secondFactorMs = 5 * 60_000;
/** A trial's sign-in link, printed when the node starts. */
export const signInLinkMs = 3_600_000;
/** A guest's page may call for this long. */
export const guestLinkMs = 3_600_000;
/** Wrong one-time secrets that one address may present in `signInWindowMs`: nobody types them, so more is guessing. */
export const wrongTicketsMax = 20;
/** So long voice goes both ways in a test from the browser: three reports of each side (RTCP, five seconds). */
export const voiceTestMs = 15_000;
/** A check of the voice path from a browser lives no longer: ICE may take eight seconds, the test its own time, its result a moment. */
export const voiceCheckMs = 30_000;
/** Checks open at once: each holds a stream. */
export const voiceChecksMax = 10;
/** Results that people have sent, on the administrators' page: the older ones are in the log. */
export const networkTestsShown = 50;
/** Sockets of one guest's link: one for the page, one while it reloads, two for somebody's second tab. */
export const guestSocketsMax = 4;
/** Session timers (RFC 4028), in seconds: what we offer (§4 recommends it), what we bear at least, and where we stop believing. */
export const sessionIntervalUsual = 1_800;
export const sessionIntervalMin = 90;
export const sessionIntervalMax = 86_400;
/** A peer may ask this often for a longer interval before its 422 counts as a refusal. */
export const sessionIntervalTriesMax = 3;
/** A refresh that was refused for the moment is tried again after two to four seconds. */
export const refreshRetryMs = 2_000;
/** Branches of one forked INVITE that we keep a dialog for; more are not heard before they answer. */
export const earlyDialogsMax = 16;
