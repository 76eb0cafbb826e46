// System calls without a C library: the spawner is one small static program that runs on any Linux, whatever its libc.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long i64;

#if defined(__x86_64__)
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_munmap = 11, SYS_rt_sigaction = 13,
  SYS_rt_sigprocmask = 14, SYS_clone = 56, SYS_execve = 59, SYS_exit_group = 231, SYS_wait4 = 61, SYS_kill = 62,
  SYS_fcntl = 72, SYS_chdir = 80, SYS_getrusage = 98, SYS_getppid = 110, SYS_setsid = 112, SYS_rt_sigtimedwait = 128,
  SYS_prctl = 157, SYS_getdents64 = 217, SYS_getpid = 39, SYS_openat = 257, SYS_ppoll = 271, SYS_signalfd4 = 289,
  SYS_dup3 = 292, SYS_pipe2 = 293, SYS_prlimit64 = 302, SYS_clone3 = 435, SYS_close_range = 436,
};
static inline i64 sys6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  i64 r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}
#elif defined(__aarch64__)
enum {
  SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_mmap = 222, SYS_munmap = 215, SYS_rt_sigaction = 134,
  SYS_rt_sigprocmask = 135, SYS_clone = 220, SYS_execve = 221, SYS_exit_group = 94, SYS_wait4 = 260, SYS_kill = 129,
  SYS_fcntl = 25, SYS_chdir = 49, SYS_getrusage = 165, SYS_getppid = 173, SYS_setsid = 157, SYS_rt_sigtimedwait = 137,
  SYS_prctl = 167, SYS_getdents64 = 61, SYS_getpid = 172, SYS_openat = 56, SYS_ppoll = 73, SYS_signalfd4 = 74,
  SYS_dup3 = 24, SYS_pipe2 = 59, SYS_prlimit64 = 261, SYS_clone3 = 435, SYS_close_range = 436,
};
static inline i64 sys6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "the spawner knows x86_64 and aarch64"
#endif

#define sys(n, ...) sys_pick(__VA_ARGS__, 0, 0, 0, 0, 0, 0)(n, __VA_ARGS__)
#define sys_pick(a, b, c, d, e, f, ...) sys_full
#define sys_full(n, ...) sys_args(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_args(n, a, b, c, d, e, f, ...) sys6(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), (i64)(f))

enum {
  O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CLOEXEC = 02000000,
#if defined(__aarch64__)
  O_DIRECTORY = 040000, O_PATH = 010000000,
#else
  O_DIRECTORY = 0200000, O_PATH = 010000000,
#endif
  AT_FDCWD = -100, WNOHANG = 1,
  EINTR = 4, ENOENT = 2, ESRCH = 3, ENOEXEC = 8, EAGAIN = 11, EACCES = 13, ENOTDIR = 20, ECHILD = 10, ENAMETOOLONG = 36,
  SIGKILL = 9, SIGUSR1 = 10, SIGUSR2 = 12, SIGTERM = 15, SIGCHLD = 17, SIGCONT = 18,
  SIG_BLOCK = 0, SIG_SETMASK = 2,
  F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031,
  PR_SET_PDEATHSIG = 1, PR_SET_NAME = 15, PR_SET_CHILD_SUBREAPER = 36,
  RLIMIT_STACK = 3, RUSAGE_CHILDREN = -1,
  POLLIN = 1, PROT_RW = 3, MAP_PRIVATE_ANONYMOUS = 0x22,
};

struct timespec { i64 seconds, nanoseconds; };
struct rusage { i64 userSeconds, userMicros, systemSeconds, systemMicros, maxRssKib, rest[13]; };
struct rlimit { u64 soft, hard; };
struct pollfd { int fd; short events, revents; };

static inline u64 bit(int signal) { return 1ull << (signal - 1); }
static inline void leave(int status) { for (;;) sys(SYS_exit_group, status); }
static inline int openFile(const char *path, int flags) { return (int)sys(SYS_openat, AT_FDCWD, path, flags, 0); }

static inline void *reserve(u64 bytes) {
  i64 at = sys6(SYS_mmap, 0, (i64)bytes, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

static inline u64 length(const char *text) {
  u64 n = 0;
  while (text[n]) n++;
  return n;
}

/** Reads exactly so many bytes; 0 at the end of the input or on failure. */
static inline int readWhole(int fd, void *into, u64 bytes) {
  for (u64 got = 0; got < bytes;) {
    i64 n = sys(SYS_read, fd, (u8 *)into + got, bytes - got);
    if (n == -EINTR) continue;
    if (n <= 0) return 0;
    got += (u64)n;
  }
  return 1;
}

/** The start of a file in `into`, closed by a zero. Answers its length, or less than 0. */
static inline i64 readStart(const char *path, char *into, u64 room) {
  int fd = openFile(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  u64 got = 0;
  for (i64 n; got < room - 1 && (n = sys(SYS_read, fd, into + got, room - 1 - got)) != 0;) {
    if (n == -EINTR) continue;
    if (n < 0) break;
    got += (u64)n;
  }
  sys(SYS_close, fd);
  into[got] = 0;
  return (i64)got;
}

static inline char *append(char *at, const char *text) {
  while (*text) *at++ = *text++;
  *at = 0;
  return at;
}

static inline char *appendNumber(char *at, i64 number) {
  char digits[24];
  int n = 0;
  do digits[n++] = (char)('0' + number % 10); while (number /= 10);
  while (n) *at++ = digits[--n];
  *at = 0;
  return at;
}
