// What the daemon counts of itself: the journal, runs, processes and memory.
import type { ProcessTable } from "../../tools/machinery/process/process.ts";
import type { Metric } from "../doors/http/metrics.ts";
import type { Journal } from "../journal/journal.ts";
import type { Runs } from "../runs/runs.ts";

const MS_PER_SECOND = 1000;

export function daemonMetrics({
  journal,
  runs,
  processes,
}: {
  journal: Journal;
  runs: Runs;
  processes: ProcessTable;
}): Metric[] {
  const stats = journal.stats();
  const { running, queued } = runs.counts;
  return [
    {
      name: "journal_facts_total",
      help: "Facts written since the journal began.",
      value: journal.head.seq,
    },
    { name: "journal_kept_facts", help: "Facts that the journal keeps.", value: stats.facts },
    {
      name: "journal_kept_bytes",
      help: "Bytes of the facts that the journal keeps.",
      value: stats.bytes,
    },
    { name: "journal_pending_facts", help: "Facts that wait for the disk.", value: stats.pending },
    {
      name: "journal_last_commit_seconds",
      help: "Time that the last commit took.",
      value: stats.lastCommitMs / MS_PER_SECOND,
    },
    {
      name: "journal_followers",
      help: "Subscriptions that follow the journal.",
      value: stats.followers,
    },
    { name: "runs_running", help: "Runs under way.", value: running },
    { name: "runs_queued", help: "Runs that wait.", value: queued },
    {
      name: "processes_running",
      help: "Processes of the box under way.",
      value: processes.list().filter((each) => each.exit === undefined).length,
    },
    {
      name: "memory_resident_bytes",
      help: "Memory of the daemon itself.",
      value: process.memoryUsage.rss(),
    },
    {
      name: "cpu_seconds_total",
      help: "CPU time of the daemon itself.",
      value: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    },
    { name: "uptime_seconds", help: "Time since the daemon started.", value: process.uptime() },
  ];
}
