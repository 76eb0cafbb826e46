// A directory, made with those above it.
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "./errno.ts";

/**
 * Makes what is missing of `path`, and answers whether that was anything. Throws the kernel's errors.
 * Unlike Node's own `recursive`, it ends where the system takes no entries (`/proc`): there that tries for ever, and keeps the process busy.
 */
export async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || dirname(path) === path)
      return await refuseUnlessDirectory(path, error);
  }
  await makeDirectory(dirname(path));
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    return await refuseUnlessDirectory(path, error);
  }
}

/** Somebody else may have made it meanwhile; a read-only place need not be written to when it is there. */
async function refuseUnlessDirectory(path: string, error: unknown): Promise<false> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return false;
  throw error;
}
