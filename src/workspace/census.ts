// What stands in a small directory, in one word: far cheaper than asking git, where nothing has changed.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Some 9 µs each, during which the daemon does nothing else; a directory that holds more is left to git. */
const MAX_ENTRIES = 1000;
const NS_PER_S = 1_000_000_000n;
/** A file that changed so short a time ago could change again and bear the same time. The larger is for file systems that count in seconds. */
const [SETTLED_NS, SETTLED_COARSE_NS] = [NS_PER_S / 20n, 5n * (NS_PER_S / 2n)];

/**
 * The same word means that no file below the directory has changed: no name, size, mode, time or inode. Null where that cannot be told:
 * too many entries, one that cannot be looked at, or one that changed just now. `isSkipped` is asked about each directory's absolute path.
 */
export function takeCensus(
  directory: string,
  isSkipped: (path: string, name: string) => boolean,
): string | null {
  const now = BigInt(Date.now()) * 1_000_000n;
  const digest = createHash("sha256");
  let left = MAX_ENTRIES;
  const isSettled = (changed: bigint): boolean =>
    changed < now - (changed % NS_PER_S === 0n ? SETTLED_COARSE_NS : SETTLED_NS);
  const walk = (parent: string): boolean =>
    readdirSync(parent).every((name) => {
      const path = join(parent, name);
      if (--left < 0) return false;
      const found = lstatSync(path, { bigint: true });
      if (found.isDirectory()) return isSkipped(path, name) || walk(path);
      const { ctimeNs, mtimeNs, size, mode, ino } = found;
      digest.update(`${path}\0${ctimeNs} ${mtimeNs} ${size} ${mode} ${ino}\0`);
      return isSettled(ctimeNs);
    });
  try {
    return walk(directory) ? digest.digest("base64") : null;
  } catch {
    return null;
  }
}
