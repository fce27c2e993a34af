// The centre of a load test: one number that leads straight into one queue, and as many people with phones as are asked for.
import { type CentreDocument, centreDocument } from "../centre/centre.ts";
import { demoCallersAddress } from "./centre.ts";
import { demoMailDomain, marked } from "./mark.ts";

export const loadNumber = "+441632960900";
/** Callers are told apart by six more digits. */
export const loadCallerPrefix = "+441632960";

export function loadCentre(agents: number): CentreDocument {
  const names = Array.from({ length: agents }, (_, i) => `robot-${i + 1}`);
  const emailOf = (name: string): string => `${name}@${demoMailDomain}`;
  const [queue, flow, code] = [marked("Load"), marked("Load"), marked("Done")];
  return centreDocument.parse({
    wrapupCodes: [code],
    users: names.map((name) => ({ name: marked(name), email: emailOf(name), roles: ["agent"], phone: true })),
    queues: [{ name: queue, alertingTimeoutSeconds: 30, members: names.map(emailOf), wrapupCodes: [code] }],
    flows: [
      {
        ...{ name: flow, type: "INBOUNDCALL", start: "toQueue" },
        actions: {
          toQueue: { type: "transferToAcd", name: "To the queue", queue, outputs: { failure: "bye" } },
          bye: { type: "disconnect", name: "Goodbye" },
        },
      },
    ],
    ivrs: [{ name: marked("Load"), dnis: [loadNumber], flow }],
    trunks: [{ name: marked("Load"), addresses: [demoCallersAddress] }],
  });
}
