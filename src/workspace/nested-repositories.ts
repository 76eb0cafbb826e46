// Repositories inside of the directory: git takes each for one thing that it does not look into, unless it knows a file of it.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** A directory that holds more is searched by git. */
const MAX_WALKED_ENTRIES = 2000;
const MAX_SEED_ENTRIES = 10_000;

/** Paths relative to `top` of the repositories below `directory`; null when there is too much to walk through. */
export function walkForRepositories(
  top: string,
  directory: string,
  isSkipped: (path: string, name: string) => boolean,
): string[] | null {
  const found: string[] = [];
  let left = MAX_WALKED_ENTRIES;
  const walk = (parent: string): boolean => {
    const entries = entriesOf(parent);
    left -= entries.length;
    if (left < 0) return false;
    if (parent !== directory && entries.some(({ name }) => name === ".git"))
      found.push(relative(top, parent));
    return entries.every((entry) => {
      const path = join(parent, entry.name);
      return !entry.isDirectory() || isSkipped(path, entry.name) || walk(path);
    });
  };
  return walk(directory) ? found : null;
}

/** The repositories among what `ls-files --others -z` prints: git names them with a slash behind. */
export function repositoriesAmong(listed: string): string[] {
  return listed
    .split("\0")
    .filter((path) => path.endsWith("/"))
    .map((path) => path.slice(0, -1));
}

/** Any file of the repository, relative to `top`: once git knows one, it looks into the directory as into any other. */
export function seedOf(top: string, repository: string): string | undefined {
  const waiting = [join(top, repository)];
  for (let seen = 0; waiting.length > 0 && seen < MAX_SEED_ENTRIES;) {
    const directory = waiting.shift() ?? "";
    for (const entry of entriesOf(directory)) {
      seen++;
      const path = join(directory, entry.name);
      if (entry.name === ".git") continue;
      if (entry.isFile() || entry.isSymbolicLink()) return relative(top, path);
      if (entry.isDirectory() && !existsSync(join(path, ".git"))) waiting.push(path);
    }
  }
  return undefined;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
