// The options of the selects that ask where an organization is and what it speaks.
import { countries, languageNames, languages, timeZones } from "../../core/directory/organization.ts";
import { t } from "./text.ts";

export function LanguageOptions(props: { readonly chosen: string }) {
  return (
    <>
      {languages.map((code) => (
        <option value={code} selected={code === props.chosen}>
          {languageNames[code]}
        </option>
      ))}
    </>
  );
}

export function CountryOptions(props: { readonly chosen: string }) {
  return (
    <>
      <NoneYet chosen={props.chosen} />
      {countries("en-GB").map(({ code, name }) => (
        <option value={code} selected={code === props.chosen}>
          {name}
        </option>
      ))}
    </>
  );
}

export function TimeZoneOptions(props: { readonly chosen: string }) {
  return (
    <>
      <NoneYet chosen={props.chosen} />
      {timeZones().map((zone) => (
        <option value={zone} selected={zone === props.chosen}>
          {zone.replaceAll("_", " ")}
        </option>
      ))}
    </>
  );
}

function NoneYet(props: { readonly chosen: string }) {
  return (
    <option value="" selected={props.chosen === ""}>
      {t("Choose")}
    </option>
  );
}
