// The example centre: one number, one flow, two queues, one agent, callers from this machine and guests in a browser. No robot answers in it.
import type { App } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import { type Applied, applyCentre } from "../centre/apply.ts";
import { type CentreDocument, centreDocument } from "../centre/centre.ts";
import { assert } from "../lib/machine.ts";

/** What guests and phones dial. */
export const exampleNumber = "100";
/** Whoever tries a centre that has no owner yet. */
export const trialEmail = "you@trial.invalid";
/** Calls for it ring at people, never at a robot. */
export const tryItQueue = "Try it";

const wrapupCodes = ["Answered", "Passed on", "Call back", "No one there"];

/** Loads the example with `email` as its one agent. @throws Forbidden */
export function loadExample(app: App, actor: Actor, email: string, addresses: readonly string[]): Promise<Applied> {
  return applyCentre(app, actor, exampleCentre(email, addresses), () => {
    assert(false, "the example has no SIP phone");
  });
}

/** `addresses`: this machine's own; a phone on it may call from any of them. */
function exampleCentre(email: string, addresses: readonly string[]): CentreDocument {
  return centreDocument.parse({
    languages: ["English"],
    skills: ["Accounts"],
    wrapupCodes,
    // Somebody who is there already keeps name and password; only the skills are added.
    users: [{ name: "You", email, roles: ["admin"], skills: { Accounts: 4, English: 5 } }],
    queues: ["Accounts", tryItQueue].map((name) => ({ name, alertingTimeoutSeconds: 30, members: [email], wrapupCodes })),
    flows: [
      {
        name: "Main",
        type: "INBOUNDCALL",
        start: "welcome",
        onError: "sorry",
        actions: {
          welcome: { type: "playAudio", name: "Welcome", audio: ["system.welcome", "system.recorded"], outputs: { next: "menu" } },
          menu: {
            type: "menu",
            name: "Main menu",
            audio: ["system.menu"],
            choices: ["1", "2"],
            outputs: { 1: "accounts", 2: "tryIt", noInput: "tryIt", noMatch: "tryIt" },
          },
          accounts: { type: "setParticipantData", name: "Reason", values: { Reason: '"Accounts"' }, outputs: { next: "toAccounts" } },
          toAccounts: {
            type: "transferToAcd",
            name: "To Accounts",
            queue: "Accounts",
            skills: ["Accounts"],
            outputs: { failure: "sorry" },
          },
          tryIt: { type: "transferToAcd", name: "To Try it", queue: tryItQueue, outputs: { failure: "sorry" } },
          sorry: { type: "playAudio", name: "Apology", audio: ["system.error"], outputs: { next: "bye" } },
          bye: { type: "disconnect", name: "Goodbye" },
        },
      },
    ],
    ivrs: [{ name: "Main number", dnis: ["+441632960100", exampleNumber], flow: "Main" }],
    trunks: [{ name: "This machine", addresses: ["127.0.0.1", ...addresses] }],
  });
}
