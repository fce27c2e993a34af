// Prompts of the organization's own: a name that flows use, and a sound that is brought into the one form that the media plane plays.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { App } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import type { PromptId } from "../lib/id.ts";
import { promptMsMax } from "../lib/limits.ts";
import { loadSamples, promptSamples, wavOf } from "../lib/samples.ts";
import { objectEvent } from "../objects/commands.ts";
import type { ConfiguredObject, ObjectKind } from "../objects/object.ts";
import { renameInFlows } from "./kinds.ts";
import { flowUses } from "./references.ts";

export const promptSettings = z.strictObject({
  name: z
    .string({ error: "A prompt needs a name." })
    .trim()
    .min(1, "A prompt needs a name.")
    .max(128, "At most 128 characters.")
    .regex(/^[\w .-]+$/, "Letters, digits, spaces, dots, hyphens and underscores.")
    .refine((name) => !/^(system|number|music)\./i.test(name), "Names that begin with system, number or music and a dot are ours."),
  description: z.string().trim().max(512, "At most 512 characters.").default(""),
});
export type PromptSettings = z.infer<typeof promptSettings>;

/** Both null until a sound was given. */
export type Prompt = ConfiguredObject &
  PromptSettings & { readonly id: PromptId; readonly audioSha256: string | null; readonly audioMs: number | null };

export const promptKind: ObjectKind<Prompt, PromptSettings> = {
  noun: "prompt",
  table: "prompt",
  event: "architect.prompt",
  permissions: {
    view: "architect:userPrompt:view",
    add: "architect:userPrompt:add",
    edit: "architect:userPrompt:edit",
    delete: "architect:userPrompt:delete",
  },
  settings: promptSettings,
  store: (stores) => stores.prompts,
  make: () => ({ audioSha256: null, audioMs: null }) as never,
  usedBy: (app, stores, prompt) => flowUses(app, stores, "prompt", prompt.name),
  written: async (app, actor, stores, before, after) =>
    before === null || after === null ? [] : renameInFlows(app, actor, stores, "prompt", before.name, after.name),
};

/**
 * Gives a prompt its sound: any WAV with PCM or floats, one or two channels, 8 to 48 kHz; kept as 16 bits, one channel, 8 kHz, levelled and
 * faded. It is heard from the next play on. @throws Forbidden · NotFound · BadInput that says what is wrong with the file · Conflict
 */
export async function setPromptAudio(app: App, actor: Actor, id: PromptId, file: Uint8Array): Promise<Prompt> {
  const samples = promptSamples(file);
  const audioMs = Math.round(samples.length / 8);
  if (audioMs < 100) throw new BadInput("This is shorter than a tenth of a second.", "audio");
  if (audioMs > promptMsMax) throw new BadInput(`A prompt lasts ${promptMsMax / 60_000} minutes at most.`, "audio");
  const wav = wavOf(samples);
  const audioSha256 = createHash("sha256").update(wav).digest("hex");
  const { value } = await app.unit.run(async (stores) => {
    const before = found(actor, "prompt with this id", await stores.prompts.byId(id));
    demand(actor, "architect:userPrompt:edit", before);
    const after: Prompt = { ...before, audioSha256, audioMs, version: before.version + 1, modifiedAt: app.env.clock.now() };
    if (!(await stores.prompts.update(after, before.version))) throw new Conflict("Somebody else has changed this prompt meanwhile.");
    await stores.prompts.setAudio(id, wav);
    return { value: after, events: [objectEvent(app, actor, promptKind, before, after)] };
  });
  return value;
}

/** The sounds of all prompts that have one, by name, as WAV. A sound that is not what its row says is left out: `onDamaged` is told. */
export async function promptSounds(app: App, onDamaged: (prompt: Prompt) => void): Promise<ReadonlyMap<string, Uint8Array>> {
  const sounds = new Map<string, Uint8Array>();
  for (const prompt of await app.stores.prompts.all(app.organizationId)) {
    if (prompt.audioSha256 === null) continue;
    const wav = await app.stores.prompts.audio(prompt.id);
    const isWhole = wav !== null && createHash("sha256").update(wav).digest("hex") === prompt.audioSha256;
    if (isWhole && loadSamples(wav).length > 0) sounds.set(prompt.name, wav);
    else onDamaged(prompt);
  }
  return sounds;
}
