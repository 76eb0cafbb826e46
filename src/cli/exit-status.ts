// What the program's exit status says of a run; documented in `harnessd run --help`.
import type { Run } from "../wire/methods.ts";

export const EXIT = {
  completed: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  unknown: 4,
  unreachable: 5,
} as const;

export const EXIT_HELP = `Exit status: 0 completed, 1 failed, 2 wrong usage or refused, 3 cancelled, 4 outcome unknown, 5 daemon not reachable`;

export function exitStatusOf({ outcome }: Pick<Run, "outcome">): number {
  return EXIT[outcome ?? "unknown"];
}
