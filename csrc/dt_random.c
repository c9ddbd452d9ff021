#include "dt_random.h"

#include "dt_inline.h"

#include <stdint.h>
#include <string.h>

#if defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__)

#include <stdlib.h>

bool dt_random_bytes(void *out, size_t length) {
  arc4random_buf(out, length); /* cannot fail */
  return true;
}

#else

#include <sys/random.h>
#include <unistd.h>

bool dt_random_bytes(void *out, size_t length) {
  return getentropy(out, length) == 0;
}

#endif

/* Eight hex digits, one a byte. Their order depends on the machine's, which does not matter for
   random bits. */
static uint64_t hex_of(uint32_t bits) {
  uint64_t digits = bits;
  digits = (digits | digits << 16) & UINT64_C(0x0000FFFF0000FFFF);
  digits = (digits | digits << 8) & UINT64_C(0x00FF00FF00FF00FF);
  digits = (digits | digits << 4) & DT_EACH_BYTE(0x0F);
  uint64_t letters = ((digits + DT_EACH_BYTE(6)) >> 4) & DT_EACH_BYTE(1);
  return digits + DT_EACH_BYTE('0') + letters * ('a' - '0' - 10);
}

bool dt_random_uuid(char out[DT_UUID_BYTES]) {
  uint32_t bits[5];
  uint64_t digits[4];
  if (!dt_random_bytes(bits, sizeof bits))
    return false;
  for (unsigned i = 0; i < 4; i++)
    digits[i] = hex_of(bits[i]);
  const char *hex = (const char *)digits;
  memcpy(out, hex, 8);
  memcpy(out + 9, hex + 8, 4);
  memcpy(out + 14, hex + 12, 4);
  memcpy(out + 19, hex + 16, 4);
  memcpy(out + 24, hex + 20, 12);
  out[8] = out[13] = out[18] = out[23] = '-';
  out[14] = '4';
  out[19] = "89ab"[bits[4] & 3];
  return true;
}

bool dt_random_unit(double *out) {
  uint64_t bits;
  if (!dt_random_bytes(&bits, sizeof bits))
    return false;
  *out = (double)(bits >> 11) * 0x1.0p-53;
  return true;
}
