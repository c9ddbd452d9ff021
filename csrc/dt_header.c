#include "dt_header.h"

#include "dt_limits.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value after "name:" when `line` is that header, else NULL. */
static const char *value_of(const char *line, const char *end, const char *name, size_t name_length,
                            size_t *length) {
  if ((size_t)(end - line) <= name_length || line[name_length] != ':' ||
      strncasecmp(line, name, name_length) != 0)
    return NULL;
  line += name_length + 1;
  while (line < end && is_blank(*line))
    line++;
  while (end > line && is_blank(end[-1]))
    end--;
  *length = (size_t)(end - line);
  return line;
}

const char *dt_header_find(const char *block, size_t length, const char *name,
                           size_t *value_length) {
  const char *end = block + length;
  size_t name_length = strlen(name);
  for (const char *line = block; line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop)
      stop = end;
    const char *value = value_of(line, stop, name, name_length, value_length);
    if (value)
      return value;
    line = stop + 1;
  }
  return NULL;
}

static double clamp(double seconds) {
  if (seconds < 0)
    return 0;
  return seconds > DT_MAX_RETRY_AFTER_SECONDS ? DT_MAX_RETRY_AFTER_SECONDS : seconds;
}

/* A date of HTTP, or -1. curl_getdate reads "-5" or "3.5" as something; a date starts with a
 * letter. */
static time_t date_of(const char *value, size_t length) {
  char text[64];
  if (length == 0 || length >= sizeof text || (value[0] | 0x20) < 'a' || (value[0] | 0x20) > 'z')
    return -1;
  memcpy(text, value, length);
  text[length] = '\0';
  return curl_getdate(text, NULL);
}

double dt_header_retry_after(const char *value, size_t length, time_t now) {
  double seconds = 0;
  size_t digits = 0;
  if (length == 0 || length >= 64)
    return -1;
  for (; digits < length && value[digits] >= '0' && value[digits] <= '9'; digits++)
    seconds = seconds * 10 + (value[digits] - '0');
  if (digits == length)
    return clamp(seconds);
  time_t date = date_of(value, length);
  return date == (time_t)-1 ? -1 : clamp(difftime(date, now));
}

double dt_header_wait(const char *block, size_t length, time_t now) {
  size_t value_length = 0;
  const char *value = dt_header_find(block, length, "date", &value_length);
  time_t date = value ? date_of(value, value_length) : (time_t)-1;
  value = dt_header_find(block, length, "retry-after", &value_length);
  if (!value)
    return -1;
  return dt_header_retry_after(value, value_length, date == (time_t)-1 ? now : date);
}
