/*
 * Descriptors that a process may close without our knowing: a daemon closes all it
 * has inherited and then opens its own under the same numbers. So each is
 * remembered with what it is, and closed only while it still is that.
 */
#ifndef DT_FD_H
#define DT_FD_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct dt_fd {
  int number; /* -1: none */
  dev_t device;
  ino_t inode;
} dt_fd;

/* Remembers what `number` is now; a negative number is remembered as none. */
dt_fd dt_fd_remember(int number);

/* Whether the number still is that of the same socket, pipe or file. */
bool dt_fd_is_ours(const dt_fd *fd);

/* Closes it if it is still ours, and forgets it; idempotent. */
void dt_fd_close(dt_fd *fd);

/* A socket that programs started by the host do not inherit; -1 with errno. */
int dt_fd_socket(int domain, int type, int protocol);

/*
 * For a library that opens two unix sockets and lets programs inherit them: dt_fd_next_two gives
 * the numbers they will have, dt_fd_keep_private then makes them close-on-exec, if they are
 * unix sockets. Another thread that opens descriptors meanwhile may get the numbers.
 */
void dt_fd_next_two(int numbers[2]);
void dt_fd_keep_private(const int numbers[2]);

#if defined(__linux__)
/*
 * Whether the epoll instance `epoll` watches `fd`, which is ours. That tells our instances from all
 * others: to fstat, all of them are the same file.
 */
bool dt_fd_is_watched(int epoll, int fd);
#endif

#endif
