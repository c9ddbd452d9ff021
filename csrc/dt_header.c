#include "dt_header.h"

#include "dt_limits.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_WAIT = 63 }; /* bytes of a Retry-After value */

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

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* -1 when it is no number of up to four digits. */
static int read_number(const char *text, size_t length) {
  int number = 0;
  if (length == 0 || length > 4)
    return -1;
  for (size_t i = 0; i < length; i++) {
    if (!is_digit(text[i]))
      return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

typedef struct http_date {
  int day, month, year; /* 0 until read */
  int seconds;          /* of the day; -1 until read */
} http_date;

/* Which of the three-letter names it is, from 1; 0 for none. */
static int position_of(const char *names, const char *text, size_t length) {
  for (int i = 0; length >= 3 && names[3 * i]; i++)
    if (strncasecmp(names + 3 * i, text, 3) == 0)
      return i + 1;
  return 0;
}

static bool read_name(http_date *date, const char *text, size_t length) {
  int month = length == 3 ? position_of("JanFebMarAprMayJunJulAugSepOctNovDec", text, length) : 0;
  if (month)
    date->month = month;
  return month || position_of("MonTueWedThuFriSatSunGMTUTC", text, length);
}

static bool read_time(http_date *date, const char *text, size_t length) {
  if (length != 8 || text[5] != ':')
    return false;
  int hours = read_number(text, 2);
  int minutes = read_number(text + 3, 2);
  int seconds = read_number(text + 6, 2);
  date->seconds = hours * 3600 + minutes * 60 + seconds;
  return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds <= 60;
}

static bool read_day_or_year(http_date *date, const char *text, size_t length) {
  int number = read_number(text, length);
  if (!date->day) {
    date->day = number;
    return number >= 1 && number <= 31;
  }
  date->year = length > 2 ? number : number < 70 ? 2000 + number : 1900 + number;
  return number >= 0 && (length == 2 || length == 4);
}

static bool read_part(http_date *date, const char *text, size_t length) {
  if (!is_digit(text[0]))
    return read_name(date, text, length);
  if (length > 2 && text[2] == ':')
    return read_time(date, text, length);
  return read_day_or_year(date, text, length);
}

/* In the Gregorian calendar; a year begins with March, so that a leap day is its last. */
static double days_since_1970(int year, int month, int day) {
  month = (month + 9) % 12;
  year -= month / 10;
  return 365.0 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 719469;
}

/* All three forms have the same parts: a name of a day, day, name of a month, year and time. */
double dt_header_date(const char *value, size_t length) {
  http_date date = {.seconds = -1};
  for (size_t start = 0; start < length;) {
    size_t end = start;
    while (end < length && !memchr(" ,-", value[end], 3))
      end++;
    if (end > start && !read_part(&date, value + start, end - start))
      return -1;
    start = end + 1;
  }
  if (!date.day || !date.month || !date.year || date.seconds < 0)
    return -1;
  return days_since_1970(date.year, date.month, date.day) * 86400 + date.seconds;
}

static double clamp(double seconds) {
  if (seconds < 0)
    return 0;
  return seconds > DT_MAX_RETRY_AFTER_SECONDS ? DT_MAX_RETRY_AFTER_SECONDS : seconds;
}

double dt_header_retry_after(const char *value, size_t length, double now) {
  double seconds = 0;
  size_t digits = 0;
  if (length == 0 || length > LONGEST_WAIT)
    return -1;
  for (; digits < length && is_digit(value[digits]); digits++)
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
