#include "check.h"

#include "dt_proxy.h"

#include <stdlib.h>

static void whether_one_is_named(void) {
  CHECK(!dt_proxy_is_named(NULL) && !dt_proxy_is_named("") && dt_proxy_is_named("host:1"));
  setenv("https_proxy", "", 1);
  CHECK(!dt_proxy_is_named(NULL));
  setenv("https_proxy", "host:1", 1);
  CHECK(dt_proxy_is_named(NULL) && !dt_proxy_is_named(""));
  unsetenv("https_proxy");
}

static void what_betrays_its_password(void) {
  static const struct {
    const char *proxy;
    const char *text;
    bool expected;
  } rows[] = {
      {"alice:s3cret@host:1", "cannot reach host", false},
      {"alice:s3cret@host:1", "Unsupported proxy syntax in 'alice:s3cret@host:1'", true},
      {"http://alice:s3cret@host:1", "s3cret@host", true},
      {"http://alice:p@ss@host:1", "Could not resolve proxy: ss@host",
       false}, /* too short to know */
      {"http://alice:pass@word@host:1", "Could not resolve proxy: word@host", true},
      {"http://alice:pa/ssword@host:1", "bad: ssword", true},
      {"http://alice@host:1", "who is alice", true},
      {"http://a:xy@host:1", "in 'a:xy@host'", true},
      {"http://a:xy@host:1", "a text with xy in it", false},
      {"http://host:1", "cannot reach host:1", false},
      {"http://al:@host:1", "cannot reach host", false},
      {"", "", false},
  };
  for (size_t i = 0; i < LENGTH(rows); i++)
    CHECK_ROW(i, dt_proxy_is_betrayed(rows[i].proxy, rows[i].text) == rows[i].expected);
  setenv("ALL_PROXY", "http://alice:s3cret@host:1", 1);
  CHECK(dt_proxy_is_betrayed(NULL, "s3cret") && !dt_proxy_is_betrayed("host:1", "s3cret"));
}

int main(void) {
  static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY"};
  for (size_t i = 0; i < LENGTH(names); i++)
    unsetenv(names[i]);
  whether_one_is_named();
  what_betrays_its_password();
  return 0;
}
