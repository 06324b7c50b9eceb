/* Finds a socket the plain way: one thread reads every descriptor of every process. One look a line of input, answered
 * with its milliseconds; the first line of output says that it is ready. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* The kernel writes the inode as decimal, so comparing text is comparing numbers. */
static int holds(int proc, const char *pid, const char *wanted) {
  char path[300], link[64];
  int found = 0;
  snprintf(path, sizeof path, "%s/fd", pid);
  int fd = openat(proc, path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return 0;
  DIR *descriptors = fdopendir(fd);
  for (struct dirent *entry; (entry = readdir(descriptors));) {
    if (entry->d_name[0] == '.') continue;
    ssize_t length = readlinkat(fd, entry->d_name, link, sizeof link - 1);
    if (length < 0) continue;
    link[length] = 0;
    if (strcmp(link, wanted) == 0) found++;
  }
  closedir(descriptors);
  return found;
}

int main(int count, char **arguments) {
  char line[16], wanted[64];
  snprintf(wanted, sizeof wanted, "socket:[%s]", count > 1 ? arguments[1] : "0");
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    double start = now_ms();
    int owners = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(proc));)
      if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') owners += holds(dirfd(proc), entry->d_name, wanted) > 0;
    closedir(proc);
    printf("%.3f %d\n", now_ms() - start, owners);
    fflush(stdout);
  }
}
