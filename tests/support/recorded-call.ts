// One whole call between two SIP phones, recorded: for tests that need something real to keep.
import { join } from "node:path";
import { Baresip } from "./baresip.ts";
import { Desk } from "./desk.ts";
import { type Landline, testCentre } from "./landline.ts";
import { type KeptRecording, recordingsOf, withDatabase } from "./ledger.ts";
import { offerMd5 } from "./raw-sip.ts";
import { eventually, expect } from "./steps.ts";

export const callerHz = 440;
export const agentHz = 700;

/** The test centre, with a phone on Priya's desk. */
export function centreWithPhone(address: string): object {
  const document = testCentre([address]) as { users: { email: string }[] };
  document.users = document.users.map((user) => (user.email.startsWith("priya") ? { ...user, phone: true } : user));
  return document;
}

/** What phones heard is found by their folder: each call has its own. */
let calls = 0;

/** Priya answers by herself, both talk for two seconds, the caller hangs up, she wraps up. Returns the conversation and its recording. */
export async function recordedCall(
  landline: Landline,
  address: string,
  account: { readonly username: string; readonly secret: string },
): Promise<{ readonly conversationId: string; readonly recording: KeptRecording }> {
  await offerMd5(address);
  const more = { port: 5_080, rtpPorts: "31000-31999", account: { ...account, answers: "auto" as const } };
  calls += 1;
  const agent = new Baresip(join(landline.folder, `agent-${calls}`), address, agentHz, more);
  const caller = new Baresip(join(landline.folder, `caller-${calls}`), address, callerHz);
  try {
    await eventually("the agent's phone registers", () => agent.log.includes("200 OK"), 10_000);
    const { entities } = await landline.api<{ entities: { id: string; email: string }[] }>("/api/v2/users");
    const userId = entities.find(({ email }) => email.startsWith("priya"))!.id;
    for (const id of ["AVAILABLE", "ON_QUEUE"])
      await landline.api(`/api/v2/users/${userId}/presences/PURECLOUD`, { method: "PATCH", body: { presenceDefinition: { id } } });
    await eventually("the caller's phone is ready", () => caller.log.includes("ready"), 10_000);
    caller.dial(`sip:100@${address}:5060`);
    await eventually("the call is answered", () => caller.established === 1, 10_000);
    caller.press("2");
    await eventually("the agent's phone picks up", () => agent.established === 1, 15_000);
    const heardBefore = caller.heard().length;
    await eventually("both have talked for two seconds", () => caller.heard().length - heardBefore > 16_000);
    caller.hangUp();
    const { conversation, participant } = await eventually("after-call work begins", async () => {
      const [open] = await withDatabase(
        landline,
        (sql) => sql<{ conversation: string; participant: string }[]>`
          select conversation_id as conversation, participant_id as participant from after_call_work where ended_at is null`,
      );
      return open;
    });
    const desk = await Desk.signIn(landline.http, "priya@example.org");
    expect((await desk.post(`/calls/${conversation}/${participant}/wrapup`, { code: "Answered" })) === 204, "the wrap-up is refused");
    const recording = await eventually("the recording is sealed", async () =>
      (await recordingsOf(landline, conversation)).find(({ state }) => state === "sealed"),
    );
    return { conversationId: conversation, recording };
  } finally {
    agent.quit();
    caller.quit();
  }
}
