// What git says of two trees, as changes: pure, so that it can be tested without a repository.

export interface FileChange {
  /** Relative to the directory. */
  readonly path: string;
  readonly change: "created" | "modified" | "deleted";
  /** Unified diff; null for a binary file, and for one too large to show. */
  readonly diff: string | null;
}

/** Beyond this a change is named without its diff. */
const MAX_DIFF_BYTES = 256 * 1024;
const CHANGES = { A: "created", D: "deleted", M: "modified", T: "modified" } as const;

/**
 * `names`: of `diff-tree -z --name-status`; `patch`: of `diff-tree -p` of the same trees, empty where it could not be had. The two are in one
 * order, and a file that has become a link, or the other way round, has two patches: its end and its beginning.
 */
export function changesOf(names: string, patch: string): FileChange[] {
  const fields = names.split("\0").filter((each) => each !== "");
  const patches = patch.split(/^(?=diff --git )/m).filter((each) => each !== "");
  const changed = Array.from({ length: fields.length / 2 }, (_, at) => {
    const status = fields[2 * at] as keyof typeof CHANGES;
    return { status, path: fields[2 * at + 1] ?? "", patches: status === "T" ? 2 : 1 };
  });
  const expected = changed.reduce((sum, each) => sum + each.patches, 0);
  let next = 0;
  return changed.map(({ status, path, patches: count }) => {
    const own = expected === patches.length ? patches.slice(next, next + count) : [];
    next += count;
    return { path, change: CHANGES[status] ?? "modified", diff: shownDiff(own) };
  });
}

/** From the first hunk's file names on; what git says above them is about its own objects. */
function shownDiff(patches: readonly string[]): string | null {
  const shown = patches.map((patch) => patch.slice(hunksAt(patch) ?? patch.length)).join("");
  return shown === "" || Buffer.byteLength(shown) > MAX_DIFF_BYTES ? null : shown;
}

function hunksAt(patch: string): number | undefined {
  const at = patch.search(/^--- /m);
  return at < 0 ? undefined : at;
}
