// The repository that a directory lies in: what it ignores is ignored below it too.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The top of the repository around the directory, or the directory itself. */
export function topOf(directory: string): string {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (at === dirname(at)) return directory;
  }
}

/** What a repository ignores beside its .gitignore files. */
export function ownExcludes(top: string): Promise<string> {
  return readFile(join(top, ".git/info/exclude"), "utf8").catch(() => "");
}
