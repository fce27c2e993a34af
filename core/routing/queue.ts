// A routing queue: its settings as the Platform API names them, one schema for form, API and command.
import { z } from "zod";
import { isId, type QueueId, type SkillId, type UserId, type WrapupCodeId } from "../lib/id.ts";
import type { ConfiguredObject } from "../objects/object.ts";

export const skillEvaluationMethods = ["ALL", "BEST", "NONE"] as const;
export type SkillEvaluationMethod = (typeof skillEvaluationMethods)[number];
export const scoringMethods = ["TimestampAndPriority", "PriorityOnly"] as const;
export type ScoringMethod = (typeof scoringMethods)[number];
/** The Platform API's wrapupPrompt: how after-call work begins and ends. */
export const wrapupPrompts = ["MANDATORY", "MANDATORY_TIMEOUT", "MANDATORY_FORCED_TIMEOUT", "OPTIONAL", "AGENT_REQUESTED"] as const;
export type WrapupPrompt = (typeof wrapupPrompts)[number];

/** Limits of the form and the API; seconds and ms as the Platform API counts them. */
export const queueSettings = z.strictObject({
  name: z.string({ error: "A queue needs a name." }).trim().min(1, "A queue needs a name.").max(256, "At most 256 characters."),
  description: z.string().trim().max(512, "At most 512 characters.").default(""),
  skillEvaluationMethod: z.enum(skillEvaluationMethods, { error: "One of ALL, BEST, NONE." }).default("ALL"),
  scoringMethod: z.enum(scoringMethods, { error: "One of TimestampAndPriority, PriorityOnly." }).default("TimestampAndPriority"),
  /** Seconds an agent's station rings before the agent is set to Not Responding. */
  alertingTimeoutSeconds: z.coerce
    .number({ error: "A whole number of seconds." })
    .int("A whole number of seconds.")
    .min(7, "At least 7 seconds: a phone needs time to ring.")
    .max(600, "At most 600 seconds.")
    .default(8),
  /** Share of conversations, 0–1, answered within `serviceLevelMs`. */
  serviceLevelPercentage: z.coerce.number({ error: "A number from 0 to 1." }).min(0, "From 0 to 1.").max(1, "From 0 to 1.").default(0.8),
  serviceLevelMs: z.coerce
    .number({ error: "A whole number of milliseconds." })
    .int()
    .min(1_000, "At least one second.")
    .max(86_400_000, "At most one day.")
    .default(20_000),
  acwWrapupPrompt: z.enum(wrapupPrompts, { error: `One of ${wrapupPrompts.join(", ")}.` }).default("MANDATORY_TIMEOUT"),
  acwTimeoutMs: z.coerce
    .number({ error: "A whole number of milliseconds." })
    .int()
    .min(1_000, "At least one second.")
    .max(900_000, "At most 15 minutes.")
    .default(60_000),
  /** Codes that its agents may choose from. */
  wrapupCodeIds: z.array(z.string().refine(isId, "Not a wrap-up code.")).max(200, "At most 200 codes.").default([]),
});
export type QueueSettings = z.infer<typeof queueSettings>;

export type Queue = ConfiguredObject &
  QueueSettings & {
    readonly id: QueueId;
    /** Queues connected by shared members carry one pool id; it names the lock under which work is assigned. */
    readonly poolId: string;
  };

export type QueueMember = { readonly queueId: QueueId; readonly userId: UserId; readonly joined: boolean };

export const skillKinds = ["skill", "language"] as const;
export const skillSettings = z.strictObject({
  name: z.string({ error: "A skill needs a name." }).trim().min(1, "A skill needs a name.").max(200, "At most 200 characters."),
  kind: z.enum(skillKinds, { error: "One of skill, language." }).default("skill"),
});
export type SkillSettings = z.infer<typeof skillSettings>;
export type Skill = ConfiguredObject & SkillSettings & { readonly id: SkillId };

export type UserSkill = { readonly userId: UserId; readonly skillId: SkillId; readonly proficiency: number };

export const wrapupCodeSettings = z.strictObject({
  name: z.string({ error: "A code needs a name." }).trim().min(1, "A code needs a name.").max(200, "At most 200 characters."),
});
export type WrapupCodeSettings = z.infer<typeof wrapupCodeSettings>;
export type WrapupCode = ConfiguredObject & WrapupCodeSettings & { readonly id: WrapupCodeId };
/** The code the system sets when after-call work runs out without one (Platform API's own name). */
export const wrapupTimeoutCode = "ININ-WRAP-UP-TIMEOUT";
