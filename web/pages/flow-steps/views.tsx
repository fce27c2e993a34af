// A flow's steps as a form: what is said, what is asked, where each answer leads.

import { registry } from "../../../core/architect/actions/registry.ts";
import type { FlowAction } from "../../../core/architect/document.ts";
import { paramsOf } from "../../../core/architect/document.ts";
import { Field, type FieldErrors, Group, Note, Saved } from "../../ui/form.tsx";
import { said, t } from "../../ui/text.ts";
import type { Option } from "../objects/object-page.ts";
import { ChangeBar, Changes } from "../objects/views.tsx";
import { keys, type Step, type StepChange } from "./steps.ts";

export type StepsProps = {
  readonly steps: readonly Step[];
  readonly start: string;
  /** As it is edited, with what is not saved yet. */
  readonly document: string;
  readonly version: number;
  /** By `<step>.<field>`; what has no field of its own stands at `document`. */
  readonly errors: FieldErrors;
  readonly preview: readonly StepChange[] | null;
  readonly prompts: readonly Option[];
  readonly queues: readonly Option[];
  readonly inQueueFlows: readonly Option[];
  /** Its own address: as it was. */
  readonly discard: string;
  readonly mayEdit: boolean;
  readonly saved: boolean;
  readonly csrf: string;
};

const typeWords: Readonly<Record<string, string>> = {
  menu: "Menu",
  collectInput: "Collect input",
  playAudio: "Play audio",
  playPosition: "Play position",
  playEstimatedWait: "Play estimated wait",
  holdMusic: "Hold music",
  transferToAcd: "Transfer to a queue",
  setParticipantData: "Set participant data",
  setRecordingState: "Set recording state",
  decision: "Decision",
  disconnect: "Disconnect",
};
const outputWords: Readonly<Record<string, string>> = {
  next: "Then",
  success: "When typed",
  noInput: "When nothing is pressed",
  noMatch: "When another key is pressed",
  failure: "When that fails",
  yes: "If so",
  no: "If not",
};
/** A field of a change, as its label in the form says it. */
function fieldWord(field: string): string {
  const output = field.startsWith("to.") ? field.slice("to.".length) : null;
  if (output !== null)
    return (keys as readonly string[]).includes(output) ? t("Key {key}", { key: output }) : t(outputWords[output] ?? output);
  return field === "" ? "" : t(fieldWords[field] ?? field);
}

const fieldWords: Readonly<Record<string, string>> = {
  name: "Name",
  audio: "What is heard",
  queue: "Queue",
  inQueueFlow: "While they wait",
  minDigits: "At least so many digits",
  maxDigits: "At most so many digits",
  log: "What is typed",
  timeoutMs: "Waits after the prompt, milliseconds",
  forMs: "Plays for, milliseconds",
};

/** How many prompts one step plays at most by this form. */
const promptPlaces = 4;

export function StepsForm(props: StepsProps) {
  const wrong = Object.keys(props.errors).length;
  return (
    <form class="stack" method="post" data-plain>
      <input type="hidden" name="csrf" value={props.csrf} />
      <input type="hidden" name="version" value={String(props.version)} />
      <input type="hidden" name="document" value={props.document} />
      {props.saved ? <Saved said={t("Saved.")} /> : null}
      {props.errors.document === undefined ? null : (
        <Note tone="bad" icon="circle-alert">
          {said(props.errors.document)}
        </Note>
      )}
      {props.preview === null ? null : (
        <section class="preview" aria-labelledby="preview-title" id="preview" tabindex={-1}>
          <h2 id="preview-title">{t("What would change")}</h2>
          {props.preview.length === 0 ? (
            <p class="quiet">{t("Nothing: every field is as it was.")}</p>
          ) : (
            <Changes
              changes={props.preview.map(({ step, field, before, after }) => ({
                label: [step, fieldWord(field)].filter(Boolean).join(", "),
                before,
                after,
              }))}
            />
          )}
        </section>
      )}
      {props.steps.map((step) => (
        <StepGroup {...props} step={step} />
      ))}
      {props.mayEdit ? <ChangeBar wrong={wrong} discard={props.discard} /> : null}
    </form>
  );
}

