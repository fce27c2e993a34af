// A person's skills with their proficiency, their queues, a new password, and their second factor taken away.
import type { User } from "../../../core/directory/user.ts";
import type { QueueId } from "../../../core/lib/id.ts";
import type { Queue, Skill, UserSkill } from "../../../core/routing/queue.ts";
import { Field, Group, GroupButton, Picks, SaveBar, Saved } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { words } from "../admin/words.ts";

/** Half points, as routing compares them; nothing chosen means: does not have it. */
const proficiencies = ["", "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"];

export function SkillsForm(props: {
  readonly user: User;
  readonly all: readonly Skill[];
  readonly has: readonly UserSkill[];
  readonly mayEdit: boolean;
  readonly saved: boolean;
  readonly csrf: string;
}) {
  if (props.all.length === 0) {
    return (
      <div class="empty">
        <Icon name="graduation-cap" />
        <p class="quiet">{t("There are no skills yet.")}</p>
        <a class="button" href="/admin/skills">
          {t("Skills and languages")}
        </a>
      </div>
    );
  }
  return (
    <>
      {props.saved ? <Saved said={t("Saved. It applies to the next decision.")} /> : null}
      <form method="post" action={`/admin/people/${props.user.id}/skills`}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <fieldset class="plain" disabled={!props.mayEdit}>
          <table class="table">
            <caption class="visually-hidden">{t("Skills")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("Skill")}</th>
                <th scope="col">{t("Kind")}</th>
                <th scope="col">{t("Proficiency, 0 to 5")}</th>
              </tr>
            </thead>
            <tbody>
              {props.all.map((skill) => {
                const has = props.has.find((entry) => entry.skillId === skill.id);
                const value = has === undefined ? "" : String(has.proficiency);
                const options = proficiencies.includes(value) ? proficiencies : [...proficiencies, value];
                return (
                  <tr>
                    <th scope="row">
                      <label for={`skill-${skill.id}`}>{skill.name}</label>
                    </th>
                    <td>{t(words[skill.kind]!)}</td>
                    <td>
                      <select class="input narrow" id={`skill-${skill.id}`} name={`skill-${skill.id}`}>
                        {options.map((option) => (
                          <option value={option} selected={option === value}>
                            {option === "" ? t("Does not have it") : option}
                          </option>
                        ))}
                      </select>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </fieldset>
        {props.mayEdit ? <SaveBar about={t("Changes apply when you save.")} said={t("Save")} /> : null}
      </form>
    </>
  );
}

/** All at once; a queue's own page has its members one by one. */
export function QueuesForm(props: {
  readonly user: User;
  readonly all: readonly Queue[];
  readonly has: readonly QueueId[];
  readonly mayEdit: boolean;
  readonly saved: boolean;
  readonly csrf: string;
}) {
  if (props.all.length === 0) {
    return (
      <div class="empty">
        <Icon name="list-ordered" />
        <p class="quiet">{t("A queue is where callers wait for the right person. There is none yet.")}</p>
        <a class="button" href="/admin/queues">
          {t("Queues")}
        </a>
      </div>
    );
  }
  return (
    <>
      {props.saved ? <Saved said={t("Saved. It applies to the next decision.")} /> : null}
      <form method="post" action={`/admin/people/${props.user.id}/queues`} class="form">
        <input type="hidden" name="csrf" value={props.csrf} />
        <fieldset class="plain" disabled={!props.mayEdit}>
          <Group id="member-of" title={t("Member of")} about={t("Where they are asked when they are on queue.")}>
            <Picks
              name="queue"
              label={t("Queues")}
              isNamed
              error={undefined}
              options={props.all.map(({ id, name }) => ({ value: id, label: name }))}
              chosen={props.has}
            />
          </Group>
        </fieldset>
        {props.mayEdit ? <SaveBar about={t("Changes apply when you save.")} said={t("Save")} /> : null}
      </form>
    </>
  );
}

export function PasswordForm(props: {
  readonly user: User;
  readonly error: string | null;
  readonly saved: boolean;
  readonly hasSecondFactor: boolean;
  /** The second factor, just now. */
  readonly removed: boolean;
  readonly csrf: string;
}) {
  return (
    <>
      {props.removed ? (
        <Saved said={t("The second factor is removed. The password alone signs them in until they set one up again.")} />
      ) : null}
      {props.saved ? <Saved said={t("The password is set. Everybody who was signed in as this person has been signed out.")} /> : null}
      <form method="post" action={`/admin/people/${props.user.id}/password`}>
        <input type="hidden" name="csrf" value={props.csrf} />
        <Group id="password-group" title={t("Password")} about={t("They will have to sign in again.")}>
          <Field
            name="password"
            label={t("New password")}
            error={props.error ?? undefined}
            help={t("At least 12 characters; length is what counts.")}
          >
            {(input) => (
              <input class="input" {...input} type="password" autocomplete="new-password" required minlength={12} maxlength={256} />
            )}
          </Field>
          <GroupButton said={t("Set password")} />
        </Group>
      </form>
      <Group
        id="second-factor"
        title={t("Second factor")}
        about={t("For who has lost phone and recovery codes. Make sure that it is they who ask.")}
      >
        {props.hasSecondFactor ? (
          <form
            method="post"
            action={`/admin/people/${props.user.id}/second-factor/remove`}
            data-confirm={t(
              "Remove the second factor of {name}? Their password alone is enough then, and they are signed out everywhere.",
              {
                name: props.user.name,
              },
            )}
          >
            <input type="hidden" name="csrf" value={props.csrf} />
            <button class="button" data-kind="danger" type="submit">
              {t("Remove the second factor")}
            </button>
          </form>
        ) : (
          <p class="quiet field" data-wide="">
            {t("They have none. Everybody sets up their own, on the page with their name.")}
          </p>
        )}
      </Group>
    </>
  );
}
