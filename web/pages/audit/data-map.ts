// What is stored, where, whose it is, how it is protected and how long it stays: every table and every folder. A test misses none.

export type StoredKind = {
  readonly what: string;
  /** Tables, or folders and files below the data directory. */
  readonly tables: readonly string[];
  readonly files: readonly string[];
  readonly whose: string;
  readonly protection: string;
  readonly kept: string;
  /** The organisation's days of retention hold for it, when it has any. */
  readonly isRetained?: true;
};

export const dataMap: readonly StoredKind[] = [
  {
    what: "Recordings",
    tables: ["recording"],
    files: ["recordings/"],
    whose: "Callers and agents",
    protection: "AES-256-GCM, a key for each recording beside it, wrapped by the key file; signed",
    kept: "Until erased",
    isRetained: true,
  },
  {
    what: "The log: what happened",
    tables: ["event", "event_pruned"],
    files: ["checkpoints.log"],
    whose: "Everybody, by ids only",
    protection: "Hash chain, heads signed with Ed25519",
    kept: "For ever",
  },
  {
    what: "The log: what was said of it",
    tables: ["event_payload", "data_key"],
    files: ["journal/"],
    whose: "Callers, agents, the organization",
    protection: "AES-256-GCM, a key for each conversation and person, wrapped by the key file",
    kept: "Until its key or itself is erased; the chain stays",
  },
  {
    what: "Conversations",
    tables: [
      "conversation",
      "participant",
      "segment",
      "waiting_conversation",
      "alert",
      "routing_decision",
      "after_call_work",
      "help_call",
      "call_charge",
    ],
    files: [],
    whose: "Callers and agents",
    protection: "As the disk is",
    kept: "Until erased",
  },
  {
    what: "People and their state",
    tables: ["user", "agent", "user_skill", "queue_member"],
    files: [],
    whose: "People who work here",
    protection: "As the disk is; passwords as Argon2id",
    kept: "As long as what they did is in the log",
  },
  {
    what: "Where people work today",
    tables: ["whereabouts"],
    files: [],
    whose: "People who work here",
    protection: "As the disk is; in the log only with a call for help",
    kept: "A day",
  },
  {
    what: "Sign-ins and tokens",
    tables: ["session", "access_token", "oauth_client"],
    files: [],
    whose: "People who work here, programs",
    protection: "Only hashes of what is secret",
    kept: "Sessions twelve hours, tokens as the client says",
  },
  {
    what: "Second factors",
    tables: ["totp", "recovery_code"],
    files: [],
    whose: "People who work here",
    protection: "Secrets sealed with the key file, recovery codes as hashes",
    kept: "Until replaced or taken away",
  },
  {
    what: "One-time links and the first set-up",
    tables: ["ticket", "setup"],
    files: ["kept.toml", "tls/", "landline.key.sealed"],
    whose: "The organization",
    protection: "Links as hashes; the copy of the key file opens with the recovery kit only",
    kept: "Links until used or an hour, the rest as long as it is needed",
  },
  {
    what: "Configuration",
    tables: [
      "organization",
      "division",
      "queue",
      "skill",
      "wrapup_code",
      "presence_definition",
      "trunk",
      "station",
      "did_pool",
      "conference_room",
      "site",
      "number_plan",
      "outbound_route",
      "rate_table",
      "call_alarm",
      "call_stop",
      "ivr",
      "flow",
      "prompt",
      "prompt_audio",
    ],
    files: [],
    whose: "The organization",
    protection: "As the disk is; secrets of phones, passwords and keys of trunks sealed with the key file",
    kept: "Until changed; every version is in the log",
  },
  {
    what: "How the nodes work together",
    tables: ["node", "binding", "inbox", "audited_table", "migration"],
    files: ["postgres/", "node-id", "node.lock", "lib/"],
    whose: "Nobody",
    protection: "As the disk is",
    kept: "As long as it is needed",
  },
  {
    what: "Digits typed privately",
    tables: [],
    files: [],
    whose: "Callers",
    protection: "Never stored",
    kept: "Not at all",
  },
];
