// "live, as of 10:42:17": beside every live figure; says "not live" within two seconds of a broken stream.
import { timeOfDay } from "../../core/lib/calendar.ts";
import { Glyph } from "./icon.tsx";
import { t } from "./text.ts";

export function AsOf(props: { readonly at: number }) {
  return (
    <span class="asof end" data-asof>
      <Glyph name="available" />
      <span>
        <span data-asof-broken>{t("not live")}, </span>
        <span data-asof-word>{t("live")}, </span>
        {t("as of {time}", { time: timeOfDay(props.at) })}
      </span>
    </span>
  );
}
