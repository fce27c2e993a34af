// A call for help is heard, too: once for each, on every page that is open, whatever is in front of it.
import { Tones } from "./tones.ts";

/** Rising and falling, like nothing else here. */
const alarm = [
  { hz: [660], onMs: 250, offMs: 50 },
  { hz: [990], onMs: 250, offMs: 50 },
];
const alarmMs = 3_600;

export function startHelpAlarm(): void {
  const tones = new Tones();
  const heard = new Set<string>();
  const look = (): void => {
    const calls = [...document.querySelectorAll<HTMLElement>("#help-calls [data-call]")].map(({ dataset }) => dataset.call ?? "");
    const fresh = calls.filter((id) => !heard.has(id));
    if (calls.length === 0) tones.stop();
    if (fresh.length === 0) return;
    for (const id of fresh) heard.add(id);
    document.body.dataset.helpAlarms = String(heard.size);
    tones.repeat(alarm, alarmMs);
  };
  look();
  // The live stream swaps the element itself.
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}
