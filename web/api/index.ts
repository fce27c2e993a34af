// Every operation of the API, in the order of the families.
import type { ApiRoute } from "../route.ts";
import { callRoutes } from "./calls.ts";
import { conversationDetailRoutes } from "./conversation-details.ts";
import { landlineRoutes } from "./landline.ts";
import { notificationRoutes } from "./notifications.ts";
import { oauthClientRoutes } from "./oauth-clients.ts";
import { observationRoutes } from "./observations.ts";
import { peopleRoutes } from "./people.ts";
import { presenceRoutes } from "./presence-definitions.ts";
import { routingRoutes } from "./routing.ts";
import { siteRoutes } from "./sites.ts";
import { telephonyRoutes } from "./telephony.ts";

export const apiRoutes: readonly ApiRoute[] = [
  ...peopleRoutes,
  ...oauthClientRoutes,
  ...presenceRoutes,
  ...routingRoutes,
  ...telephonyRoutes,
  ...siteRoutes,
  ...callRoutes,
  ...conversationDetailRoutes,
  ...observationRoutes,
  ...notificationRoutes,
  ...landlineRoutes,
];
