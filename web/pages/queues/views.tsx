// The queue's pages: list, form, members, history. A wrong field says beside itself how to mend it.
import type { Child } from "hono/jsx";
import type { User } from "../../../core/directory/user.ts";
import type { LoggedEvent } from "../../../core/events/index.ts";
import { longDate, timeOfDay } from "../../../core/lib/calendar.ts";
import {
  type Queue,
  type QueueMember,
  type QueueSettings,
  scoringMethods,
  skillEvaluationMethods,
  wrapupPrompts,
} from "../../../core/routing/queue.ts";
import { Icon } from "../../ui/icon.tsx";
import { count, t } from "../../ui/text.ts";

export type FieldErrors = Readonly<Record<string, string>>;

const words: Readonly<Record<string, string>> = {
  ALL: "All skills matching",
  BEST: "Best available skills",
  NONE: "Disregard skills, next agent",
  TimestampAndPriority: "Time and priority",
  PriorityOnly: "Priority only",
  MANDATORY: "Mandatory",
  MANDATORY_TIMEOUT: "Mandatory, time limit",
  MANDATORY_FORCED_TIMEOUT: "Mandatory, forced time limit",
  OPTIONAL: "Optional",
  AGENT_REQUESTED: "Agent requested",
};

type ListProps = {
  readonly queues: readonly Queue[];
  readonly members: readonly number[];
  readonly total: number;
  readonly name: string;
  readonly pageNumber: number;
  readonly pageSize: number;
  readonly mayAdd: boolean;
};

