// What happens to processes, told as events; and what happened to those that the daemon before this one left running.
import type { BoxProcess, ContainmentReport, ProcessObserver } from "../../tools/process.ts";
import { CodedError } from "../../tools/coded-error.ts";
import type { About, Journal } from "./journal.ts";
import type { Log } from "../log/log.ts";
import { containmentOnWire, rounded } from "../../tools/machinery/process/schemas.ts";

const REMOVE = "DELETE FROM open_processes WHERE process_id = ?";

/**
 * Appends a fact for each start and end. A table of the open ones is kept beside them, for `closeLostProcesses` after a crash.
 * Nothing is started while the journal has no room for it; what it cannot take in spite of that goes to the log.
 */
export function processEvents(journal: Journal, log: Log): ProcessObserver {
  const insert = journal.database.prepare("INSERT OR REPLACE INTO open_processes VALUES (?, ?)");
  const remove = journal.database.prepare(REMOVE);
  const report: Journal["append"] = (...event) => {
    try {
      return journal.append(...event);
    } catch (err) {
      log.error(
        { err, event: event[0].type, ...event[1] },
        "what happened to a process could not be written down",
      );
      return journal.head.seq;
    }
  };
  return {
    admit: () => admit(journal),
    started(process) {
      const { pid, id, request } = process;
      const command = typeof request.command === "string" ? request.command : [...request.command];
      report({ type: "process.started", command, cwd: request.cwd, pid }, about(process), () =>
        insert.run(id, runOf(process) ?? null),
      );
    },
    output(process, stream, text) {
      report({ type: "process.output", stream, text }, about(process));
    },
    exited(process, { exitCode, signal, timedOut, durationMs, resources, containment }) {
      const bytes = {
        stdoutBytes: process.stdout.totalBytes,
        stderrBytes: process.stderr.totalBytes,
      };
      const end = {
        exitCode,
        signal,
        timedOut,
        durationMs: rounded(durationMs),
        ...bytes,
        ...resources,
        containment: containment ? containmentOnWire(containment) : null,
      };
      report({ type: "process.exited", ...end }, about(process), () => remove.run(process.id));
    },
  };
}

/** Throws the journal's refusal as a tool's, so that a caller gets it as an answer. */
function admit(journal: Journal): void {
  try {
    journal.assertRoomForMore();
  } catch (error) {
    if (error instanceof CodedError)
      throw new CodedError(error.code, error.message, { cause: error });
    throw error;
  }
}

/** Says of every process that a crashed daemon left open that it is gone, and that nobody saw its exit. */
export function closeLostProcesses(journal: Journal, swept: ContainmentReport | null): void {
  const unseen = {
    exitCode: null,
    signal: null,
    timedOut: false,
    durationMs: 0,
    stdoutBytes: 0,
    stderrBytes: 0,
    cpuMs: null,
    peakMemoryBytes: null,
  };
  const containment = swept && containmentOnWire(swept);
  for (const row of journal.database
    .prepare("SELECT process_id, run_id FROM open_processes")
    .all()) {
    const processId = String(row["process_id"]);
    const runId = row["run_id"] === null ? undefined : String(row["run_id"]);
    journal.append(
      { type: "process.exited", ...unseen, containment, lost: true },
      { source: "daemon", processId, runId },
      (db) => db.prepare(REMOVE).run(processId),
    );
  }
}

function about(process: BoxProcess): About {
  return { source: "tool", processId: process.id, runId: runOf(process) };
}

/** An owner may also be a session or a harness. */
function runOf({ request: { owner } }: BoxProcess): string | undefined {
  return owner?.startsWith("run_") ? owner : undefined;
}
