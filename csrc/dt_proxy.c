#include "dt_proxy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Those that libcurl reads. */
static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};

enum { VARIABLES = sizeof variables / sizeof *variables };

bool dt_proxy_is_named(const char *configured) {
  if (configured)
    return *configured != '\0';
  for (size_t i = 0; i < VARIABLES; i++) {
    const char *value = getenv(variables[i]);
    if (value && *value)
      return true;
  }
  return false;
}

static bool has_part(const char *text, const char *part, size_t length) {
  for (; *text; text++)
    if (strncmp(text, part, length) == 0)
      return true;
  return false;
}

/* A parser that stumbles over a password quotes what it took for another part of the URL, so each
   piece of it counts that has a length by which it is known. */
enum { PIECE_BYTES = 3 };

#define DELIMITERS ":@/?#[]"

static bool shows(const char *proxy, const char *text) {
  const char *scheme = strstr(proxy, "://");
  const char *begin = scheme ? scheme + 3 : proxy;
  const char *end = strrchr(begin, '@');
  if (!end)
    return false;
  const char *colon = memchr(begin, ':', (size_t)(end - begin));
  if (colon && end > colon + 1 && end - colon - 1 < PIECE_BYTES)
    return has_part(text, colon, (size_t)(end + 1 - colon));
  while (begin < end) {
    size_t length = strcspn(begin, DELIMITERS);
    if (length >= PIECE_BYTES && has_part(text, begin, length))
      return true;
    begin += length + 1;
  }
  return false;
}

bool dt_proxy_is_betrayed(const char *configured, const char *text) {
  if (configured)
    return shows(configured, text);
  for (size_t i = 0; i < VARIABLES; i++) {
    const char *value = getenv(variables[i]);
    if (value && shows(value, text))
      return true;
  }
  return false;
}
