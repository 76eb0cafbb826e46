// Which paths the file tools may touch: resolving against a directory, and keeping to the allowed roots, symlinks included.
import { CodedError } from "./coded-error.ts";
import { readlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import type { PathPolicy } from "./path-policy.ts";

/** The whole box: what a container that is itself the sandbox wants. */
export const EVERYWHERE: PathPolicy = { roots: ["/"] };

/** The kernel's own limits on a path (PATH_MAX) and on the symlinks followed for one path. */
const MAX_PATH_BYTES = 4096;
const MAX_LINKS = 40;

/**
 * The absolute form of `path`, resolved against `cwd`.
 * Throws `CodedError`: `invalid_path` (empty, too long, holds NUL, loops), `path_not_allowed` (outside the roots, also through a symlink,
 * a dangling one included). With `ofLink` the last name is not followed: for what is done to a link itself, such as removing it.
 */
export async function resolvePath(
  path: string,
  cwd: string,
  policy: PathPolicy,
  options: { ofLink?: boolean } = {},
): Promise<string> {
  const absolute = absolutePath(path, cwd);
  if (!policy.roots.includes("/")) await destinationWithin(absolute, policy, options);
  return absolute;
}

/** As `resolvePath`, but answers with the place that `path` leads to, no symlink left in it: what a write must replace. */
export async function resolveTarget(
  path: string,
  cwd: string,
  policy: PathPolicy,
): Promise<string> {
  return await destinationWithin(absolutePath(path, cwd), policy, {});
}

/** True for the root of the box and for every allowed root: what must not be removed or moved away. */
export async function isRoot(absolute: string, policy: PathPolicy): Promise<boolean> {
  const roots = await Promise.all(
    ["/", ...policy.roots].map((root) => destinationOf(resolve(root))),
  );
  return roots.includes(await destinationOf(absolute, { ofLink: true }));
}

function absolutePath(path: string, cwd: string): string {
  if (path === "" || path.includes("\0"))
    throw new CodedError("invalid_path", "A path must not be empty nor hold a NUL character");
  const absolute = resolve(cwd, path);
  if (Buffer.byteLength(absolute) >= MAX_PATH_BYTES) {
    throw new CodedError(
      "invalid_path",
      `A path must be shorter than ${MAX_PATH_BYTES} bytes; this one has ${Buffer.byteLength(absolute)}`,
    );
  }
  return absolute;
}

/** Checked when asked, not held: a link swapped in between this and the use is not seen. */
async function destinationWithin(
  absolute: string,
  policy: PathPolicy,
  options: { ofLink?: boolean },
): Promise<string> {
  const destination = await destinationOf(absolute, options);
  for (const root of policy.roots) {
    if (isWithin(destination, await destinationOf(resolve(root)))) return destination;
  }
  const leads = destination === absolute ? "" : `, since it leads to ${destination}`;
  throw new CodedError(
    "path_not_allowed",
    `${absolute} is outside of the allowed directories (${policy.roots.join(", ")})${leads}`,
    {
      data: { path: absolute, roots: policy.roots },
    },
  );
}

/**
 * Where an absolute path leads, whether or not something is there. Unlike `realpath` it follows dangling links,
 * and since what is behind it is free of links, `..` in a link's target means what it means to the kernel.
 */
async function destinationOf(absolute: string, { ofLink = false } = {}): Promise<string> {
  if (ofLink && absolute !== "/")
    return join(await destinationOf(dirname(absolute)), basename(absolute));
  const ahead = absolute.split(sep);
  let behind = "/";
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === "..") behind = dirname(behind);
    if (name === "" || name === "." || name === "..") continue;
    const next = join(behind, name);
    const target = await linkTarget(next);
    if (target === undefined) {
      behind = next;
      continue;
    }
    if (++links > MAX_LINKS)
      throw new CodedError(
        "invalid_path",
        `${absolute} leads through more than ${MAX_LINKS} symlinks`,
      );
    if (isAbsolute(target)) behind = "/";
    ahead.unshift(...target.split(sep));
  }
  return behind;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EINVAL" || code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ENAMETOOLONG")
      throw new CodedError("invalid_path", `A name in ${path} is too long`, { cause: error });
    throw new CodedError("permission_denied", `Cannot see where ${path} leads: ${String(code)}`, {
      cause: error,
    });
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
