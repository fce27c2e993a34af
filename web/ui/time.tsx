// Times: instants, durations, and clocks that the page keeps running.
import { clockDuration, dayAndTime, isoDuration, isoInstant, timeOfDay } from "../../core/lib/calendar.ts";
import { language } from "./text.ts";

/** Counts up from an instant; the page's script moves it every second, by the server's clock. */
export function Since(props: { readonly at: number; readonly class?: string }) {
  return <time class={props.class} data-since={String(props.at)} />;
}

/** Counts down to an instant, in whole seconds. */
export function Until(props: { readonly at: number; readonly class?: string }) {
  return <time class={props.class} data-until={String(props.at)} />;
}

export function Duration(props: { readonly ms: number }) {
  return <time datetime={isoDuration(props.ms)}>{clockDuration(props.ms)}</time>;
}

/** `23 Nov 2026, 09:14`, as the language that is spoken writes it. */
export function dateTime(at: number): string {
  return dayAndTime(at, language().tag);
}

/** `23 Nov 2026, 09:14:07`: where entries of one minute have to be told apart. */
export function exactTime(at: number): string {
  return `${dateTime(at)}${timeOfDay(at).slice(5)}`;
}

export function Clock(props: { readonly at: number }) {
  return <time datetime={isoInstant(props.at)}>{timeOfDay(props.at)}</time>;
}
