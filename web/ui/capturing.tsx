// That packets are captured, on every page of those who may: nobody forgets it, and nobody does it unseen.
import { type Actor, can } from "../../core/authorization/actor.ts";
import { timeOfDay } from "../../core/lib/calendar.ts";
import type { Capture } from "../../core/telephony/capture.ts";
import { Icon } from "./icon.tsx";
import { t } from "./text.ts";

/** `capture`: the one that goes on on this node. */
export function Capturing({ capture, actor }: { readonly capture: Capture | null; readonly actor: Actor }) {
  if (capture === null || !can(actor, "telephony:pcap:view")) return <div id="capturing" role="status" />;
  return (
    <div id="capturing" role="status">
      <a class="badge" data-tone="bad" href="/admin/capture">
        <Icon name="circle-dot" />
        {t("Packets are captured until {time}", { time: timeOfDay(capture.untilAt) })}
      </a>
    </div>
  );
}
