// Disconnect: ends the call.
import { z } from "zod";
import type { ActionKind } from "../action.ts";

const schema = z.strictObject({});

export const disconnect: ActionKind<z.infer<typeof schema>, never> = {
  type: "disconnect",
  schema,
  flowTypes: ["INBOUNDCALL", "INQUEUECALL"],
  outputs: () => ({ required: [], optional: [] }),
  start: () => ({ kind: "end", outputs: [{ kind: "disconnect" }] }),
};
