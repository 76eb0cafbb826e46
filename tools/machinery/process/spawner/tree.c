// Signals to whole trees. Nothing can leave: orphans return to this process, which is their subreaper.
#include "tree.h"

enum { MAX_ASKED = 1 << 14, LISTING = 1 << 16 };

static int *asked;
static int askedCount;
static char *listing;

static int makeRoom(void) {
  if (!asked) asked = reserve(MAX_ASKED * sizeof(int));
  if (!listing) listing = reserve(LISTING);
  return asked && listing;
}

/** The number at `*at`, which is moved past it; 0 at the end. */
static int nextNumber(const char **at) {
  while (**at == ' ' || **at == '\n') (*at)++;
  int number = 0;
  for (; **at >= '0' && **at <= '9'; (*at)++) number = number * 10 + (**at - '0');
  return number;
}

static int isNew(int pid) {
  for (int i = 0; i < askedCount; i++)
    if (asked[i] == pid) return 0;
  if (askedCount < MAX_ASKED) asked[askedCount++] = pid;
  return 1;
}

static int isStopped(int pid) {
  char path[64], stat[512];
  append(appendNumber(append(path, "/proc/"), pid), "/stat");
  if (readStart(path, stat, sizeof stat) <= 0) return 0;
  char *end = 0;
  for (char *c = stat; *c; c++)
    if (*c == ')') end = c;
  return end && end[1] && end[2] == 'T';
}

/** Appends the children of one thread to `found`. */
static int addChildren(const char *path, int *found, int count, int room) {
  if (readStart(path, listing, LISTING) <= 0) return count;
  const char *at = listing;
  for (int pid; count < room && (pid = nextNumber(&at));) found[count++] = pid;
  return count;
}

struct DirectoryEntry { u64 inode, offset; unsigned short size; u8 type; char name[]; };

/** A child belongs to the thread that made it: all threads are asked. */
static int addChildrenOfProcess(int pid, int *found, int count, int room) {
  char path[96], entries[2048];
  char *below = append(appendNumber(append(path, "/proc/"), pid), "/task/");
  int fd = openFile(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return count;
  for (i64 n; (n = sys(SYS_getdents64, fd, entries, sizeof entries)) > 0;)
    for (i64 at = 0; at < n;) {
      struct DirectoryEntry *entry = (struct DirectoryEntry *)(entries + at);
      at += entry->size;
      if (entry->name[0] == '.') continue;
      append(append(below, entry->name), "/children");
      count = addChildren(path, found, count, room);
    }
  sys(SYS_close, fd);
  return count;
}

i64 askTree(void) {
  if (!makeRoom()) return 0;
  u64 bytes = MAX_ASKED * sizeof(int);
  int *found = reserve(bytes);
  if (!found) return 0;
  i64 fresh = 0;
  int count = addChildren("/proc/thread-self/children", found, 0, MAX_ASKED);
  // The list grows while it is walked.
  for (int i = 0; i < count; i++) {
    count = addChildrenOfProcess(found[i], found, count, MAX_ASKED);
    if (isNew(found[i])) {
      fresh++;
      sys(SYS_kill, found[i], SIGTERM);
    }
    if (isStopped(found[i])) sys(SYS_kill, found[i], SIGCONT);
  }
  sys(SYS_munmap, found, bytes);
  return fresh;
}

i64 killChildren(void) {
  if (!makeRoom() || readStart("/proc/thread-self/children", listing, LISTING) <= 0) return 0;
  const char *at = listing;
  i64 count = 0;
  for (int pid; (pid = nextNumber(&at)); count++) sys(SYS_kill, pid, SIGKILL);
  return count;
}
