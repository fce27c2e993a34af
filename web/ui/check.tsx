// One check of the way to the server: all its sentences are in the page, the script only says which of them holds.
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";

export function Check(props: { readonly name: string; readonly title: string; readonly good: string; readonly bad: string }) {
  return (
    <li data-check={props.name} data-is="waiting">
      <span class="mark">
        <Icon name="circle-dashed" />
        <Icon name="circle-check" />
        <Icon name="triangle-alert" />
      </span>
      <div>
        {props.title}
        <small data-when="waiting">{t("Not tested yet")}</small>
        <small data-when="running">{t("Testing")}</small>
        <small data-when="good">{props.good}</small>
        <small data-when="bad">{props.bad}</small>
      </div>
      <span class="caption number" data-check-ms />
    </li>
  );
}
