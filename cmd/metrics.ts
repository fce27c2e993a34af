// /metrics in the text format of Prometheus: counts and states, no name, number or digit.
import { tickLatenessMs } from "../telephony/media/engine.ts";
import type { RunningNode } from "./wire.ts";

export function metricsText(running: RunningNode): string {
  const health = running.health();
  const workers = running.media.load();
  const held = running.held();
  const lines = [
    gauge("landline_calls_up", "Conversations whose call is up on this node.", running.exchange.callsUp),
    gauge("landline_database_up", "Whether the database answers.", health.database ? 1 : 0),
    gauge("landline_journal_bytes", "Bytes in the journal that are not in the database yet.", health.journalBytes),
    gauge("landline_journal_events", "Events in the journal that are not in the database yet.", health.journalEvents),
    gauge("landline_journal_full", "Whether new calls are refused because the journal cannot take more.", health.journalFull ? 1 : 0),
    gauge("landline_media_worker_crashes", "Media workers that died and were replaced.", running.media.crashes),
    gauge("landline_sip_dialogs", "SIP dialogs of calls that this node holds.", held.sessions),
    gauge("landline_sip_transactions", "SIP transactions that this node holds, those that wait for late copies, too.", held.transactions),
    gauge("landline_sip_subscriptions", "Subscriptions of phones that this node holds.", held.subscriptions),
    "# HELP landline_media_tick_late_seconds How late a media worker's ticks of 20 ms came; it ticks while it says or records something itself.",
    "# TYPE landline_media_tick_late_seconds histogram",
    ...workers.flatMap(({ worker, ticks }) => tickHistogram(worker, ticks)),
    "# HELP landline_media_streams Streams per media worker.",
    "# TYPE landline_media_streams gauge",
    ...workers.map(({ worker, streams }) => `landline_media_streams{worker="${worker}"} ${streams}`),
    "# HELP landline_media_packets_per_second Packets in and out per media worker.",
    "# TYPE landline_media_packets_per_second gauge",
    ...workers.map(({ worker, packetsPerSecond }) => `landline_media_packets_per_second{worker="${worker}"} ${packetsPerSecond}`),
    "# HELP landline_browser_streams_total Voice of browsers that was connected since the start, by what carried it.",
    "# TYPE landline_browser_streams_total counter",
    ...(["udp", "tcp"] as const).map(
      (protocol) =>
        `landline_browser_streams_total{protocol="${protocol}"} ${workers.reduce((sum, { browsers }) => sum + browsers[protocol], 0)}`,
    ),
    gauge("process_resident_memory_bytes", "Resident memory.", process.memoryUsage.rss()),
  ];
  return `${lines.join("\n")}\n`;
}

function tickHistogram(worker: number, ticks: readonly number[]): string[] {
  const bounds = [...tickLatenessMs.map((ms) => String(ms / 1_000)), "+Inf"];
  let sum = 0;
  const buckets = bounds.map((le, n) => {
    sum += ticks[n] ?? 0;
    return `landline_media_tick_late_seconds_bucket{worker="${worker}",le="${le}"} ${sum}`;
  });
  return [...buckets, `landline_media_tick_late_seconds_count{worker="${worker}"} ${sum}`];
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}`;
}
