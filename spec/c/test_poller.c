#include "poller_cases.h"

int main(void) {
  test_poller();
  return 0;
}
