// What a browser has chosen for itself, read before anything is said: its language, and whether single keys control the call.
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { WebEnv } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { inLanguage, languageFor } from "../ui/text.ts";

export const languageCookie = "landline_language";
export const callKeysCookie = "landline_call_keys";

export const preferences =
  (ports: Pick<WebPorts, "organizationLanguage">): MiddlewareHandler<WebEnv> =>
  (c, next) => {
    c.set("callKeys", getCookie(c, callKeysCookie) !== "off");
    return inLanguage(languageFor(getCookie(c, languageCookie), c.req.header("accept-language"), ports.organizationLanguage), next);
  };
