// Runs git for the hidden repository, and makes that repository.
import { mkdir, rename, rm } from "node:fs/promises";
import { GIT_LOCAL_VARIABLES } from "../../tools/machinery/repository/local-variables.ts";

/** The daemon may have been started by a hook of a repository. */
const NO_OTHER_REPOSITORY = Object.fromEntries(
  GIT_LOCAL_VARIABLES.map((name) => [name, undefined]),
);
const MAX_PATCH_BYTES = 16 * 1024 * 1024;

export interface GitContext {
  /** For the environment of each git. */
  readonly marker: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Made beside its place and moved there, since two runs may begin at once: the slower one then finds it made. */
export async function createRepository(
  gitDir: string,
  draft: string,
  context: GitContext,
): Promise<void> {
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await runGit(["init", "--quiet", "--bare", "."], draft, {}, context);
  await runGit(["config", "core.bare", "false"], draft, { GIT_DIR: draft }, context);
  await rename(draft, gitDir).catch(() => rm(draft, { recursive: true, force: true }));
}

/** What git printed. Rejects where git is not there or fails. */
export async function runGit(
  args: string[],
  cwd: string,
  env: Record<string, string>,
  { marker, signal }: GitContext,
  input = "",
): Promise<string> {
  const { execa } = await import("execa");
  const options = {
    cwd,
    input,
    env: { ...NO_OTHER_REPOSITORY, ...env, ...marker, GIT_OPTIONAL_LOCKS: "0" },
    cancelSignal: signal,
    killDescendants: true,
    cleanup: false, // else a signal that finds git at work would end this process: its cleaning up ends whoever has no listener left
    stripFinalNewline: false,
    maxBuffer: MAX_PATCH_BYTES,
  };
  const { stdout } = await execa("git", args, options);
  return stdout;
}
