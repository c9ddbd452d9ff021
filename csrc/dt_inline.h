/* What the compiler is told about functions where instructions count. */
#ifndef DT_INLINE_H
#define DT_INLINE_H

#include <stdint.h>

#if defined(__GNUC__)
#define DT_INLINE \
  inline __attribute__((always_inline))         /* a part of what is done for each attendee */
#define DT_RARE __attribute__((cold, noinline)) /* keeps such code out of the way */
#define DT_APART __attribute__((noinline))      /* a loop that needs all registers */
#define DT_LIKELY(condition) __builtin_expect(!!(condition), 1)
#else
#define DT_INLINE inline
#define DT_RARE
#define DT_APART
#define DT_LIKELY(condition) (condition)
#endif

/* Eight bytes of one value, a uint64_t. */
#define DT_EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

#endif
