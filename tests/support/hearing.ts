// What a phone hears now: only samples that came after the question count, so that a call that has fallen silent is noticed.
import type { Baresip } from "./baresip.ts";
import { eventually } from "./steps.ts";
import { strongest } from "./tones.ts";

const secondOf = 8_000;
const enough = 6_000;

/** Whatever writes down what it hears, at 8 kHz. */
export type Hearing = { heard(): Int16Array };

export const near = (hz: number, wanted: number): boolean => Math.abs(hz - wanted) <= 12;

export function isSound(samples: Int16Array): boolean {
  return samples.length > 0 && samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length > 100;
}

/** Waits for a tone at `hz` in the last second of what came after the question. @throws with what was heard last */
export function hears(phone: Hearing, hz: number, what: string, ms = 15_000): Promise<void> {
  return listen(phone, `${what}: ${hz} Hz`, (fresh) => near(strongest(fresh).hz, hz), ms);
}

/** Waits for a second of sound after the question in which anything but `hz` is strongest: music, a prompt, somebody else. */
export function hearsOther(phone: Hearing, hz: number, what: string, ms = 15_000): Promise<void> {
  return listen(phone, what, (fresh) => isSound(fresh) && !near(strongest(fresh).hz, hz), ms);
}

/** Waits for any sound after the question. */
export function hearsSomething(phone: Baresip, what: string, ms = 15_000): Promise<void> {
  return listen(phone, what, isSound, ms);
}

/** Both hear what the other says. */
export async function bothHear(
  caller: { readonly phone: Baresip; readonly hz: number },
  agent: { readonly phone: Baresip; readonly hz: number },
  when: string,
): Promise<void> {
  await Promise.all([hears(caller.phone, agent.hz, `the caller hears ${when}`), hears(agent.phone, caller.hz, `the agent hears ${when}`)]);
}

async function listen(phone: Hearing, what: string, isIt: (fresh: Int16Array) => boolean, ms: number): Promise<void> {
  const before = phone.heard().length;
  let fresh = new Int16Array(0);
  await eventually(
    what,
    () => {
      fresh = phone.heard().slice(before);
      return fresh.length >= enough && isIt(fresh.slice(-secondOf));
    },
    ms,
  ).catch((error: Error) => {
    const { hz, share } = strongest(fresh.slice(-secondOf));
    throw new Error(`${error.message}; ${fresh.length} new samples, ${hz} Hz with ${Math.round(share * 100)} % of the energy`);
  });
}
