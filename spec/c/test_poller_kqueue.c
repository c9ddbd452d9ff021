/* kqueue, which the BSDs and macOS have: there the system's own, on Linux an imitation. */
#define DT_POLLER_USE_KQUEUE 1
#include "../../csrc/dt_poller.c"

#include "poller_cases.h"

int main(void) {
  test_poller();
  return 0;
}
