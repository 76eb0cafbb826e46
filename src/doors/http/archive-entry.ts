// Which entries of an archive are not unpacked.
import { posix } from "node:path";
import type { ReadEntry } from "tar";

const PLAIN_TYPES: ReadonlySet<string> = new Set([
  "File",
  "OldFile",
  "ContiguousFile",
  "Directory",
  "GNUDumpDir",
]);

/**
 * Why an entry must not be unpacked; undefined when it may.
 * Stricter than tar itself, which strips the root of absolute paths and takes `a/../..` in a link for what it says, when `a` may be a link.
 */
export function whyRefused(
  path: string,
  entry: Pick<ReadEntry, "type" | "linkpath">,
): string | undefined {
  if (leadsOut(path)) return "its path is absolute or holds `..`";
  if (PLAIN_TYPES.has(entry.type)) return undefined;
  const target = entry.linkpath ?? "";
  if (entry.type === "Link")
    return leadsOut(target) ? "it is a hard link to something outside of the folder" : undefined;
  if (entry.type === "SymbolicLink")
    return symlinkLeadsOut(path, target)
      ? "it is a symlink that leads out of the folder"
      : undefined;
  return `it is a ${entry.type}, and only files, directories and links are unpacked`;
}

function leadsOut(path: string): boolean {
  return path.startsWith("/") || path.includes("\0") || path.split("/").includes("..");
}

function symlinkLeadsOut(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/") || target.includes("\0")) return true;
  const below = target.replace(/^((\.\.|\.)(\/+|$))+/, "");
  if (below.split("/").includes("..")) return true;
  const resolved = posix.join(posix.dirname(path), target);
  return resolved === ".." || resolved.startsWith("../..");
}
