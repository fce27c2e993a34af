// The small centre that a trial starts with: one number, one flow, two queues, one agent, callers from this machine.
import type { CentreDocument } from "../core/centre/centre.ts";
import { centreDocument } from "../core/centre/centre.ts";

/** `password` is made anew for each trial and printed once. `addresses`: this machine's own; a phone on it may call from any of them. */
export function trialCentre(password: string, addresses: readonly string[]): CentreDocument {
  return centreDocument.parse({
    languages: ["English"],
    skills: ["Accounts"],
    wrapupCodes: ["Answered", "Passed on", "Call back", "No one there"],
    users: [
      { name: "Ada Trial", email: "ada@trial.example", password, roles: ["admin"], skills: { Accounts: 4, English: 5 } },
      { name: "Ben Trial", email: "ben@trial.example", password, roles: ["agent"], skills: { Accounts: 2, English: 5 } },
    ],
    queues: ["Accounts", "Service"].map((name) => ({
      name,
      alertingTimeoutSeconds: 15,
      members: ["ada@trial.example", "ben@trial.example"],
      wrapupCodes: ["Answered", "Passed on", "Call back", "No one there"],
    })),
    flows: [
      {
        name: "Main",
        type: "INBOUNDCALL",
        start: "welcome",
        onError: "sorry",
        actions: {
          welcome: { type: "playAudio", name: "Welcome", audio: ["system.welcome"], outputs: { next: "menu" } },
          menu: {
            type: "menu",
            name: "Main menu",
            audio: ["system.menu"],
            choices: ["1", "2"],
            outputs: { 1: "accounts", 2: "service", noInput: "service", noMatch: "service" },
          },
          accounts: { type: "setParticipantData", name: "Reason", values: { Reason: '"Accounts"' }, outputs: { next: "toAccounts" } },
          toAccounts: {
            type: "transferToAcd",
            name: "To Accounts",
            queue: "Accounts",
            skills: ["Accounts"],
            outputs: { failure: "sorry" },
          },
          service: { type: "transferToAcd", name: "To Service", queue: "Service", outputs: { failure: "sorry" } },
          sorry: { type: "playAudio", name: "Apology", audio: ["system.error"], outputs: { next: "bye" } },
          bye: { type: "disconnect", name: "Goodbye" },
        },
      },
    ],
    ivrs: [{ name: "Main number", dnis: ["+441632960100", "100"], flow: "Main" }],
    trunks: [{ name: "This machine", addresses: ["127.0.0.1", ...addresses] }],
  });
}
