// How long recordings are kept: an admin shortens the time, is told what goes, and it goes, key and file and all; the proof stays green.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { binary, Landline, password } from "../support/landline.ts";
import { withDatabase } from "../support/ledger.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { centreWithPhone, recordedCall } from "../support/recorded-call.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
const landline = new Landline(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
const origin = landline.http;
type Recording = { readonly id: string; readonly state: string; readonly path: string };
let cookie = "";
let old = { conversationId: "", path: "" };
let fresh = { conversationId: "", path: "" };

const recordingOf = async (conversationId: string): Promise<Recording> => {
  const { entities } = await landline.api<{ entities: readonly Recording[] }>(
    `/api/v2/landline/conversations/${conversationId}/recordings`,
  );
  return entities[0]!;
};
const filesOf = (path: string): string[] => {
  const file = join(landline.data, "recordings", path);
  return existsSync(dirname(file)) ? readdirSync(dirname(file)).filter((name) => file.endsWith(name.slice(0, 36) + file.slice(-4))) : [];
};
const get = (path: string): Promise<Response> => fetch(`${origin}${path}`, { headers: { cookie }, redirect: "manual" });

/** The page as a browser would send it back, with other days. */
async function keep(days: string, more: Readonly<Record<string, string>> = {}): Promise<Response> {
  const page = await (await get("/admin/organization")).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)![1]!;
  const fields = {
    csrf,
    name: "Northmere Health",
    language: "en-GB",
    country: "GB",
    timeZone: "Europe/London",
    recordingDays: days,
    pauseSecondsMax: "300",
    ...more,
  };
  return fetch(`${origin}/admin/organization`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, origin },
    body: new URLSearchParams(fields),
  });
}

await program(
  async () => {
    await step(
      "two calls are recorded; one of them becomes three days old",
      async () => {
        await landline.start();
        const account = landline.apply(centreWithPhone(ownAddress)).phones[0]!;
        old = await recordedCall(landline, ownAddress, account);
        fresh = await recordedCall(landline, ownAddress, account);
        await withDatabase(
          landline,
          (sql) => sql`update recording set started_at = started_at - interval '3 days' where conversation_id = ${old.conversationId}`,
        );
        expect(filesOf(old.path).length === 3, `recording, key and manifest: ${filesOf(old.path)}`);
        const answer = await fetch(`${origin}/sign-in`, {
          method: "POST",
          redirect: "manual",
          headers: { origin },
          body: new URLSearchParams({ email: "owner@example.org", password }),
        });
        cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
      },
      { must: true },
    );

    await step("a wrong number stands beside its field; a time that is long enough asks nothing", async () => {
      for (const wrong of ["0", "1.5", "-3", "ninety", "99999999"]) {
        const answer = await keep(wrong);
        expect(answer.status === 422 && (await answer.text()).includes('id="recordingDays-error"'), `${wrong}: ${answer.status}`);
      }
      const answer = await keep("90");
      expect(answer.status === 303, `90 days: ${answer.status}`);
      expect((await (await get("/admin/organization")).text()).includes('value="90"'), "the page says 90");
    });

    await step("a shorter time says how many recordings would go, and does nothing yet", async () => {
      const answer = await keep("2");
      const text = await answer.text();
      expect(answer.status === 422 && text.includes("1 recording is older") && text.includes("Save and erase"), text.slice(0, 2_000));
      expect((await keep("2", { confirmed: "30" })).status === 422, "having read another number counts for nothing");
      expect((await recordingOf(old.conversationId)).state === "sealed" && filesOf(old.path).length === 3, "nothing was erased");
    });

    await step("confirmed, it goes with key and manifest; the younger one stays and plays", async () => {
      const id = (await recordingOf(old.conversationId)).id;
      expect((await keep("2", { confirmed: "2" })).status === 303, "saved");
      await eventually("the older recording is erased", async () => (await recordingOf(old.conversationId)).state === "erased");
      await eventually("its files are gone", () => filesOf(old.path).length === 0);
      expect((await recordingOf(fresh.conversationId)).state === "sealed", "the younger one");
      const gone = await get(`/recordings/${id}/audio`);
      expect(gone.status === 409, `listening to it: ${gone.status}`);
      const heard = await get(`/recordings/${(await recordingOf(fresh.conversationId)).id}/audio`);
      expect(heard.status === 200 && (await heard.arrayBuffer()).byteLength > 16_000, "the younger one plays");
      expect(/Erased \d/.test(await (await get(`/conversations/${old.conversationId}`)).text()), "the conversation's page says so");
    });

    await step("the log says what went and by which rule, and everything verifies", async () => {
      const page = await (await get("/audit/log?type=recording.erased")).text();
      expect(page.includes("recording.erased"), "the audit log has it");
      const { code, out } = landline.run(["verify", "--rows"]);
      expect(code === 0, out);
      const [row] = await withDatabase(
        landline,
        (sql) => sql<{ n: number }[]>`select count(*)::int as n from event where type = 'recording.erased'`,
      );
      expect(row!.n === 1, `${row!.n} erasures`);
    });

    await step("a proof is taken away and checked with nothing but the file; an older one is held against the log", async () => {
      const path = join(landline.folder, "proof.jsonl");
      const made = landline.run(["verify", "--export", path]);
      expect(made.code === 0 && /signed with the key ([0-9a-f]{8} ?){8}/.test(made.out), `${made.code} ${made.error}${made.out}`);
      expect(landline.run(["verify", "--export", path]).code === 2, "it is not written over");
      const elsewhere = (file: string): { readonly code: number; readonly out: string } => {
        // As on another machine: no data folder, no key file, no options of this centre.
        const done = Bun.spawnSync([binary, "verify", "--from", file], { cwd: "/", env: { PATH: "/usr/bin", HOME: "/nonexistent" } });
        return { code: done.exitCode, out: `${done.stdout}${done.stderr}` };
      };
      const whole = elsewhere(path);
      expect(whole.code === 0 && whole.out.includes("verified: nothing was found"), whole.out);
      const text = readFileSync(path, "utf8");
      expect(!text.includes("07700900342") && !text.includes("Priya"), "no number and no name is in it");
      writeFileSync(`${path}.bent`, text.replace('"type":"recording.erased"', '"type":"recording.closed"'));
      const bent = elsewhere(`${path}.bent`);
      expect(bent.code === 1 && bent.out.includes("chain-hash"), bent.out);
      expect(elsewhere(join(landline.folder, "log")).code === 2, "a file that is none");
      const page = await get("/audit/proof.jsonl");
      expect(page.status === 200, `the page's proof: ${page.status}`);
      writeFileSync(`${path}.page`, await page.text());
      expect(elsewhere(`${path}.page`).code === 0, "the page's proof verifies too");
      const against = landline.run(["verify", "--against", path]);
      expect(against.code === 0, against.out);
      // Somebody with database and key file writes the past anew, and signs it.
      await withDatabase(
        landline,
        (sql) => sql`update event set hash = sha256(hash) where seq = (select max(seq) from event where type = 'recording.erased')`,
      );
      const rewritten = landline.run(["verify", "--against", path]);
      expect(rewritten.code === 1 && rewritten.out.includes("chain-"), rewritten.out);
    });
  },
  async () => {
    Baresip.quitAll();
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);
