/*
 * Runs programs in turns and prints what each run cost from its start to its end.
 * Each round has an order of its own: who follows a large program finds the
 * caches cold, and in one order that would always be the same.
 *
 * usage: spawn ROUNDS -- [NAME=VALUE…] COMMAND [ARGUMENT…] [-- …]…
 *
 * The variables are set here, as a shell does: env(1) would be one more program to start.
 *
 * One line a run: command=N cpu=… wall=… peak=…, in seconds and KiB; N from 1.
 * What the programs print is dropped. The first round is not counted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 32 };

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void become(char **command) {
  int null = open("/dev/null", O_WRONLY);
  dup2(null, STDOUT_FILENO);
  while (command[1] && strchr(command[0], '='))
    putenv(*command++);
  execvp(command[0], command);
  die(command[0]);
}

static void run(char **command, int number, int told) {
  struct rusage usage;
  int status = 0;
  double start = now();
  pid_t child = fork();
  if (child == 0)
    become(command);
  if (child < 0 || wait4(child, &status, 0, &usage) < 0)
    die("spawn");
  double wall = now() - start;
  if (status != 0) {
    fprintf(stderr, "spawn: command %d failed: %s\n", number, command[0]);
    exit(1);
  }
  if (told)
    printf("command=%d cpu=%.6f wall=%.6f peak=%ld\n", number,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), wall, usage.ru_maxrss);
}

static void shuffle(int *order, int count) {
  for (int last = count - 1; last > 0; last--) {
    int other = rand() % (last + 1), moved = order[last];
    order[last] = order[other];
    order[other] = moved;
  }
}

int main(int argc, char **argv) {
  char **commands[MAX_COMMANDS];
  int order[MAX_COMMANDS];
  int count = 0;
  for (int i = 2; i < argc && count < MAX_COMMANDS; i++)
    if (strcmp(argv[i], "--") == 0) {
      argv[i] = NULL;
      order[count] = count;
      commands[count++] = argv + i + 1;
    }
  for (int round = 0; round <= (argc > 1 ? atoi(argv[1]) : 0); round++) {
    shuffle(order, count);
    for (int i = 0; i < count; i++)
      run(commands[order[i]], order[i] + 1, round > 0);
  }
  return 0;
}
