// An address in its parts: one control of several inputs, named `name.street` and so on.
import { type CivicAddress, civicParts } from "../../core/telephony/civic-address.ts";
import { Beside, describedBy } from "./form.tsx";
import { t } from "./text.ts";

export function CivicInputs(props: {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  readonly value: Partial<CivicAddress> | null;
  readonly error: string | undefined;
}) {
  const { name, error, help } = props;
  return (
    <fieldset class="field civic" id={name} data-wide="" aria-describedby={describedBy(props)}>
      <legend>{props.label}</legend>
      <div class="parts">
        {civicParts.map((part) => (
          <div class="field" data-part={part}>
            <label for={`${name}-${part}`}>{labelOf(part)}</label>
            <input
              class="input"
              id={`${name}-${part}`}
              name={`${name}.${part}`}
              value={props.value?.[part] ?? ""}
              maxlength={part === "country" ? 2 : 120}
              autocomplete="off"
              aria-invalid={error === undefined ? undefined : "true"}
            />
          </div>
        ))}
      </div>
      <Beside {...{ name, help, error }} />
    </fieldset>
  );
}

/** What the inputs hold, for the schema to check. */
export function civicOf(name: string, form: FormData): Readonly<Record<string, string>> {
  return Object.fromEntries(civicParts.map((part) => [part, String(form.get(`${name}.${part}`) ?? "")]));
}

function labelOf(part: keyof CivicAddress): string {
  switch (part) {
    case "street":
      return t("Street");
    case "houseNumber":
      return t("House number");
    case "extra":
      return t("Building, floor, room");
    case "postalCode":
      return t("Postal code");
    case "city":
      return t("City");
    case "region":
      return t("State or region");
    case "country":
      return t("Country, as two letters");
  }
}
