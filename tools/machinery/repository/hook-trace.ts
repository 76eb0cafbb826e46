// Whether a hook made a git command fail, by git's own trace (trace2): what a hook prints may look like any message of git's.
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface HookTrace extends AsyncDisposable {
  /** For git's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The name of the first hook that refused, such as `pre-commit`. */
  failedHook(): Promise<string | undefined>;
}

interface TraceLine {
  readonly event?: string;
  readonly sid?: string;
  readonly name?: string;
  readonly child_id?: number;
  readonly child_class?: string;
  readonly hook_name?: string;
  readonly code?: number;
}

export function traceHooks(callId: string): HookTrace {
  const path = join(tmpdir(), `harnessd-git-${callId}.trace`);
  return {
    env: { GIT_TRACE2_EVENT: path },
    failedHook: async () => findFailedHook(await readFile(path, "utf8").catch(() => "")),
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true });
    },
  };
}

/** Hooks of a repository that is pushed to are the remote's affair; of the `post-` hooks only post-checkout decides anything. */
export function findFailedHook(trace: string): string | undefined {
  const hooks = new Map<string, string>();
  const receiving = new Set<string | undefined>();
  for (const line of trace.split("\n").flatMap(parse)) {
    const child = `${line.sid} ${line.child_id}`;
    if (line.event === "cmd_name" && line.name === "receive-pack") receiving.add(line.sid);
    if (line.event === "child_start" && line.child_class === "hook" && !receiving.has(line.sid))
      hooks.set(child, line.hook_name ?? "hook");
    const hook = line.event === "child_exit" && line.code !== 0 ? hooks.get(child) : undefined;
    if (hook !== undefined && (!hook.startsWith("post-") || hook === "post-checkout")) return hook;
  }
  return undefined;
}

function parse(line: string): TraceLine[] {
  try {
    return [JSON.parse(line) as TraceLine];
  } catch {
    return [];
  }
}
