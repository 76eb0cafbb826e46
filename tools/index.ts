// The catalogue: every tool of the box. To add one is one file and one line here.
import { copy as fsCopy } from "./fs/copy.ts";
import { edit as fsEdit } from "./fs/edit.ts";
import { glob as fsGlob } from "./fs/glob.ts";
import { grep as fsGrep } from "./fs/grep.ts";
import { list as fsList } from "./fs/list.ts";
import { mkdir as fsMkdir } from "./fs/mkdir.ts";
import { move as fsMove } from "./fs/move.ts";
import { read as fsRead } from "./fs/read.ts";
import { remove as fsRemove } from "./fs/remove.ts";
import { stat as fsStat } from "./fs/stat.ts";
import { write as fsWrite } from "./fs/write.ts";
import { add as gitAdd } from "./git/add.ts";
import { branch as gitBranch } from "./git/branch.ts";
import { checkout as gitCheckout } from "./git/checkout.ts";
import { clone as gitClone } from "./git/clone.ts";
import { commit as gitCommit } from "./git/commit.ts";
import { diff as gitDiff } from "./git/diff.ts";
import { fetch as gitFetch } from "./git/fetch.ts";
import { log as gitLog } from "./git/log.ts";
import { pull as gitPull } from "./git/pull.ts";
import { push as gitPush } from "./git/push.ts";
import { run as gitRun } from "./git/run.ts";
import { show as gitShow } from "./git/show.ts";
import { status as gitStatus } from "./git/status.ts";
import { closeStdin as shellCloseStdin } from "./shell/close-stdin.ts";
import { exec as shellExec } from "./shell/exec.ts";
import { list as shellList } from "./shell/list.ts";
import { read as shellRead } from "./shell/read.ts";
import { signal as shellSignal } from "./shell/signal.ts";
import { start as shellStart } from "./shell/start.ts";
import { stop as shellStop } from "./shell/stop.ts";
import { write as shellWrite } from "./shell/write.ts";
import type { Tool } from "./tool.ts";

export const tools = [
  fsRead,
  fsWrite,
  fsEdit,
  fsList,
  fsStat,
  fsGlob,
  fsGrep,
  fsMove,
  fsCopy,
  fsRemove,
  fsMkdir,
  gitClone,
  gitStatus,
  gitDiff,
  gitLog,
  gitShow,
  gitAdd,
  gitCommit,
  gitBranch,
  gitCheckout,
  gitFetch,
  gitPull,
  gitPush,
  gitRun,
  shellExec,
  shellStart,
  shellList,
  shellRead,
  shellWrite,
  shellCloseStdin,
  shellSignal,
  shellStop,
] as const satisfies readonly Tool[];
