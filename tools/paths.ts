// Which paths the file tools may touch: resolving against a directory, and keeping to the allowed roots, symlinks included.
import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import { ToolError } from "./tool.ts";

export interface PathPolicy {
  /** Absolute directories outside of which nothing is touched; `["/"]` allows the whole box. */
  readonly roots: readonly string[];
}

/** The whole box: what a container that is itself the sandbox wants. */
export const EVERYWHERE: PathPolicy = { roots: ["/"] };

/**
 * The absolute form of `path`, resolved against `cwd`.
 * Throws `ToolError`: `invalid_path` (empty or holds NUL), `path_not_allowed` (outside the roots, also through a symlink).
 */
export async function resolvePath(path: string, cwd: string, policy: PathPolicy): Promise<string> {
  if (path === "" || path.includes("\0")) throw new ToolError("invalid_path", "A path must not be empty nor hold a NUL character");
  const absolute = isAbsolute(path) ? resolve(path) : resolve(cwd, path);
  if (policy.roots.includes("/")) return absolute;
  const real = await realpathOfExisting(absolute);
  for (const root of policy.roots) {
    if (isWithin(real, await realpathOfExisting(root))) return absolute;
  }
  throw new ToolError("path_not_allowed", `${absolute} is outside of the allowed directories: ${policy.roots.join(", ")}`, {
    data: { path: absolute, roots: policy.roots },
  });
}

/** The real path of the nearest ancestor that exists, with the rest appended: what a write there would follow. */
async function realpathOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    return resolve(await realpathOfExisting(parent), path.slice(parent.length + (parent.endsWith(sep) ? 0 : 1)));
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
