/*
 * A libcurl that lies: preloaded, it makes the real one look like another version. What it says
 * stands in the environment variable LYING_CURL, words with blanks between:
 *   version=8.21.0      what it says its version is
 *   refuse=10065        an easy option that it does not know, by number; may be repeated
 *   refuse_multi=21     the same of a multi handle, without CURLOPTTYPE
 *   no_http2            built without HTTP/2
 *   no_asynchdns        looks names up in the calling thread
 *   request_size=0      CURLINFO_REQUEST_SIZE stays 0, as over HTTP/2 from 8.2 to 8.6
 *   code=18:56          reports one code of a transfer's end as another; may be repeated
 *   cainfo=FILE capath=DIRECTORY   the built-in authorities
 *   no_timerfd          of the system rather than of libcurl: there is none
 *   adds                authorities that are not set are the built-in ones, as from 8.17 to 8.22
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

enum { WORD_BYTES = 512 };

/* The word after `name`, or NULL; `nth` counts those of the same name from 0. */
static const char *lie(const char *name, int nth, char *word) {
  const char *lies = getenv("LYING_CURL");
  size_t length = strlen(name);
  while (lies && *lies) {
    size_t size = strcspn(lies, " ");
    if (size >= length && strncmp(lies, name, length) == 0 && nth-- == 0 &&
        size - length < WORD_BYTES) {
      memcpy(word, lies + length, size - length);
      word[size - length] = '\0';
      return word;
    }
    lies += size + strspn(lies + size, " ");
  }
  return NULL;
}

static bool says(const char *name) {
  char word[WORD_BYTES];
  return lie(name, 0, word) && !*word;
}

static bool is_listed(const char *name, long number) {
  char word[WORD_BYTES];
  for (int i = 0; lie(name, i, word); i++)
    if (atol(word) == number)
      return true;
  return false;
}

/* ISO C has no way from an object pointer to a function. */
typedef union symbol {
  void *found;
  CURL *(*easy_init)(void);
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
  CURLMsg *(*info_read)(CURLM *, int *);
  curl_version_info_data *(*version_info)(CURLversion);
} symbol;

/* By the library's name: it may come into the process later than this one, as Lua's module does. */
static symbol real(const char *name) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW);
  return (symbol){.found = dlsym(library, name)};
}

static CURLcode set_built_in(CURL *easy, CURLoption option, const char *name) {
  char word[WORD_BYTES];
  return real("curl_easy_setopt").easy_setopt(easy, option, lie(name, 0, word));
}

CURL *curl_easy_init(void) {
  CURL *easy = real("curl_easy_init").easy_init();
  char word[WORD_BYTES];
  if (easy && lie("cainfo=", 0, word))
    set_built_in(easy, CURLOPT_CAINFO, "cainfo=");
  if (easy && lie("capath=", 0, word))
    set_built_in(easy, CURLOPT_CAPATH, "capath=");
  return easy;
}

/* The value is passed on as a pointer: the calling conventions we run on make no difference. */
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...) {
  va_list list;
  va_start(list, option);
  void *value = va_arg(list, void *);
  va_end(list);
  if (is_listed("refuse=", option))
    return CURLE_UNKNOWN_OPTION;
  if (option == CURLOPT_HTTP_VERSION && says("no_http2"))
    return CURLE_UNSUPPORTED_PROTOCOL;
  if (!value && option == CURLOPT_CAINFO && says("adds"))
    return set_built_in(easy, option, "cainfo=");
  if (!value && option == CURLOPT_CAPATH && says("adds"))
    return set_built_in(easy, option, "capath=");
  return real("curl_easy_setopt").easy_setopt(easy, option, value);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...) {
  va_list list;
  va_start(list, option);
  void *value = va_arg(list, void *);
  va_end(list);
  if (is_listed("refuse_multi=", (long)option % 10000))
    return CURLM_UNKNOWN_OPTION;
  return real("curl_multi_setopt").multi_setopt(multi, option, value);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...) {
  va_list list;
  va_start(list, info);
  void *value = va_arg(list, void *);
  va_end(list);
  CURLcode code = real("curl_easy_getinfo").easy_getinfo(easy, info, value);
  if (info == CURLINFO_REQUEST_SIZE && says("request_size=0"))
    *(long *)value = 0;
  return code;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left) {
  char word[WORD_BYTES];
  CURLMsg *message = real("curl_multi_info_read").info_read(multi, left);
  for (int i = 0; message && lie("code=", i, word); i++) {
    const char *other = strchr(word, ':');
    if (other && atoi(word) == (int)message->data.result) {
      message->data.result = (CURLcode)atoi(other + 1);
      break;
    }
  }
  return message;
}

#ifdef __linux__
#include <errno.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_create(int clock, int flags) {
  if (!says("no_timerfd"))
    return (int)syscall(SYS_timerfd_create, clock, flags);
  errno = ENOSYS;
  return -1;
}
#endif

static void lie_about_version(curl_version_info_data *info) {
  static char version[WORD_BYTES];
  unsigned major = 0, minor = 0, patch = 0;
  if (!lie("version=", 0, version) || sscanf(version, "%u.%u.%u", &major, &minor, &patch) != 3)
    return;
  info->version = version;
  info->version_num = major << 16 | minor << 8 | patch;
}

curl_version_info_data *curl_version_info(CURLversion age) {
  static curl_version_info_data info;
  static char cainfo[WORD_BYTES];
  static char capath[WORD_BYTES];
  info = *real("curl_version_info").version_info(age);
  lie_about_version(&info);
  if (says("no_http2"))
    info.features &= ~CURL_VERSION_HTTP2;
  if (says("no_asynchdns"))
    info.features &= ~CURL_VERSION_ASYNCHDNS;
  if (lie("cainfo=", 0, cainfo))
    info.cainfo = cainfo;
  if (lie("capath=", 0, capath))
    info.capath = capath;
  return &info;
}
