#include "dt_header.h"

#include "dt_limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_VALUE_BYTES = 63 }; /* of a date or a number of seconds */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value after "name:" if `line` is that header, else NULL. */
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
  if (!length) /* `block` may be NULL */
    return NULL;
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

typedef struct http_date {
  char month[4];
  int day, year, hours, minutes, seconds;
} http_date;

/* RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
   "Sun Nov  6 08:49:37 1994". */
static bool read_date(const char *text, http_date *d) {
  /* NOLINTBEGIN(cert-err34-c): no number has more than four digits */
  int end = 0;
  int count = sscanf(text, "%*9[A-Za-z], %2d%*1[ -]%3[A-Za-z]%*1[ -]%4d %2d:%2d:%2d GMT%n", &d->day,
                     d->month, &d->year, &d->hours, &d->minutes, &d->seconds, &end);
  if (count == 6 && end)
    return text[end] == '\0';
  count = sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", d->month, &d->day, &d->hours,
                 &d->minutes, &d->seconds, &d->year, &end);
  /* NOLINTEND(cert-err34-c) */
  return count == 6 && text[end] == '\0';
}

/* From 1; 0 when it is none. */
static int month_of(const char *name) {
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (int i = 1; i <= 12; i++)
    if (strlen(name) == 3 && strncasecmp(&names[(size_t)i * 3 - 3], name, 3) == 0)
      return i;
  return 0;
}

static bool is_between(int number, int least, int most) {
  return number >= least && number <= most;
}

/* In the Gregorian calendar; a year begins with March here, so that a leap day is its last. */
static int64_t days_since_1970(int year, int month, int day) {
  month = (month + 9) % 12;
  year -= month / 10;
  return INT64_C(365) * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day -
         719469;
}

double dt_header_date(const char *value, size_t length) {
  char text[MAX_VALUE_BYTES + 1];
  http_date d = {.day = 0};
  if (length == 0 || length > MAX_VALUE_BYTES)
    return -1;
  memcpy(text, value, length);
  text[length] = '\0';
  if (!read_date(text, &d) || !month_of(d.month) || !is_between(d.day, 1, 31) ||
      !is_between(d.year, 0, 9999) || !is_between(d.hours, 0, 23) ||
      !is_between(d.minutes, 0, 59) || !is_between(d.seconds, 0, 60))
    return -1;
  if (d.year < 100)
    d.year += d.year < 70 ? 2000 : 1900;
  int64_t hours = 24 * days_since_1970(d.year, month_of(d.month), d.day) + d.hours;
  return (double)((hours * 60 + d.minutes) * 60 + d.seconds);
}

static double clamp(double seconds) {
  if (seconds < 0)
    return 0;
  return seconds > DT_MAX_RETRY_AFTER_SECONDS ? DT_MAX_RETRY_AFTER_SECONDS : seconds;
}

double dt_header_retry_after(const char *value, size_t length, double now) {
  double seconds = 0;
  size_t digits = 0;
  if (length == 0 || length > MAX_VALUE_BYTES)
    return -1;
  for (; digits < length && value[digits] >= '0' && value[digits] <= '9'; digits++)
    seconds = seconds * 10 + (value[digits] - '0');
  if (digits)
    return digits == length ? clamp(seconds) : -1;
  double date = dt_header_date(value, length);
  return date < 0 ? -1 : clamp(date - now);
}

double dt_header_wait(const char *block, size_t length, double now) {
  size_t value_length = 0;
  const char *value = dt_header_find(block, length, "date", &value_length);
  double date = value ? dt_header_date(value, value_length) : -1;
  value = dt_header_find(block, length, "retry-after", &value_length);
  if (!value)
    return -1;
  return dt_header_retry_after(value, value_length, date < 0 ? now : date);
}
