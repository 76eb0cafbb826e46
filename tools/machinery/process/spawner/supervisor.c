// Above each program stands a supervisor: whatever the program starts and leaves returns to it, and is counted and ended here.
#include "tree.h"

enum { KILL_ROUND_NS = 1000 * 1000, SPINS = 200 };

struct Tree {
  u32 id;
  i64 program;
  int isEnding;
  i64 signalled;
  i64 killed;
};

static i64 cpuMicros(const struct rusage *use) {
  return (use->userSeconds + use->systemSeconds) * 1000000 + use->userMicros + use->systemMicros;
}

/** 0 once nothing is left. */
static int reap(struct Tree *tree) {
  for (;;) {
    int status = 0;
    struct rusage use;
    i64 pid = sys(SYS_wait4, -1, &status, WNOHANG, &use);
    if (pid == -EINTR) continue;
    if (pid == 0) return 1;
    if (pid < 0) return 0;
    if (tree->isEnding && (status & 0x7f) == SIGKILL) tree->killed++;
    if (pid == tree->program) report(tree->id, REPORT_EXITED, status, cpuMicros(&use), use.maxRssKib, 0, 0);
  }
}

/** A killed process may have forked before: rounds follow each other at once, then with pauses. */
static void killAll(struct Tree *tree) {
  struct timespec pause = {0, KILL_ROUND_NS};
  u64 mask = bit(SIGCHLD);
  for (int round = 0; reap(tree); round++) {
    killChildren();
    if (round >= SPINS) sys(SYS_rt_sigtimedwait, &mask, 0, &pause, 8);
  }
}

static void watch(struct Tree *tree) {
  u64 mask = bit(SIGCHLD) | bit(SIGUSR1) | bit(SIGUSR2);
  while (reap(tree)) {
    i64 signal = sys(SYS_rt_sigtimedwait, &mask, 0, 0, 8);
    if (signal != SIGUSR1 && signal != SIGUSR2) continue;
    tree->isEnding = 1;
    tree->signalled += askTree();
    if (signal == SIGUSR1) continue;
    killAll(tree);
    return;
  }
}

/** In the control group from its first instruction on, where the kernel can. */
static i64 forkInto(const char *cgroup) {
  if (cgroup[0]) {
    int fd = openFile(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
      u64 wish[11] = {0x200000000ull, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, (u64)fd};
      i64 pid = sys(SYS_clone3, wish, sizeof wish);
      if (pid != 0) sys(SYS_close, fd);
      if (pid >= 0) return pid;
    }
  }
  return sys(SYS_clone, SIGCHLD, 0);
}

void supervise(const struct Request *request, const struct Ends *ends, const i64 *daemonEnds, int spawner) {
  sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
  // Should the spawner end, nothing may outlive it.
  sys(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR2);
  if (sys(SYS_getppid, 0) != spawner) leave(0);
  int failure[2];
  i64 error = sys(SYS_pipe2, failure, O_CLOEXEC);
  struct Tree tree = {request->id, error < 0 ? error : forkInto(request->cgroup), 0, 0, 0};
  if (tree.program == 0) becomeProgram(request, ends, failure[1]);
  if (tree.program < 0) {
    report(tree.id, REPORT_FAILED, -tree.program, STAGE_SPAWNER, daemonEnds[0], daemonEnds[1], daemonEnds[2]);
    leave(0);
  }
  sys(SYS_dup3, failure[0], 3, O_CLOEXEC);
  sys(SYS_close, 0);
  sys(SYS_close_range, 4, ~0u, 0); // other programs' pipes too, which would not end else
  i64 said[2];
  if (readWhole(3, said, sizeof said)) {
    sys(SYS_wait4, tree.program, 0, 0, 0);
    report(tree.id, REPORT_FAILED, said[0], said[1], daemonEnds[0], daemonEnds[1], daemonEnds[2]);
    leave(0);
  }
  sys(SYS_close, 3);
  report(tree.id, REPORT_STARTED, sys(SYS_getpid, 0), tree.program, daemonEnds[0], daemonEnds[1], daemonEnds[2]);
  watch(&tree);
  struct rusage all;
  sys(SYS_getrusage, RUSAGE_CHILDREN, &all);
  report(tree.id, REPORT_EMPTY, tree.signalled, tree.killed, cpuMicros(&all), all.maxRssKib, 0);
  leave(0);
}
