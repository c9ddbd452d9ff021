/* Finding a header, against a slow search; and Retry-After. Input: a byte that chooses the name,
   eight of the clock, then the header block. */
#include "fuzz_support.h"

#include "dt_header.h"
#include "dt_limits.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_named(const char *line, size_t length, const char *name) {
  size_t i = 0;
  for (; name[i]; i++)
    if (i >= length || tolower((unsigned char)line[i]) != tolower((unsigned char)name[i]))
      return false;
  return i < length && line[i] == ':';
}

/* Cuts the block into lines one byte at a time. Returns the offset of the value, or -1. */
static long slow_find(const char *block, size_t length, const char *name, size_t *value_length) {
  size_t start = 0;
  for (size_t i = 0; i <= length; i++) {
    if (i < length && block[i] != '\n')
      continue;
    size_t end = i;
    if (is_named(block + start, end - start, name)) {
      start += strlen(name) + 1;
      while (start < end && is_blank(block[start]))
        start++;
      while (end > start && is_blank(block[end - 1]))
        end--;
      *value_length = end - start;
      return (long)start;
    }
    start = i + 1;
  }
  return -1;
}

/* Digits are exact; a date lies between now and the limit; nothing else is read as a wait. */
static void check_retry_after(const char *value, size_t length, double now) {
  char *copy = malloc(length ? length : 1);
  CHECK(copy);
  memcpy(copy, value, length);
  double seconds = dt_header_retry_after(copy, length, now);
  CHECK(seconds == -1 || (seconds >= 0 && seconds <= DT_MAX_RETRY_AFTER_SECONDS));
  bool digits = length > 0 && length < 64;
  double expected = 0;
  for (size_t i = 0; i < length; i++) {
    digits = digits && copy[i] >= '0' && copy[i] <= '9';
    if (digits && expected < 1e9)
      expected = expected * 10 + (copy[i] - '0');
  }
  if (digits)
    CHECK(seconds ==
          (expected > DT_MAX_RETRY_AFTER_SECONDS ? DT_MAX_RETRY_AFTER_SECONDS : expected));
  else if (length == 0 || length >= 64 || !isalpha((unsigned char)copy[0]))
    CHECK(seconds == -1);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"retry-after", "x-acs-request-id", "a", "Retry-After"};
  input in = {data, size};
  const char *name = names[next_byte(&in) % 4];
  int64_t now = 0;
  for (int i = 0; i < 5; i++)
    now = now << 8 | next_byte(&in);
  size_t length;
  const char *bytes = next_bytes(&in, in.left, &length);
  char *block = malloc(length ? length : 1);
  CHECK(block);
  memcpy(block, bytes, length);
  size_t fast_length = 0;
  size_t slow_length = 0;
  const char *fast = dt_header_find(block, length, name, &fast_length);
  long slow = slow_find(block, length, name, &slow_length);
  CHECK(fast ? slow == fast - block && fast_length == slow_length : slow == -1);
  if (fast)
    check_retry_after(fast, fast_length, (double)now);
  check_retry_after(block, length, (double)now);
  free(block);
  return 0;
}
