/* Plain poll(2), which other platforms use, tried on this one. */
#define DT_POLLER_USE_POLL 1
#include "../../csrc/dt_poller.c"

#include "poller_cases.h"

int main(void) {
  test_poller();
  return 0;
}
