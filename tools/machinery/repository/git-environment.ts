// The environment that git runs in: never asking, never paging, speaking English, and marked so that its children can be found.
import { dirname } from "node:path";
import type { ToolContext } from "../../tool.ts";

/** ssh as the user or the repository configured it, but never asking. git evaluates this shell line only when it needs ssh. */
const SILENT_SSH =
  'f() { eval "$(git config --get core.sshCommand || echo ssh) -o BatchMode=yes \\"\\$@\\""; }; f';

/** `callId` marks this call's processes; they are the owner's as well, where the call has one. */
export function gitEnvironment(
  { env, owner, paths, processes }: ToolContext,
  callId: string,
): Record<string, string> {
  const hasOwnSsh = env["GIT_SSH_COMMAND"] !== undefined || env["GIT_SSH"] !== undefined;
  return {
    ...env,
    GIT_TERMINAL_PROMPT: "0",
    GIT_EDITOR: "true",
    GIT_PAGER: "cat",
    // Looking at a repository must not get into the way of a command that changes it.
    GIT_OPTIONAL_LOCKS: "0",
    // What went wrong is read from git's messages; unlike LC_ALL this changes nothing else.
    LANGUAGE: "en",
    ...(!hasOwnSsh && { GIT_SSH_COMMAND: SILENT_SSH, GIT_SSH_VARIANT: "ssh" }),
    // A repository that begins above the allowed directories is none of ours.
    ...(!paths.roots.includes("/") && {
      GIT_CEILING_DIRECTORIES: paths.roots.map((root) => dirname(root)).join(":"),
    }),
    ...processes.markerOf(owner ?? callId),
    [CALL_MARKER]: callId,
  };
}

/** Holds a call's id in the environment of every process that it starts. */
export const CALL_MARKER = "HARNESSD_GIT_CALL";
