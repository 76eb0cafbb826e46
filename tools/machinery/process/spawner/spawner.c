// The spawner: one small process that starts programs for the daemon, whose own size it does not share, and never grows.
#include "tree.h"

enum { MAX_SUPERVISORS = 8192, PIPE_BYTES = 256 * 1024, FIRST_OWN_FD = 10 };

struct Supervisor { int pid; u32 id; };
static struct Supervisor *supervisors;
static int supervisorCount;
/** A supervisor was ended from outside: what returns to us is nobody's, and is killed. */
static int hasStrays;

static int indexOf(int pid) {
  for (int i = 0; i < supervisorCount; i++)
    if (supervisors[i].pid == pid) return i;
  return -1;
}

static void killStrays(void) {
  static char listing[1 << 16];
  if (readStart("/proc/thread-self/children", listing, sizeof listing) <= 0) return;
  int pid = 0;
  for (char *c = listing; *c; c++) {
    if (*c >= '0' && *c <= '9') pid = pid * 10 + (*c - '0');
    else if (pid) {
      if (indexOf(pid) < 0) sys(SYS_kill, pid, SIGKILL);
      pid = 0;
    }
  }
}

static void reapSupervisors(int signals) {
  u8 drained[128 * 16];
  sys(SYS_read, signals, drained, sizeof drained);
  for (;;) {
    int status = 0;
    i64 pid = sys(SYS_wait4, -1, &status, WNOHANG, 0);
    if (pid == -EINTR) continue;
    if (pid <= 0) break;
    int at = indexOf((int)pid);
    if (at < 0) continue;
    u32 id = supervisors[at].id;
    supervisors[at] = supervisors[--supervisorCount];
    if (status == 0) continue;
    hasStrays = 1;
    report(id, REPORT_LOST, status, 0, 0, 0, 0);
  }
  if (hasStrays) killStrays();
}

/** Finds `count` texts from `at` on; null where the body ends before. */
static char **findTexts(char **at, const char *end, u32 count) {
  char **texts = reserve((count + 1ull) * sizeof(char *));
  if (!texts) return 0;
  for (u32 i = 0; i < count; i++) {
    texts[i] = *at;
    while (*at < end && **at) (*at)++;
    if (*at == end) return 0;
    (*at)++;
  }
  return texts;
}

static int makePipe(int *ends) {
  if (sys(SYS_pipe2, ends, O_CLOEXEC) < 0) return 0;
  sys(SYS_fcntl, ends[0], F_SETPIPE_SZ, PIPE_BYTES);
  return 1;
}

static void closeBoth(const int *ends) {
  for (int i = 0; i < 2; i++)
    if (ends[i] > 0) sys(SYS_close, ends[i]);
}

static void start(u32 id, char *body, u32 bytes) {
  int input[2] = {0, 0}, output[2] = {0, 0}, errors[2] = {0, 0};
  struct Request request = {.id = id, .start = *(struct Start *)body};
  int isMade = makePipe(output) && makePipe(errors);
  if (request.start.hasInput) isMade = isMade && makePipe(input);
  else input[0] = openFile("/dev/null", O_RDONLY | O_CLOEXEC);
  int spawner = (int)sys(SYS_getpid, 0);
  i64 pid = -EAGAIN;
  if (isMade && input[0] >= 0 && supervisorCount < MAX_SUPERVISORS) pid = sys(SYS_clone, SIGCHLD, 0);
  if (pid == 0) {
    // In the child, so that the spawner's memory stays as small as it was.
    char *at = body + sizeof(struct Start), *end = body + bytes;
    char **places = findTexts(&at, end, 2);
    request.arguments = findTexts(&at, end, request.start.argumentCount);
    request.environment = findTexts(&at, end, request.start.environmentCount);
    i64 ends[3] = {input[1], output[0], errors[0]};
    if (!places || !request.arguments || !request.environment || !request.start.argumentCount) {
      report(id, REPORT_FAILED, EAGAIN, STAGE_SPAWNER, ends[0], ends[1], ends[2]);
      leave(0);
    }
    request.directory = places[0];
    request.cgroup = places[1];
    struct Ends programEnds = {input[0], output[1], errors[1]};
    supervise(&request, &programEnds, ends, spawner);
  }
  if (pid < 0) {
    closeBoth(input), closeBoth(output), closeBoth(errors);
    report(id, REPORT_FAILED, -pid, STAGE_SPAWNER, 0, 0, 0);
    return;
  }
  supervisors[supervisorCount++] = (struct Supervisor){(int)pid, id};
  sys(SYS_close, input[0]);
  sys(SYS_close, output[1]);
  sys(SYS_close, errors[1]);
}

/** 0 once the daemon is gone. */
static int takeOrder(void) {
  struct Order order;
  if (!readWhole(0, &order, sizeof order) || order.bytes > MAX_ORDER_BYTES) return 0;
  u64 room = order.bytes + 16;
  char *body = reserve(room);
  if (!body || !readWhole(0, body, order.bytes)) return 0;
  if (order.kind == ORDER_START && order.bytes >= sizeof(struct Start)) start(order.id, body, order.bytes);
  if (order.kind == ORDER_TAKEN && order.bytes == 3 * sizeof(u32))
    for (int i = 0; i < 3; i++)
      if (((u32 *)body)[i] >= FIRST_OWN_FD) sys(SYS_close, ((u32 *)body)[i]);
  sys(SYS_munmap, body, room);
  return 1;
}

__attribute__((used)) static void run(void) {
  u64 all = ~0ull, children = bit(SIGCHLD);
  sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
  sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
  sys(SYS_prctl, PR_SET_NAME, "harnessd-spawn");
  // What the daemon itself may have inherited goes; descriptors of ours begin at 10, out of the way of a program's own.
  sys(SYS_close_range, 3, ~0u, 0);
  while (openFile("/dev/null", O_RDWR | O_CLOEXEC) < FIRST_OWN_FD - 1);
  supervisors = reserve(MAX_SUPERVISORS * sizeof(struct Supervisor));
  int signals = (int)sys(SYS_signalfd4, -1, &children, 8, O_CLOEXEC | 04000);
  if (!supervisors || signals < 0) leave(1);
  struct pollfd polled[2] = {{0, POLLIN, 0}, {signals, POLLIN, 0}};
  for (;;) {
    if (sys(SYS_ppoll, polled, 2, 0, 0, 8) == -EINTR) continue;
    if (polled[1].revents) reapSupervisors(signals);
    if (polled[0].revents && !takeOrder()) leave(0);
  }
}

// The stack must be aligned as the ABI asks before any function is called.
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n and $-16, %rsp\n call run\n");
#else
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n bl run\n");
#endif

// Compilers call these for copies and zeroes of structs, with or without a C library.
void *memcpy(void *to, const void *from, unsigned long bytes) {
  for (unsigned long i = 0; i < bytes; i++) ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}
void *memset(void *at, int value, unsigned long bytes) {
  for (unsigned long i = 0; i < bytes; i++) ((volatile u8 *)at)[i] = (u8)value;
  return at;
}
