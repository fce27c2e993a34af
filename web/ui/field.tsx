// A field of a form: label, control, help, and the error with its mend beside it.
import type { Child } from "hono/jsx";
import { Icon } from "./icon.tsx";
import { said } from "./text.ts";

export function Field(props: {
  readonly id: string;
  readonly label: string;
  readonly help?: string;
  readonly error?: string | undefined;
  readonly children: Child;
}) {
  return (
    <div class="field">
      <label for={props.id}>{props.label}</label>
      {props.children}
      {props.help === undefined ? null : (
        <span class="help" id={`${props.id}-help`}>
          {props.help}
        </span>
      )}
      {props.error === undefined ? null : (
        <span class="error" id={`${props.id}-error`} role="alert">
          <Icon name="circle-alert" />
          {said(props.error)}
        </span>
      )}
    </div>
  );
}

/** What a control says of itself, so that help and error are read with it. */
export function described(id: string, error: string | undefined, hasHelp: boolean) {
  const by = [hasHelp ? `${id}-help` : "", error === undefined ? "" : `${id}-error`].filter((part) => part !== "").join(" ");
  return { id, "aria-invalid": error === undefined ? undefined : ("true" as const), "aria-describedby": by === "" ? undefined : by };
}
