// Who acts, and whether they may: deny first. One function answers for pages, API and commands alike.
import type { User } from "../directory/user.ts";
import { Forbidden, NotFound } from "../lib/errors.ts";
import type { OrganizationId, UserId } from "../lib/id.ts";
import { type Permission, permissions, permissionsOf } from "./permissions.ts";

export type Actor = {
  /** User, OAuth client or node. */
  readonly id: string;
  readonly kind: "user" | "client" | "node";
  readonly userId: UserId | null;
  readonly name: string;
  readonly organizationId: OrganizationId;
  readonly permissions: ReadonlySet<Permission>;
  /** Divisions in which the permissions hold; null: all. */
  readonly divisionIds: ReadonlySet<string> | null;
};

/** The machine itself: whoever starts it has all of it. */
export function nodeActor(app: { readonly nodeId: string; readonly organizationId: OrganizationId }, name: string): Actor {
  const { nodeId, organizationId } = app;
  return { id: nodeId, kind: "node", userId: null, name, organizationId, permissions: new Set(permissions), divisionIds: null };
}

/** Somebody with an account: what their roles allow, in all divisions. */
export function userActor(user: User): Actor & { readonly userId: UserId } {
  const { id, name, organizationId } = user;
  return { id, kind: "user", userId: id, name, organizationId, permissions: permissionsOf(user.roles), divisionIds: null };
}

/** Whether the actor holds the permission, for this object's division when it has one. */
export function can(actor: Actor, permission: Permission, subject?: { readonly divisionId: string }): boolean {
  if (!actor.permissions.has(permission)) return false;
  return subject === undefined || actor.divisionIds === null || actor.divisionIds.has(subject.divisionId);
}

/** @throws Forbidden, naming the permission */
export function demand(actor: Actor, permission: Permission, subject?: { readonly divisionId: string }): void {
  if (!can(actor, permission, subject)) throw new Forbidden(permission);
}

/** The object if it exists and belongs to the actor's organization; another organization's objects do not exist for them. @throws NotFound */
export function found<T extends { readonly organizationId: OrganizationId }>(actor: Actor, what: string, object: T | null): T {
  if (object === null || object.organizationId !== actor.organizationId) throw new NotFound(what);
  return object;
}
