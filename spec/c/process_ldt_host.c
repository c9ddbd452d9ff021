/*
 * A host that does to the module what plain Lua cannot: forks, runs states in threads, ends a state
 * in the middle of a call, lets signals interrupt. Usage: process_ldt_host SCRIPT [ARGUMENT...];
 * the script finds these functions in the table `process`.
 */
#include "check.h"
#include "with_lua.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_THREADS = 64, MESSAGE_BYTES = 500 };

/* process.fork() -> 0 in the child, its id in the parent. */
static int process_fork(lua_State *L) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0)
    return luaL_error(L, "fork: %s", strerror(errno));
  lua_pushinteger(L, pid);
  return 1;
}

/* process.wait(pid) -> its exit status, or the signal that ended it as a negative number. */
static int process_wait(lua_State *L) {
  pid_t pid = (pid_t)luaL_checkinteger(L, 1);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return luaL_error(L, "waitpid: %s", strerror(errno));
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
  return 1;
}

/* process.close_from(first) closes every descriptor from that number on, as a daemon does. */
static int process_close_from(lua_State *L) {
  enum { BEYOND = 1024 };
  for (int fd = (int)luaL_checkinteger(L, 1); fd < BEYOND; fd++)
    close(fd);
  return 0;
}

/* process.limit_files(count) leaves the process so many descriptors. */
static int process_limit_files(lua_State *L) {
  rlim_t count = (rlim_t)luaL_checkinteger(L, 1);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = count;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0
                                               : luaL_error(L, "setrlimit: %s", strerror(errno));
}

static volatile sig_atomic_t interruptions;

static void on_alarm(int number) {
  (void)number;
  interruptions = interruptions + 1;
}

/* process.interrupt(ms) lets a signal come each `ms`, whose handler restarts no system call; 0: no
 * more. */
static int process_interrupt(lua_State *L) {
  suseconds_t us = (suseconds_t)luaL_checkinteger(L, 1) * 1000;
  struct sigaction action = {.sa_handler = on_alarm};
  struct itimerval timer = {{0, us}, {0, us}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  return 0;
}

/* process.interruptions() -> how many there were. */
static int process_interruptions(lua_State *L) {
  lua_pushinteger(L, interruptions);
  return 1;
}

/* process.default_sigpipe(): libraries of scripts (LuaSocket) ignore the signal for the whole
 * process. */
static int process_default_sigpipe(lua_State *L) {
  (void)L;
  signal(SIGPIPE, SIG_DFL);
  return 0;
}

typedef struct job {
  const char *code;
  const char *argument;
  int number;
  char message[MESSAGE_BYTES]; /* what it raised, or "" */
} job;

static int open_protected(lua_State *L) {
  open_modules(L);
  return 0;
}

static int load_job(lua_State *L, const job *of) {
  lua_pushcfunction(L, open_protected);
  int status = lua_pcall(L, 0, 0, 0);
  return status == 0 ? luaL_loadbuffer(L, of->code, strlen(of->code), "=state") : status;
}

/* In a state of its own, which it then closes. */
static void *run_job(void *user) {
  job *of = user;
  lua_State *L = luaL_newstate();
  CHECK(L);
  int status = load_job(L, of);
  if (status == 0) {
    lua_pushstring(L, of->argument);
    lua_pushinteger(L, of->number);
    status = lua_pcall(L, 2, 0, 0);
  }
  const char *message = status == 0 ? "" : lua_tostring(L, -1);
  snprintf(of->message, sizeof of->message, "%s", message ? message : "(no message)");
  lua_close(L);
  return NULL;
}

static int push_messages(lua_State *L, const job *jobs, int count) {
  lua_newtable(L);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, jobs[i].message);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/*
 * process.threads(count, code, argument) runs `code` in `count` states, each in a thread of its
 * own; it is given the argument and a number from 1. -> what each raised, "" for nothing.
 */
static int process_threads(lua_State *L) {
  int count = (int)luaL_checkinteger(L, 1);
  pthread_t threads[MAX_THREADS];
  job jobs[MAX_THREADS];
  luaL_argcheck(L, count >= 1 && count <= MAX_THREADS, 1, "too many");
  for (int i = 0; i < count; i++) {
    jobs[i] =
        (job){.code = luaL_checkstring(L, 2), .argument = luaL_checkstring(L, 3), .number = i + 1};
    CHECK(pthread_create(&threads[i], NULL, run_job, &jobs[i]) == 0);
  }
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  return push_messages(L, jobs, count);
}

/* process.state(code, argument): the same once, in this thread. -> what it raised, "" for nothing.
 */
static int process_state(lua_State *L) {
  job one = {.code = luaL_checkstring(L, 1), .argument = luaL_checkstring(L, 2), .number = 1};
  run_job(&one);
  lua_pushstring(L, one.message);
  return 1;
}

static void open_process(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"fork", process_fork},
      {"wait", process_wait},
      {"close_from", process_close_from},
      {"limit_files", process_limit_files},
      {"interrupt", process_interrupt},
      {"interruptions", process_interruptions},
      {"default_sigpipe", process_default_sigpipe},
      {"threads", process_threads},
      {"state", process_state},
      {NULL, NULL},
  };
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_setglobal(L, "process");
}

static int push_arguments(lua_State *L, int argc, char **argv) {
  for (int i = 2; i < argc; i++)
    lua_pushstring(L, argv[i]);
  return argc - 2;
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  CHECK(L && argc >= 2);
  open_modules(L);
  open_process(L);
  int status = luaL_loadfile(L, argv[1]);
  if (status == 0)
    status = lua_pcall(L, push_arguments(L, argc, argv), 0, 0);
  const char *message = status == 0 ? NULL : lua_tostring(L, -1);
  if (status != 0)
    fprintf(stderr, "%s\n", message ? message : "(no message)");
  lua_close(L);
  return status == 0 ? 0 : 1;
}
