// What the daemon and the spawner say to each other. Integers are in the machine's own order: both are on one machine.
#pragma once
#include "sys.h"

/** Daemon to spawner: this header, then `bytes` of body. */
struct Order {
  u32 bytes;
  u32 kind;
  u32 id;
};
enum OrderKind {
  /** Body: struct Start, then zero-closed texts: directory, control group (or empty), arguments, environment. */
  ORDER_START = 1,
  /** Body: three u32, descriptors of a `started` that the daemon has opened for itself; 0 where there is none. */
  ORDER_TAKEN = 2,
};
struct Start {
  u32 argumentCount;
  u32 environmentCount;
  /** 1: standard input is a pipe; 0: /dev/null. */
  u32 hasInput;
  /** Above 0: the soft limit of the stack in KiB while the program is executed, on which the room for arguments depends. */
  u32 stackKib;
};
#define MAX_ORDER_BYTES (16u << 20)

/** Spawner and supervisors to daemon: fixed records, each written at once. */
struct Report {
  u32 id;
  u32 kind;
  i64 values[7];
};
enum ReportKind {
  /** supervisor, program, descriptors of the daemon's ends (input or 0, output, errors) in the spawner. */
  REPORT_STARTED = 1,
  /** errno, stage, and the same descriptors. */
  REPORT_FAILED = 2,
  /** The program's wait status, CPU time in µs of it and what it waited for, its peak memory in KiB. */
  REPORT_EXITED = 3,
  /** Nothing of the tree is left: processes signalled, processes that ended by SIGKILL since it was asked for, CPU µs of all, peak KiB. */
  REPORT_EMPTY = 4,
  /** Its supervisor was ended from outside; what it left is killed. */
  REPORT_LOST = 5,
};
enum Stage { STAGE_DIRECTORY = 1, STAGE_PROGRAM = 2, STAGE_SPAWNER = 3 };

static inline void report(u32 id, u32 kind, i64 a, i64 b, i64 c, i64 d, i64 e) {
  struct Report record = {id, kind, {a, b, c, d, e, 0, 0}};
  for (;;) {
    i64 n = sys(SYS_write, 1, &record, sizeof record);
    if (n == -EINTR) continue;
    return; // a daemon that is gone is noticed elsewhere, and what is below must still be ended
  }
}

/** One order to start something, its texts found. */
struct Request {
  u32 id;
  struct Start start;
  const char *directory;
  const char *cgroup;
  char **arguments;
  char **environment;
};

/** The program's ends of its pipes. */
struct Ends {
  int input, output, errors;
};

/** Becomes the supervisor of one program; never returns. `daemonEnds` are the descriptors to report. */
void supervise(const struct Request *request, const struct Ends *ends, const i64 *daemonEnds, int spawner);
/** In the child that becomes the program; writes {errno, stage} to `failure` if it cannot. Never returns. */
void becomeProgram(const struct Request *request, const struct Ends *ends, int failure);
