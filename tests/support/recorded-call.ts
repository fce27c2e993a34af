// One whole call between two SIP phones, recorded: for tests that need something real to keep.
import { join } from "node:path";
import { Baresip } from "./baresip.ts";
import { Desk } from "./desk.ts";
import { type Landline, testCentre } from "./landline.ts";
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

/** Priya answers by herself, both talk for two seconds, the caller hangs up, she wraps up. Returns the conversation and its recording's path. */
export async function recordedCall(
  landline: Landline,
  address: string,
  account: { readonly username: string; readonly secret: string },
): Promise<{ readonly conversationId: string; readonly path: string }> {
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
    const ended = await eventually("after-call work begins", async () => {
      const [newest] = (await landline.api<{ entities: { id: string; endedAt: number | null }[] }>("/api/v2/landline/conversations"))
        .entities;
      return newest !== undefined && newest.endedAt !== null ? newest : null;
    });
    const { participants } = await landline.api<{ participants: { id: string; purpose: string }[] }>(`/api/v2/conversations/${ended.id}`);
    const { id: agentPart } = participants.findLast(({ purpose }) => purpose === "agent")!;
    const desk = await Desk.signIn(landline.http, "priya@example.org");
    expect((await desk.post(`/calls/${ended.id}/${agentPart}/wrapup`, { code: "Answered" })) === 204, "the wrap-up is refused");
    const recording = await eventually("the recording is sealed", async () => {
      const { entities } = await landline.api<{ entities: { state: string; path: string }[] }>(
        `/api/v2/landline/conversations/${ended.id}/recordings`,
      );
      return entities.find(({ state }) => state === "sealed");
    });
    return { conversationId: ended.id, path: recording.path };
  } finally {
    agent.quit();
    caller.quit();
  }
}
