// What the daemon counts of itself: the journal, runs, processes and memory.
import type { ProcessTable } from "../../tools/process.ts";
import type { Metric } from "./metric.ts";
import type { Journal } from "../journal/journal.ts";
import type { Runs } from "../runs/runs.ts";

const MS_PER_SECOND = 1000;

interface Counted {
  readonly journal: Journal;
  readonly runs: Runs;
  readonly processes: ProcessTable;
}

export function daemonMetrics({ journal, runs, processes }: Counted): Metric[] {
  const { running, queued } = runs.counts;
  const alive = processes.list().filter((each) => each.exit === undefined).length;
  return [
    ...journalMetrics(journal),
    { name: "runs_running", help: "Runs under way.", value: running },
    { name: "runs_queued", help: "Runs that wait.", value: queued },
    { name: "processes_running", help: "Processes of the box under way.", value: alive },
    ...ownMetrics(),
  ];
}

function journalMetrics(journal: Journal): Metric[] {
  const { facts, bytes, pending, lastCommitMs, followers } = journal.stats();
  const written = journal.head.seq;
  const lastCommit = lastCommitMs / MS_PER_SECOND;
  return [
    { name: "journal_facts_total", help: "Facts written since the journal began.", value: written },
    { name: "journal_kept_facts", help: "Facts that the journal keeps.", value: facts },
    { name: "journal_kept_bytes", help: "Bytes of the facts that it keeps.", value: bytes },
    { name: "journal_pending_facts", help: "Facts that wait for the disk.", value: pending },
    { name: "journal_last_commit_seconds", help: "Time of the last commit.", value: lastCommit },
    { name: "journal_followers", help: "Subscriptions that follow it.", value: followers },
  ];
}

function ownMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const resident = process.memoryUsage.rss();
  return [
    { name: "memory_resident_bytes", help: "Memory of the daemon itself.", value: resident },
    { name: "cpu_seconds_total", help: "CPU time of the daemon itself.", value: cpuSeconds },
    { name: "uptime_seconds", help: "Time since the daemon started.", value: process.uptime() },
  ];
}