export function QueueList(props: ListProps) {
  const pages = Math.max(1, Math.ceil(props.total / props.pageSize));
  const link = (pageNumber: number): string =>
    `/admin/queues?page=${pageNumber}${props.name === "" ? "" : `&name=${encodeURIComponent(props.name)}`}`;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t("Queues")}</h1>
        <div class="actions">
          {props.mayAdd ? (
            <a class="button" data-kind="primary" href="/admin/queues/new">
              <Icon name="plus" />
              {t("New queue")}
            </a>
          ) : null}
        </div>
      </div>
      <form class="toolbar" method="get" action="/admin/queues" role="search">
        <div class="search">
          <Icon name="search" />
          <label class="visually-hidden" for="name">
            {t("Search by name")}
          </label>
          <input class="input" id="name" name="name" type="search" value={props.name} placeholder={t("Search by name")} />
        </div>
      </form>
      {props.queues.length === 0 ? (
        <div class="empty">
          <Icon name="list-ordered" />
          <p class="quiet">
            {props.name === ""
              ? t("A queue is where callers wait for the right person. There is none yet.")
              : t("No queue has “{name}” in its name.", { name: props.name })}
          </p>
        </div>
      ) : (
        <div class="table-scroll" tabindex={0} role="region" aria-label={t("Queues table")}>
          <table class="table" data-flush>
            <caption class="visually-hidden">{t("Queues by name")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("Name")}</th>
                <th scope="col">{t("Evaluation")}</th>
                <th scope="col" class="num">
                  {t("Service level")}
                </th>
                <th scope="col" class="num">
                  {t("Alert for")}
                </th>
                <th scope="col">{t("After-call work")}</th>
                <th scope="col" class="num">
                  {t("Members")}
                </th>
              </tr>
            </thead>
            <tbody>
              {props.queues.map((queue, i) => (
                <tr>
                  <th scope="row">
                    <a href={`/admin/queues/${queue.id}`}>{queue.name}</a>
                  </th>
                  <td>{t(words[queue.skillEvaluationMethod]!)}</td>
                  <td class="num">{`${percent(queue.serviceLevelPercentage)}% in ${queue.serviceLevelMs / 1_000} s`}</td>
                  <td class="num">{`${queue.alertingTimeoutSeconds} s`}</td>
                  <td>{t(words[queue.acwWrapupPrompt]!)}</td>
                  <td class={props.members[i] === 0 ? "num zero" : "num"}>{props.members[i]}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {pages === 1 ? null : (
        <nav class="pager" aria-label={t("Pages")}>
          <span>{t("Page {n} of {pages}", { n: props.pageNumber, pages })}</span>
          {props.pageNumber > 1 ? (
            <a class="button" data-size="small" href={link(props.pageNumber - 1)}>
              {t("Previous")}
            </a>
          ) : null}
          {props.pageNumber < pages ? (
            <a class="button" data-size="small" href={link(props.pageNumber + 1)}>
              {t("Next")}
            </a>
          ) : null}
        </nav>
      )}
    </div>
  );
}

function Head(props: { readonly queue: Queue | null; readonly at: "settings" | "members" | "history"; readonly children?: Child }) {
  const { queue } = props;
  const tab = (at: string, href: string, label: string) => (
    <a href={href} aria-current={props.at === at ? "page" : undefined}>
      {label}
    </a>
  );
  return (
    <>
      <nav class="crumbs" aria-label={t("Breadcrumb")}>
        <ol>
          <li>
            <a href="/admin/queues">{t("Queues")}</a>
          </li>
        </ol>
      </nav>
      <div class="page-head">
        <h1>{queue?.name ?? t("New queue")}</h1>
        <div class="actions">{props.children}</div>
      </div>
      {queue === null ? null : (
        <nav class="tabs" aria-label={t("Queue")}>
          {tab("settings", `/admin/queues/${queue.id}`, t("Settings"))}
          {tab("members", `/admin/queues/${queue.id}/members`, t("Members"))}
          {tab("history", `/admin/queues/${queue.id}/history`, t("History"))}
        </nav>
      )}
    </>
  );
}

type FormProps = {
  readonly queue: Queue | null;
  readonly values: Partial<Record<keyof QueueSettings, unknown>>;
  readonly errors: FieldErrors;
  readonly csrf: string;
  readonly mayEdit: boolean;
  readonly mayDelete: boolean;
  readonly saved: boolean;
};

export function QueueForm(props: FormProps) {
  const { queue, errors } = props;
  const values: Partial<Record<keyof QueueSettings, unknown>> = {
    skillEvaluationMethod: "ALL",
    scoringMethod: "TimestampAndPriority",
    alertingTimeoutSeconds: 8,
    serviceLevelPercentage: 0.8,
    serviceLevelMs: 20_000,
    acwWrapupPrompt: "MANDATORY_TIMEOUT",
    acwTimeoutMs: 60_000,
    ...props.values,
  };
  const wrong = Object.keys(errors).length;
  return (
    <div class="page" id="queue">
      <Head queue={queue} at="settings">
        {props.mayDelete ? (
          <form
            method="post"
            action={`/admin/queues/${queue!.id}/delete`}
            data-confirm={t("Delete the queue “{name}”? Its history stays in the log.", { name: queue!.name })}
          >
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="button" data-kind="danger" type="submit">
              {t("Delete")}
            </button>
          </form>
        ) : null}
      </Head>
      {props.saved ? (
        <div class="note" data-tone="info" role="status">
          <Icon name="circle-check" />
          <p>{t("Saved. It applies to the next decision.")}</p>
        </div>
      ) : null}
      {errors.form === undefined ? null : (
        <div class="note" data-tone="bad" role="alert">
          <Icon name="circle-alert" />
          <p>{errors.form}</p>
        </div>
      )}
      <form method="post" action={queue === null ? "/admin/queues/new" : `/admin/queues/${queue.id}`}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <input type="hidden" name="version" value={String(queue?.version ?? 0)} />
        <fieldset class="plain" disabled={!props.mayEdit}>
          <Group id="f1" title={t("Name")}>
            <Field name="name" label={t("Name")} errors={errors}>
              {(input) => <input class="input" {...input} value={String(values.name ?? "")} required maxlength={256} />}
            </Field>
            <Field name="description" label={t("Description")} errors={errors}>
              {(input) => <input class="input" {...input} value={String(values.description ?? "")} maxlength={512} />}
            </Field>
          </Group>
          <Group id="f2" title={t("Routing")} about={t("Who takes a conversation.")}>
            <Choice
              name="skillEvaluationMethod"
              label={t("Evaluation")}
              errors={errors}
              options={skillEvaluationMethods}
              value={values.skillEvaluationMethod}
            />
            <Choice
              name="scoringMethod"
              label={t("Scoring")}
              errors={errors}
              options={scoringMethods}
              value={values.scoringMethod}
              help={t("One point of priority equals one minute waited")}
            />
          </Group>
          <Group id="f3" title={t("Voice")}>
            <Quantity
              name="serviceLevelPercentage"
              label={t("Service level")}
              errors={errors}
              value={percent(values.serviceLevelPercentage)}
              unit="%"
            />
            <Quantity
              name="serviceLevelMs"
              label={t("answered within")}
              errors={errors}
              value={seconds(values.serviceLevelMs)}
              unit={t("seconds")}
            />
            <Quantity
              name="alertingTimeoutSeconds"
              label={t("Alert for")}
              errors={errors}
              value={String(values.alertingTimeoutSeconds)}
              unit={t("seconds")}
            />
          </Group>
          <Group id="f4" title={t("After-call work")}>
            <Choice name="acwWrapupPrompt" label={t("Mode")} errors={errors} options={wrapupPrompts} value={values.acwWrapupPrompt} />
            <Quantity
              name="acwTimeoutMs"
              label={t("Time limit")}
              errors={errors}
              value={seconds(values.acwTimeoutMs)}
              unit={t("seconds")}
            />
          </Group>
        </fieldset>
        {props.mayEdit ? (
          <div class="savebar" role="status">
            <p>
              {wrong === 0 ? (
                <span class="quiet">{t("Changes apply when you save.")}</span>
              ) : (
                <b>{count(wrong, "{n} field needs mending.", "{n} fields need mending.")}</b>
              )}
            </p>
            <div class="actions">
              <a class="button" data-kind="ghost" href="/admin/queues">
                {t("Discard")}
              </a>
              <button class="button" data-kind="primary" type="submit">
                {t("Save")}
              </button>
            </div>
          </div>
        ) : null}
      </form>
    </div>
  );
}

function Group(props: { readonly id: string; readonly title: string; readonly about?: string; readonly children?: Child }) {
  return (
    <section class="form-section" aria-labelledby={props.id}>
      <header>
        <h2 id={props.id}>{props.title}</h2>
        {props.about === undefined ? null : <p>{props.about}</p>}
      </header>
      <div class="form">
        <div class="row">{props.children}</div>
      </div>
    </section>
  );
}

type InputAttributes = {
  readonly id: string;
  readonly name: string;
  readonly "aria-invalid"?: "true";
  readonly "aria-describedby"?: string;
};

function Field(props: {
  readonly name: keyof QueueSettings;
  readonly label: string;
  readonly errors: FieldErrors;
  readonly help?: string;
  readonly children: (input: InputAttributes) => Child;
}) {
  const error = props.errors[props.name];
  const described = error !== undefined ? `${props.name}-error` : props.help === undefined ? undefined : `${props.name}-help`;
  const input: InputAttributes = {
    id: props.name,
    name: props.name,
    ...(error === undefined ? {} : { "aria-invalid": "true" }),
    ...(described === undefined ? {} : { "aria-describedby": described }),
  };
  return (
    <div class="field">
      <label for={props.name}>{props.label}</label>
      {props.children(input)}
      {props.help === undefined ? null : (
        <span class="help" id={`${props.name}-help`}>
          {props.help}
        </span>
      )}
      {error === undefined ? null : (
        <span class="error" id={`${props.name}-error`}>
          <Icon name="circle-alert" />
          <span>{error}</span>
        </span>
      )}
    </div>
  );
}

type ControlProps = { readonly name: keyof QueueSettings; readonly label: string; readonly errors: FieldErrors };

function Choice(props: ControlProps & { readonly options: readonly string[]; readonly value: unknown; readonly help?: string }) {
  return (
    <Field name={props.name} label={props.label} errors={props.errors} help={props.help}>
      {(input) => (
        <select class="input" {...input}>
          {props.options.map((option) => (
            <option value={option} selected={option === props.value}>
              {t(words[option]!)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Quantity(props: ControlProps & { readonly value: string; readonly unit: string }) {
  return (
    <Field name={props.name} label={props.label} errors={props.errors}>
      {(input) => (
        <div class="with-unit">
          <input class="input" {...input} value={props.value} inputmode="decimal" />
          <span class="quiet">{props.unit}</span>
        </div>
      )}
    </Field>
  );
}

export function Members(props: {
  readonly queue: Queue;
  readonly members: readonly QueueMember[];
  readonly users: readonly User[];
  readonly mayEdit: boolean;
  readonly csrf: string;
}) {
  const { queue, members } = props;
  const isMember = (user: User): boolean => members.some((member) => member.userId === user.id);
  const others = props.users.filter((user) => !isMember(user));
  return (
    <div class="page">
      <Head queue={queue} at="members" />
      {props.mayEdit && others.length > 0 ? (
        <form class="toolbar" method="post" action={`/admin/queues/${queue.id}/members`}>
          <input type="hidden" name="csrf" value={props.csrf} />
          <label class="visually-hidden" for="user">
            {t("Person")}
          </label>
          <select class="input narrow" id="user" name="user">
            {others.map((user) => (
              <option value={user.id}>{user.name}</option>
            ))}
          </select>
          <button class="button" type="submit" name="is" value="member">
            <Icon name="user-plus" />
            {t("Add to the queue")}
          </button>
        </form>
      ) : null}
      {members.length === 0 ? (
        <div class="empty">
          <Icon name="users" />
          <p class="quiet">{t("Nobody answers this queue yet.")}</p>
        </div>
      ) : (
        <table class="table">
          <caption class="visually-hidden">{t("Members")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("Name")}</th>
              <th scope="col">{t("Email")}</th>
              <th scope="col">{t("Joined")}</th>
              <th scope="col">
                <span class="visually-hidden">{t("Remove")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {members.map((member) => {
              const user = props.users.find((entry) => entry.id === member.userId);
              return (
                <tr>
                  <th scope="row">{user?.name ?? member.userId}</th>
                  <td>{user?.email}</td>
                  <td>{member.joined ? t("Yes") : t("No")}</td>
                  <td class="num">
                    {props.mayEdit ? (
                      <form method="post" action={`/admin/queues/${queue.id}/members`}>
                        <input type="hidden" name="csrf" value={props.csrf} />
                        <input type="hidden" name="user" value={member.userId} />
                        <button
                          class="button"
                          data-kind="ghost"
                          data-size="small"
                          type="submit"
                          name="is"
                          value="none"
                          aria-label={t("Remove {name}", { name: user?.name ?? "" })}
                        >
                          {t("Remove")}
                        </button>
                      </form>
                    ) : null}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </div>
  );
}

export function History(props: {
  readonly queue: Queue;
  readonly events: readonly LoggedEvent[];
  readonly names: ReadonlyMap<string, string>;
}) {
  return (
    <div class="page">
      <Head queue={props.queue} at="history" />
      <ol class="timeline" role="list">
        {[...props.events].reverse().map((event) => (
          <li>
            <time>{timeOfDay(event.at)}</time>
            <span class="point">
              <Icon name={event.type === "routing.queue.member.set" ? "users" : "pencil"} />
            </span>
            <div class="what">
              <p>
                <b>{props.names.get(event.actorId) ?? t("A program")}</b>{" "}
                <span class="quiet">{`${longDate(event.at)}, event ${event.seq}`}</span>
              </p>
              <Change event={event} names={props.names} />
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Change(props: { readonly event: LoggedEvent; readonly names: ReadonlyMap<string, string> }) {
  const { payload, type } = props.event;
  if (payload === null) return <p class="quiet">{t("The content of this entry was erased.")}</p>;
  if (type === "routing.queue.member.set") {
    const name = props.names.get(payload.userId as string) ?? String(payload.userId);
    return <p>{payload.after == null ? t("removed {name}", { name }) : t("added {name}", { name })}</p>;
  }
  if (type === "routing.queue.created") return <p>{t("made the queue")}</p>;
  const before = payload.before as Record<string, unknown>;
  const after = payload.after as Record<string, unknown>;
  const changed = Object.keys(after).filter(
    (key) => !["version", "modifiedAt"].includes(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return (
    <ul class="diff">
      {changed.map((key) => (
        <>
          <li class="removed">{`${key}: ${String(before[key])}`}</li>
          <li class="added">{`${key}: ${String(after[key])}`}</li>
        </>
      ))}
    </ul>
  );
}

function percent(value: unknown): string {
  return typeof value === "number" && !Number.isNaN(value) ? String(Math.round(value * 10_000) / 100) : "";
}

function seconds(value: unknown): string {
  return typeof value === "number" && !Number.isNaN(value) ? String(value / 1_000) : "";
}
