// Finds the spawner's program, which `npm run build` makes.
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";

/** From the sources to the package's own directory. */
const MAX_STEPS_UP = 4;

/** Undefined where there is none: not on Linux, on another processor, or not built. */
export function findSpawnerProgram(): string | undefined {
  if (process.platform !== "linux") return undefined;
  let directory = import.meta.dirname;
  for (let step = 0; step < MAX_STEPS_UP; step++, directory = dirname(directory)) {
    const path = join(directory, "dist", `spawner-${process.arch}`);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
