// Who may see whose line: a value from the configuration, no I/O.
import { permissionsOf } from "../authorization/permissions.ts";
import type { User } from "../directory/user.ts";
import type { UserId } from "../lib/id.ts";
import type { WatchedLine } from "../telephony/line.ts";
import { personByNumber } from "./callee.ts";
import type { Configuration } from "./directory.ts";

/**
 * Everybody sees their own line; who may look into the directory sees those of the others, and who may look into conversations also with whom
 * they talk. `named`: an extension, a direct number, or the user part of a phone's address. Who may see nobody is not told who exists.
 */
export function watchedLine(
  configuration: Pick<Configuration, "users" | "stations">,
  watcher: UserId,
  named: string,
): WatchedLine | "unknown" | "forbidden" {
  const { users, stations } = configuration;
  const active = users.filter(({ state }) => state === "active");
  const asker = active.find(({ id }) => id === watcher);
  if (asker === undefined) return "forbidden";
  const owner = stations.find(({ username }) => username === named)?.userId ?? null;
  const person = active.find(({ id }) => id === owner) ?? personByNumber({ users: active }, named);
  const rights = permissionsOf(asker.roles);
  if (person?.id !== watcher && !rights.has("directory:user:view")) return "forbidden";
  if (person === null) return "unknown";
  const stationIds = stations.filter(({ userId }) => userId === person.id).map(({ id }) => id);
  return {
    ...{ userId: person.id, stationIds, mayPickUp: mayPickUp(asker, person.id) },
    seesParty: person.id === watcher || rights.has("conversation:communication:view"),
  };
}

/** Whether somebody may take the calls that ring for `owner`: for themselves always. */
export function mayPickUp(user: Pick<User, "id" | "roles">, owner: UserId | null): boolean {
  return user.id === owner || permissionsOf(user.roles).has("conversation:call:pickup");
}
