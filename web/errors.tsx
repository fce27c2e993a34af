// The boundary of operating failures: the Platform API's error body for programs, a page or a form's own answer for people.
import { AppError, Unavailable } from "../core/lib/errors.ts";
import type { WebContext } from "./context.ts";
import { wantsFragment } from "./context.ts";
import type { WebPorts } from "./ports.ts";
import { Document } from "./ui/document.tsx";
import { Icon } from "./ui/icon.tsx";
import { said, t } from "./ui/text.ts";

/** `error.status` with the shape that the SDK's clients expect; never empty, also for paths that do not exist. */
export function apiError(c: WebContext, ports: WebPorts, error: unknown): Response {
  const known = asAppError(c, ports, error);
  if (known instanceof Unavailable) c.header("retry-after", String(Math.ceil(known.retryAfterMs / 1_000)));
  c.header("inin-correlation-id", c.var.requestId);
  const body = {
    message: known.message,
    code: known.code,
    status: known.status,
    contextId: c.var.requestId,
    details: known.field === undefined ? [] : [{ errorCode: known.code, fieldName: known.field }],
    errors: [],
    messageWithParams: known.message,
    messageParams: known.params,
  };
  return c.json(body, known.status as 400);
}

export function pageError(c: WebContext, ports: WebPorts, error: unknown): Response | Promise<Response> {
  const known = asAppError(c, ports, error);
  const body = (
    <main class="main" id="main" tabindex={-1}>
      <div class="page">
        <div class="empty">
          <Icon name="circle-alert" />
          <h1>{t(titleOf(known.status))}</h1>
          <p class="quiet">{said(known.message)}</p>
          <p class="caption">
            {t("Reference")} <span class="mono">{c.var.requestId}</span>
          </p>
          <a class="button" href="/">
            {t("To the start")}
          </a>
        </div>
      </div>
    </main>
  );
  c.status(known.status as 400);
  return c.html(
    wantsFragment(c) ? (
      body
    ) : (
      <Document title={t(titleOf(known.status))} bodyClass="gate">
        {body}
      </Document>
    ),
  );
}

function titleOf(status: number): string {
  if (status === 403) return "Not for you";
  if (status === 404) return "Not here";
  if (status === 409) return "Changed meanwhile";
  if (status === 503) return "Not just now";
  return status >= 500 ? "Something broke" : "That cannot be done";
}

// A bug tells people nothing but where to look; the log has the rest.
function asAppError(c: WebContext, ports: WebPorts, error: unknown): AppError {
  if (error instanceof AppError) return error;
  ports.app.env.log.error("request failed", {
    request: c.var.requestId,
    path: c.req.path,
    reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return new AppError("internal.server.error", "Something went wrong here. It has been written down.", 500);
}
