// Templates: each is a set of settings that a trunk may have, and says of every field of its kind what the carrier wants.
import { expect, test } from "bun:test";
import { trunkSettings } from "./kinds.ts";
import { trunkTemplate, trunkTemplates } from "./trunk-template.ts";

test.each(trunkTemplates.map(({ id }) => id))("what %s says is kept as it says it, and leads nowhere by itself", (id) => {
  const { values } = trunkTemplate(id)!;
  const parsed = trunkSettings.parse({ name: "Carrier", template: id, ...values });
  expect(parsed).toMatchObject({ template: id, ...values });
  // A user name is the admin's to fill in: without it nothing registers, and the form says so.
  expect(parsed.username).toBe("");
  expect(Object.keys(values)).toEqual(expect.arrayContaining(Object.keys(trunkTemplates[0].values)));
});

test("where voice must be encrypted, its keys are not sent in the clear", () => {
  for (const { values } of trunkTemplates) if (values.mediaEncryption !== "disabled") expect(values.transport).toBe("TLS");
});

test("a trunk does not begin from a template that is not there", () => {
  expect(trunkSettings.safeParse({ name: "Carrier", template: "nobody" }).success).toBe(false);
  expect(trunkSettings.parse({ name: "Carrier" })).toMatchObject({ template: "", codecs: ["PCMA", "PCMU"], redirects: "refuse" });
  expect(trunkSettings.safeParse({ name: "Carrier", codecs: ["PCMA", "PCMA"] }).success).toBe(false);
});
