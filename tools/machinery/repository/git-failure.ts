// Why a git command failed, as an answer that programs can test and people can act on.
import { CodedError } from "../../coded-error.ts";
import { tailOf } from "../text/cut.ts";

export interface GitExit {
  readonly exitCode: number;
  /** Both without secrets. */
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_SHOWN_CHARS = 2000;

/** In this order: what git says of a refused login also says that the URL could not be accessed. */
const KINDS: readonly (readonly [code: string, pattern: RegExp, hint: string])[] = [
  ["program_not_found", /spawn git ENOENT/, "git is not installed in this box, or not on its PATH"],
  [
    "not_a_repository",
    /not a git repository|must be run in a work tree/,
    "name a directory inside of a repository with `path`, or clone one first",
  ],
  [
    "unsafe_repository",
    /dubious ownership/,
    "the repository belongs to another user; add it to git's safe.directory",
  ],
  [
    "authentication_failed",
    /Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied \(|Host key verification failed|HTTP Basic: Access denied|returned error: 40[13]/,
    "give a `token` that may access the remote",
  ],
  [
    "ref_not_found",
    /Remote branch .* not found|couldn't find remote ref|src refspec .* does not match/,
    "there is no such branch, tag or commit",
  ],
  [
    "remote_not_found",
    /[Rr]epository .*not (found|exist)|does not appear to be a git repository|No such remote|No configured push destination|returned error: 404|no upstream|no tracking information/,
    "check the remote's name or URL",
  ],
  [
    "connection_failed",
    /Could not resolve host|Failed to connect|Connection (refused|reset|timed out)|unable to access|early EOF|hung up unexpectedly/,
    "the remote could not be reached",
  ],
  [
    "local_changes",
    /would be overwritten by|Your local changes|commit your changes or stash/,
    "commit or remove the changes in the way first",
  ],
  [
    "merge_conflict",
    /CONFLICT|Automatic merge failed|needs merge|unmerged files|unresolved conflict|could not apply/,
    "resolve the conflicts, add the files and commit",
  ],
  [
    "diverged",
    /Not possible to fast-forward|divergent branches/,
    "both sides have commits of their own; choose `merge` or `rebase`",
  ],
  [
    "push_rejected",
    /\[(remote )?rejected\]|stale info|fetch first|non-fast-forward/,
    "the remote has what is not here; fetch first",
  ],
  [
    "nothing_to_commit",
    /nothing to commit|no changes added to commit|nothing added to commit|No changes/,
    "add changes first, or set `all`",
  ],
  [
    "identity_missing",
    /tell me who you are|unable to auto-detect email|empty ident name/,
    "give an `author`",
  ],
  ["already_exists", /already exists/, "something of that name is there already"],
  ["not_merged", /is not fully merged/, "set `force` to delete it all the same"],
  [
    "repository_locked",
    /Unable to create .*\.lock|Another git process seems to be running/,
    "another git command is at work; try again",
  ],
  ["disk_full", /No space left on device/, "no space is left on the device"],
  [
    "permission_denied",
    /Permission denied|insufficient permission/,
    "the daemon's user may not do that there",
  ],
  [
    "ref_not_found",
    /did not match any|unknown revision|ambiguous argument|not a valid|bad revision|invalid reference|not found|does not exist in|but not in '|Needed a single revision/,
    "there is no such branch, tag, commit or path",
  ],
];

/** The failure as a CodedError; `what` says what was being done, such as `clone`; `hook` names the hook that refused. */
export function gitFailure(
  what: string,
  exit: GitExit,
  { hook }: { readonly hook?: string | undefined } = {},
): CodedError {
  const data = { exitCode: exit.exitCode };
  const spoken = exit.stderr.trim() || exit.stdout.trim() || `it exited with ${exit.exitCode}`;
  const shown = tailOf(spoken, MAX_SHOWN_CHARS);
  if (hook !== undefined) {
    const message = `git could not ${what}: the repository's ${hook} hook refused. It said: ${shown}`;
    return new CodedError("hook_failed", message, { data: { ...data, hook } });
  }
  const said = ownWords(`${exit.stderr}\n${exit.stdout}`);
  const [code, , hint] = KINDS.find(([, pattern]) => pattern.test(said)) ?? [
    "git_failed",
    undefined,
    undefined,
  ];
  const message =
    code === "program_not_found"
      ? `Cannot ${what}: ${hint}`
      : `git could not ${what}${hint ? `: ${hint}` : ""}. It said: ${shown}`;
  return new CodedError(code, message, { data });
}

/** Without what the other side prints: hooks of a remote may say anything. */
function ownWords(said: string): string {
  return said.replaceAll(/^remote: .*$/gm, "");
}
