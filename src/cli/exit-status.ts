// The exit statuses of the program and what each means; docs/cli.md has them as a table.
import type { Run } from "../wire/methods.ts";

export const EXIT = {
  completed: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  unknown: 4,
  unreachable: 5,
  refused: 6,
  unauthorized: 7,
  /** As `timeout` of coreutils has it. */
  timedOut: 124,
} as const;

export const EXIT_HELP = `Exit status:
  0    done; of a run: completed
  1    failed
  2    wrong usage
  3    the run was cancelled
  4    the run's outcome is unknown, or the command stopped showing it
  5    no daemon could be reached
  6    the daemon refused what was asked
  7    the token is missing or wrong
  124  the time limit was reached`;

/** What a run's end, or a run that has not ended, means for the exit status. */
export function exitStatusOf({ outcome, error }: Pick<Run, "outcome" | "error">): number {
  if (outcome === "failed" && error?.code === "timed_out") return EXIT.timedOut;
  return EXIT[outcome ?? "unknown"];
}
