// A queue's members: who is asked, and whether they take part now.
import type { User } from "../../../core/directory/user.ts";
import type { Queue, QueueMember } from "../../../core/routing/queue.ts";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";

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
    <>
      {props.mayEdit && others.length > 0 ? (
        <form class="toolbar" method="post" action={`/admin/queues/${queue.id}/members`}>
          <input type="hidden" name="csrf" value={props.csrf} />
          <label class="visually-hidden" for="user">
            {t("Person")}
          </label>
          <select class="input medium" id="user" name="user" required>
            <option value="">{t("Choose a person")}</option>
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
          <p class="quiet">{t("Nobody answers this queue yet: callers would wait for ever. Choose a person above.")}</p>
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
    </>
  );
}
