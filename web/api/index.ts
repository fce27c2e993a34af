// Every operation of the API, in the order of the families.
import type { ApiRoute } from "../route.ts";
import { landlineRoutes } from "./landline.ts";
import { peopleRoutes } from "./people.ts";
import { routingRoutes } from "./routing.ts";

export const apiRoutes: readonly ApiRoute[] = [...peopleRoutes, ...routingRoutes, ...landlineRoutes];
