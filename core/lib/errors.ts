// Operating failures: thrown where they happen, caught only at a boundary (web/errors.tsx, the job loop, the CLI).

/**
 * An operating failure with a sentence for people and a code for machines.
 * `code` follows the Platform API's style (`bad.request`, `not.found`, `general.conflict`); `status` is the HTTP status it maps to.
 * `field` names the input that must be mended, `params` fill the sentence's placeholders for machines.
 */
export class AppError extends Error {
  override readonly name: string = "AppError";
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly field?: string,
    readonly params: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export class BadInput extends AppError {
  override readonly name = "BadInput";
  constructor(message: string, field?: string, code = "bad.request") {
    super(code, message, 400, field);
  }
}

export class Unauthenticated extends AppError {
  override readonly name = "Unauthenticated";
  constructor(message = "No authentication bearer token specified in authorization header.", code = "authentication.required") {
    super(code, message, 401);
  }
}

/** 403 that names the missing permission, `domain:entity:action`. */
export class Forbidden extends AppError {
  override readonly name = "Forbidden";
  constructor(readonly permission: string) {
    super("missing.any.permissions", `You need the permission ${permission} for this.`, 403, undefined, { permissions: permission });
  }
}

export class NotFound extends AppError {
  override readonly name = "NotFound";
  constructor(what: string) {
    super("not.found", `There is no ${what}.`, 404);
  }
}

export class Conflict extends AppError {
  override readonly name = "Conflict";
  constructor(message: string, code = "general.conflict", field?: string) {
    super(code, message, 409, field);
  }
}

/** Something we need (database, disk, media) cannot serve now; `retryAfterMs` says when to try again. */
export class Unavailable extends AppError {
  override readonly name = "Unavailable";
  constructor(
    message: string,
    readonly retryAfterMs = 5_000,
    code = "service.unavailable",
  ) {
    super(code, message, 503);
  }
}
