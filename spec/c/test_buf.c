#include "check.h"

#include "dt_buf.h"

#include <stdint.h>
#include <string.h>

static void grows_to_its_limit_and_no_further(void) {
  static const size_t limits[] = {1, 2, 255, 256, 257, 1000, 65536, 100000};
  for (size_t row = 0; row < LENGTH(limits); row++) {
    dt_buf buf;
    dt_buf_init(&buf, limits[row]);
    for (size_t i = 0; i < limits[row]; i++)
      CHECK_ROW(row, dt_buf_append(&buf, &"0123456789abcdef"[i % 16], 1));
    CHECK_ROW(row, buf.length == limits[row] && buf.capacity <= limits[row]);
    for (size_t i = 0; i < limits[row]; i++)
      CHECK_ROW(row, buf.data[i] == "0123456789abcdef"[i % 16]);
    CHECK_ROW(row, !dt_buf_append(&buf, "x", 1));
    CHECK_ROW(row, buf.state == DT_BUF_FULL && !buf.data && buf.length == 0 && buf.capacity == 0);
    dt_buf_free(&buf);
  }
}

static void takes_all_at_once(void) {
  static char block[100000];
  dt_buf buf;
  dt_buf_init(&buf, sizeof block);
  CHECK(dt_buf_append(&buf, block, sizeof block));
  CHECK(buf.length == sizeof block);
  dt_buf_free(&buf);
}

static void failure_sticks_until_freed(void) {
  dt_buf buf;
  dt_buf_init(&buf, 4);
  CHECK(!dt_buf_append(&buf, "12345", 5));
  CHECK(!dt_buf_append(&buf, "1", 1));
  CHECK(!dt_buf_reserve(&buf, 0));
  CHECK(buf.state == DT_BUF_FULL && buf.limit == 4);
  dt_buf_free(&buf);
  CHECK(dt_buf_append(&buf, "1234", 4) && buf.state == DT_BUF_OK);
  CHECK(!dt_buf_append(&buf, "5", 1));
  dt_buf_clear(&buf, 4);
  CHECK(dt_buf_append(&buf, "1", 1) && buf.length == 1);
  dt_buf_free(&buf);
}

static void sizes_do_not_wrap(void) {
  dt_buf buf;
  dt_buf_init(&buf, 1000);
  CHECK(dt_buf_append(&buf, "12", 2));
  CHECK(!dt_buf_reserve(&buf, SIZE_MAX));
  CHECK(buf.state == DT_BUF_FULL);
  dt_buf_free(&buf);
  CHECK(dt_buf_append(&buf, "12", 2));
  CHECK(!dt_buf_reserve(&buf, SIZE_MAX - 1));
  dt_buf_free(&buf);
}

/* Volatile, or link-time optimization removes a realloc whose memory nobody uses. */
static void memory_that_is_not_there(void) {
  dt_buf storage;
  dt_buf *volatile buf = &storage;
  dt_buf_init(buf, PTRDIFF_MAX);
  CHECK(dt_buf_append(buf, "12", 2));
  /* A sanitizer's realloc ends the program instead. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(!dt_buf_reserve(buf, PTRDIFF_MAX / 2));
  CHECK(buf->state == DT_BUF_NO_MEMORY && !buf->data);
#endif
  dt_buf_free(buf);
}

static void clear_keeps_small_storage(void) {
  dt_buf buf;
  dt_buf_init(&buf, 10000);
  CHECK(dt_buf_append(&buf, "abc", 3));
  char *data = buf.data;
  dt_buf_clear(&buf, 256);
  CHECK(buf.length == 0 && buf.data == data);
  dt_buf_clear(&buf, 255);
  CHECK(buf.length == 0 && !buf.data && buf.capacity == 0 && buf.limit == 10000);
  CHECK(dt_buf_append(&buf, "abc", 3) && memcmp(buf.data, "abc", 3) == 0);
  dt_buf_free(&buf);
}

static void nothing_is_nothing(void) {
  dt_buf buf;
  dt_buf_init(&buf, 10);
  CHECK(dt_buf_append(&buf, "a", 1));
  CHECK(dt_buf_append(&buf, NULL, 0));
  CHECK(buf.length == 1);
  char *room = dt_buf_reserve(&buf, 9);
  CHECK(room == buf.data + 1);
  dt_buf_free(&buf);
  dt_buf_free(&buf);
}

int main(void) {
  grows_to_its_limit_and_no_further();
  takes_all_at_once();
  failure_sticks_until_freed();
  sizes_do_not_wrap();
  memory_that_is_not_there();
  clear_keeps_small_storage();
  nothing_is_nothing();
  return 0;
}
