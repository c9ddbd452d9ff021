#include "dt_random.h"

#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

/* getentropy gives up to 256 bytes at once, never fewer, and is on Linux, the BSDs and macOS. */
bool dt_random_uuid(char out[DT_UUID_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[16];
  if (getentropy(bytes, sizeof bytes) != 0)
    return false;
  bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
  bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
  for (unsigned i = 0; i < sizeof bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      *out++ = '-';
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  return true;
}

bool dt_random_unit(double *out) {
  uint64_t bits;
  if (getentropy(&bits, sizeof bits) != 0)
    return false;
  *out = (double)(bits >> 11) * 0x1.0p-53;
  return true;
}