function StepGroup(props: StepsProps & { readonly step: Step }) {
  const { id, action } = props.step;
  const type = t(typeWords[action.type] ?? action.type);
  const about = id === props.start ? `${type} · ${t("a call begins here")}` : type;
  const field = (name: string): string => `${id}.${name}`;
  const error = (name: string): string | undefined => props.errors[field(name)];
  const text = (name: string, label: string, value: string, more: object = {}) => (
    <Field name={field(name)} label={label} error={error(name)}>
      {(input) => <input class="input" {...input} value={value} autocomplete="off" {...more} />}
    </Field>
  );
  const seconds = (name: string, label: string) =>
    action[`${name}Ms`] === undefined ? null : text(name, label, String(Number(action[`${name}Ms`]) / 1_000), { inputmode: "decimal" });
  const choice = (name: string, label: string, value: string, options: readonly Option[], none?: string) => (
    <Field name={field(name)} label={label} error={error(name)}>
      {(input) => <Select input={input} value={value} options={options} none={none} />}
    </Field>
  );
  return (
    <Group id={`step-${id}`} title={action.name} about={about}>
      {text("name", t("Name"), action.name)}
      {action.audio === undefined ? null : <Audio {...props} field={field("audio")} action={action} error={error("audio")} />}
      {action.type === "transferToAcd" ? choice("queue", t("Queue"), String(action.queue ?? ""), props.queues) : null}
      {action.type === "transferToAcd"
        ? choice(
            "inQueueFlow",
            t("While they wait"),
            String(action.inQueueFlow ?? ""),
            props.inQueueFlows,
            t("The default: music, place and wait"),
          )
        : null}
      {action.type === "collectInput"
        ? text("minDigits", t("At least so many digits"), String(action.minDigits ?? 1), { inputmode: "numeric" })
        : null}
      {action.type === "collectInput"
        ? text("maxDigits", t("At most so many digits"), String(action.maxDigits ?? 20), { inputmode: "numeric" })
        : null}
      {action.type === "collectInput"
        ? choice("log", t("What is typed"), String(action.log === true), [
            { value: "false", label: t("Private: nobody reads it") },
            { value: "true", label: t("May be read by people") },
          ])
        : null}
      {seconds("timeout", t("Waits after the prompt, seconds"))}
      {seconds("for", t("Plays for, seconds"))}
      <Outputs {...props} />
    </Group>
  );
}

function Audio(props: StepsProps & { readonly field: string; readonly action: FlowAction; readonly error: string | undefined }) {
  const { action } = props;
  const chosen = Array.isArray(action.audio) ? action.audio.map(String) : [String(action.audio)];
  const places = Array.isArray(action.audio) ? Math.min(20, Math.max(promptPlaces, chosen.length)) : 1;
  return (
    <Field name={props.field} label={t("What is heard")} error={props.error} help={t("Record your own on the page Prompts.")}>
      {({ id, ...input }) => (
        <ol class="ranked">
          {Array.from({ length: places }, (_, n) => (
            <li>
              <Select
                input={n === 0 ? { id, ...input } : { ...input, "aria-label": t("Place {n}", { n: n + 1 }) }}
                value={chosen[n] ?? ""}
                options={props.prompts}
                none="–"
              />
            </li>
          ))}
        </ol>
      )}
    </Field>
  );
}

/** Where each answer leads: a menu's keys, whatever else the action has for outputs. */
function Outputs(props: StepsProps & { readonly step: Step }) {
  const { id, action } = props.step;
  const kind = registry.get(action.type);
  const params = kind?.schema.safeParse(paramsOf(action));
  const allowed = kind === undefined || params?.success !== true ? { required: [], optional: [] } : kind.outputs(params.data);
  const isMenu = action.type === "menu";
  const rest = [...allowed.required, ...allowed.optional].filter((output) => !isMenu || !(keys as readonly string[]).includes(output));
  const targets: readonly Option[] = [
    ...props.steps.filter((step) => step.id !== id).map((step) => ({ value: step.id, label: step.action.name })),
    { value: "new:queue", label: t("New step: transfer to a queue") },
    { value: "new:prompt", label: t("New step: play audio") },
    { value: "new:end", label: t("New step: disconnect") },
  ];
  const to = (output: string, label: string) => (
    <Field name={`${id}.to.${output}`} label={label} error={props.errors[`${id}.to.${output}`]}>
      {(input) => <Select input={input} value={action.outputs[output] ?? ""} options={targets} none={t("nowhere")} />}
    </Field>
  );
  return (
    <>
      {isMenu ? (
        <fieldset class="field keys-to" data-wide="">
          <legend>{t("Where each key leads")}</legend>
          <div class="row">{keys.map((key) => to(key, t("Key {key}", { key })))}</div>
        </fieldset>
      ) : null}
      {rest.map((output) => to(output, t(outputWords[output] ?? output)))}
    </>
  );
}

function Select(props: {
  readonly input: object;
  readonly value: string;
  readonly options: readonly Option[];
  readonly none?: string | undefined;
}) {
  const known = props.value === "" || props.options.some(({ value }) => value === props.value);
  return (
    <select class="input" {...props.input}>
      {props.none === undefined ? null : (
        <option value="" selected={props.value === ""}>
          {props.none}
        </option>
      )}
      {known ? null : (
        <option value={props.value} selected>
          {props.value}
        </option>
      )}
      {props.options.map(({ value, label }) => (
        <option value={value} selected={value === props.value}>
          {label}
        </option>
      ))}
    </select>
  );
}
