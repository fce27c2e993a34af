// Prompts, with their sound beside the row.
import type { Prompt } from "../../core/architect/prompt.ts";
import type { PromptStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { objectStore } from "./object-store.ts";
import { Table } from "./table.ts";

const prompts = new Table<Prompt>(schema.prompt);

export function promptStore(sql: Session): PromptStore {
  const objects = objectStore(sql, prompts);
  return {
    ...objects,
    delete: async (id) => {
      await sql`delete from prompt_audio where prompt_id = ${id}`;
      return objects.delete(id);
    },
    audio: async (id) => {
      const [row] = await sql<{ wav: Uint8Array }[]>`select wav from prompt_audio where prompt_id = ${id}`;
      return row?.wav ?? null;
    },
    setAudio: async (id, wav) => {
      await sql`insert into prompt_audio (prompt_id, wav) values (${id}, ${wav}) on conflict (prompt_id) do update set wav = excluded.wav`;
    },
  };
}
