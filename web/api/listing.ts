// The Platform API's paged listing: entities with where they are, and addresses that keep page size and filters.
import { z } from "zod";
import type { Paged } from "../../core/objects/object.ts";

export const pageQuery = z.object({
  pageSize: z.coerce.number().int().min(1, "at least 1").max(500, "at most 500").default(25),
  pageNumber: z.coerce.number().int().min(1, "at least 1").default(1),
});

/** Several values arrive joined by commas or as a repeated parameter; both are taken. */
export const idList = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]).flatMap((part) => part.split(",")).filter((part) => part !== ""));

export function listing<T, E>(
  path: string,
  query: { readonly pageSize: number; readonly pageNumber: number },
  filters: Readonly<Record<string, string | undefined>>,
  page: Paged<T>,
  present: (row: T) => E,
) {
  const pageCount = Math.ceil(page.total / query.pageSize);
  const uri = (pageNumber: number): string => {
    const parameters = new URLSearchParams({ pageSize: String(query.pageSize), pageNumber: String(pageNumber) });
    for (const [key, value] of Object.entries(filters)) if (value !== undefined && value !== "") parameters.set(key, value);
    return `${path}?${parameters}`;
  };
  return {
    entities: page.entities.map(present),
    pageSize: query.pageSize,
    pageNumber: query.pageNumber,
    total: page.total,
    pageCount,
    firstUri: uri(1),
    lastUri: uri(Math.max(1, pageCount)),
    selfUri: uri(query.pageNumber),
    ...(query.pageNumber < pageCount ? { nextUri: uri(query.pageNumber + 1) } : {}),
    ...(query.pageNumber > 1 ? { previousUri: uri(query.pageNumber - 1) } : {}),
  };
}
