// In the child: takes on what the program must have, finds it and becomes it.
#include "wire.h"

enum { FAILURE_FD = 3, MAX_SIGNAL = 64 };

static void fail(i64 error, i64 stage) {
  i64 said[2] = {error < 0 ? -error : error, stage};
  sys(SYS_write, FAILURE_FD, said, sizeof said);
  leave(127);
}

static const char *variable(char **environment, const char *name) {
  u64 n = length(name);
  for (; *environment; environment++) {
    u64 same = 0;
    while (same < n && (*environment)[same] == name[same]) same++;
    if (same == n && (*environment)[n] == '=') return *environment + n + 1;
  }
  return 0;
}

/** A script without a first line that names its interpreter is the shell's, as everywhere. */
static void executeByShell(const char *path, const struct Request *request) {
  char **arguments = reserve((request->start.argumentCount + 2) * sizeof(char *));
  if (!arguments) return;
  arguments[0] = (char *)"/bin/sh";
  arguments[1] = (char *)path;
  for (u32 i = 1; i < request->start.argumentCount; i++) arguments[i + 1] = request->arguments[i];
  sys(SYS_execve, "/bin/sh", arguments, request->environment);
}

static i64 execute(const char *path, const struct Request *request) {
  i64 error = sys(SYS_execve, path, request->arguments, request->environment);
  if (error == -ENOEXEC) executeByShell(path, request);
  return error;
}

/** As execvp: along the PATH of the program's own environment. */
static i64 executeByName(const char *name, const struct Request *request) {
  for (const char *c = name; *c; c++)
    if (*c == '/') return execute(name, request);
  const char *path = variable(request->environment, "PATH");
  if (!path) path = "/usr/local/bin:/usr/bin:/bin";
  char candidate[4096];
  u64 nameLength = length(name);
  i64 answer = -ENOENT;
  for (;;) {
    u64 n = 0;
    while (path[n] && path[n] != ':') n++;
    if (n + nameLength + 2 <= sizeof candidate) {
      char *at = candidate;
      for (u64 i = 0; i < n; i++) *at++ = path[i];
      if (n) *at++ = '/';
      append(at, name);
      i64 error = execute(candidate, request);
      if (error == -EACCES) answer = error;
      else if (error != -ENOENT && error != -ENOTDIR && error != -ENAMETOOLONG) return error;
    }
    if (!path[n]) return answer;
    path += n + 1;
  }
}

static void resetSignals(void) {
  u64 none[4] = {0};
  for (int signal = 1; signal <= MAX_SIGNAL; signal++) sys(SYS_rt_sigaction, signal, none, 0, 8);
  u64 mask = 0;
  sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

static void raiseStack(u32 kib) {
  struct rlimit limit;
  if (sys(SYS_prlimit64, 0, RLIMIT_STACK, 0, &limit) < 0) return;
  u64 wanted = (u64)kib << 10;
  if (limit.soft >= wanted) return;
  limit.soft = limit.hard < wanted ? limit.hard : wanted;
  sys(SYS_prlimit64, 0, RLIMIT_STACK, &limit, 0);
}

void becomeProgram(const struct Request *request, const struct Ends *ends, int failure) {
  sys(SYS_prctl, PR_SET_PDEATHSIG, 0);
  sys(SYS_setsid, 0);
  // All of these are above 9: none is overwritten before it is used.
  sys(SYS_dup3, failure, FAILURE_FD, O_CLOEXEC);
  sys(SYS_dup3, ends->input, 0, 0);
  sys(SYS_dup3, ends->output, 1, 0);
  sys(SYS_dup3, ends->errors, 2, 0);
  sys(SYS_close_range, FAILURE_FD + 1, ~0u, 0);
  i64 error = sys(SYS_chdir, request->directory);
  if (error < 0) fail(error, STAGE_DIRECTORY);
  if (request->start.stackKib) raiseStack(request->start.stackKib);
  resetSignals();
  fail(executeByName(request->arguments[0], request), STAGE_PROGRAM);
}
