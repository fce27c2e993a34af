// A centre as one document: people, queues, flows, numbers, trunks. What `config apply` reads.
import { z } from "zod";
import { dialledNumber } from "../architect/kinds.ts";
import { newUser } from "../directory/user.ts";
import { queueSettings } from "../routing/queue.ts";
import { callAlarmSettings, rateTableSettings } from "../telephony/alarm-kinds.ts";
import {
  conferenceRoomSettings,
  numberPlanSettings,
  outboundRouteSettings,
  siteSettings,
  stationSettings,
  trunkSettings,
} from "../telephony/kinds.ts";

const name = z.string().trim().min(1, "A name is needed.").max(256);

export const centreDocument = z.strictObject({
  skills: z.array(name).default([]),
  languages: z.array(name).default([]),
  wrapupCodes: z.array(name).default([]),
  users: z
    .array(
      newUser.extend({
        skills: z.record(z.string(), z.number().min(0).max(5)).default({}),
        /** A SIP phone that rings instead of the browser: its secret is made and told once. With settings of its own, or none. */
        phone: z.union([z.boolean(), stationSettings.pick({ mediaEncryption: true })]).default(false),
      }),
    )
    .default([]),
  queues: z.array(queueSettings.extend({ members: z.array(z.email()).default([]), wrapupCodes: z.array(name).default([]) })).default([]),
  /** Flow documents, as web/help describes them; checked as a whole. */
  flows: z.array(z.looseObject({ name, type: z.enum(["INBOUNDCALL", "INQUEUECALL"]) })).default([]),
  ivrs: z
    .array(
      z.strictObject({
        name,
        dnis: z.array(dialledNumber).min(1),
        flow: name,
      }),
    )
    .default([]),
  conferenceRooms: z.array(conferenceRoomSettings).default([]),
  /** `password`: of the carrier's account; without one, what is set stays. */
  trunks: z.array(trunkSettings.extend({ password: z.string().optional() })).default([]),
  /** Trunks, people and sites are named by their names and email addresses. */
  sites: z
    .array(
      siteSettings
        .omit({ emergencyTrunkIds: true, emergencyContactIds: true })
        .extend({ emergencyTrunks: z.array(name).default([]), emergencyContacts: z.array(z.email()).default([]) }),
    )
    .default([]),
  outboundRoutes: z
    .array(outboundRouteSettings.omit({ siteId: true, trunkIds: true }).extend({ site: name, trunks: z.array(name).min(1) }))
    .default([]),
  numberPlans: z.array(numberPlanSettings.omit({ siteId: true }).extend({ site: name })).default([]),
  rateTables: z.array(rateTableSettings).default([]),
  callAlarms: z.array(callAlarmSettings).default([]),
});

export type CentreDocument = z.infer<typeof centreDocument>;
